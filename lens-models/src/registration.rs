//! Registration: how the pixels of a further band or exposure lie on the sky of the first.

use crate::mass::Formula;
use crate::number::{Complex, Real, Scalar, complex};
use crate::parameter::{ParameterKind, ProfileParameter};
use crate::pointwise::Partials;

const OFFSET: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 0.05 } }"#,
};
const ROTATION: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 0.01 } }"#,
};

/// Where the pixels of an image are: a pixel at p = x + iy arcsec from the centre of its own image looks at
/// offset + e^(i rotation) p.
///
/// The offset is lenstronomy's `ra_shift` and `dec_shift`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Registration {
    /// Where the centre of the image is, x and y in arcsec.
    pub offset: [f64; 2],
    /// How far its rows are turned, radians, counter-clockwise.
    pub rotation: f64,
}

impl Registration {
    /// `offset_x`, `offset_y` and `rotation`, as a system may fix or sample them.
    pub const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new("offset_x", OFFSET, "arcsec", r"\Delta x", "Where the centre of the image is, x."),
        ProfileParameter::new("offset_y", OFFSET, "arcsec", r"\Delta y", "Where the centre of the image is, y."),
        ProfileParameter::new("rotation", ROTATION, "rad", r"\Delta\phi", "Turn of the image, counter-clockwise."),
    ];

    /// From the numbers of its parameters, in order.
    pub fn of([x, y, rotation]: [f64; 3]) -> Self {
        Registration { offset: [x, y], rotation }
    }

    /// Where a position of the image is.
    pub fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let [dx, dy] = self.offset;
        if self.rotation == 0.0 {
            return (x + dx, y + dy);
        }
        let (sin, cos) = self.rotation.sin_cos();
        (dx + cos * x - sin * y, dy + sin * x + cos * y)
    }
}

/// The registration on the tape, as the deflection that takes a position of the image to its place: alpha = p - (offset + e^(i rotation) p), so
/// that rays bent by it are where the pixels look. It is no lens: a rotation has no potential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered;

crate::mass_profile!(Registered);

impl Formula<3> for Registered {
    const NAME: &'static str = "registration";
    const PARAMETERS: &'static [ProfileParameter] = Registration::PARAMETERS;
    /// The offset, 1 - cos and sin of the rotation.
    type Lens<S: Scalar> = [S; 4];

    fn lens<S: Scalar>(&[x, y, rotation]: &[f64; 3]) -> [S; 4] {
        // 1 - cos without its cancellation.
        [x, y, 2.0 * (0.5 * rotation).sin().powi(2), rotation.sin()].map(S::from_f64)
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &[R::Scalar; 4], p: Complex<R>) -> Complex<R> {
        let [x, y, versine, sin] = lens.map(R::broadcast);
        p.scale(versine) - p.times_i().scale(sin) - complex(x, y)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &[R::Scalar; 4], p: Complex<R>, g: Complex<R>) -> Partials<R, 3> {
        let [_, _, versine, sin] = lens.map(R::broadcast);
        // d alpha / d rotation = -i e^(i rotation) p.
        let turned = p.scale(sin) - p.times_i().scale(R::constant(1.0) - versine);
        Partials { params: [-g.re, -g.im, g.dot(turned)], position: g.scale(versine) + g.times_i().scale(sin) }
    }

    fn potential(_: &[f64; 4], _: Complex<f64>) -> f64 {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Grid, Window};
    use crate::op::{Deflector, trace_rays};
    use ppl_core::Var;
    use ppl_core::autodiff::{Dims, Shape, Value, check};
    use std::sync::Arc;

    fn grid() -> Grid {
        Grid::windowed(40, 30, 0.1, 2, Window { x0: 5, y0: 3, width: 20, height: 12 }).unwrap()
    }

    #[test]
    fn rays_bent_by_it_are_where_a_grid_that_is_registered_looks() {
        for numbers in [[0.0, 0.0, 0.0], [0.03, -0.07, 0.0], [-0.2, 0.1, 0.4]] {
            let rays = trace_rays(&Arc::new(grid()), &[Deflector::new(&Registered, numbers).unwrap()]).unwrap();
            let moved = grid().registered(Registration::of(numbers));
            let expected: Vec<f32> = moved.x().iter().chain(moved.y()).copied().collect();
            // Positions of two arcsec in f32, rounded a few times.
            assert!(rays.lane(0).iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{numbers:?}");
            let (x, y) = moved.position(7, 9);
            let (x0, y0) = grid().position(7, 9);
            assert_eq!((x, y), Registration::of(numbers).place(x0, y0));
        }
    }

    #[test]
    fn a_quarter_turn_is_counter_clockwise() {
        let turned = Registration::of([1.0, 0.0, std::f64::consts::FRAC_PI_2]).place(2.0, 0.0);
        assert!((turned.0 - 1.0).abs() < 1e-15 && (turned.1 - 2.0).abs() < 1e-15, "{turned:?}");
    }

    #[test]
    fn its_vjp_is_right_in_every_lane() {
        let rows = [[0.03, -0.02, 0.3], [-0.1, 0.2, -0.5]];
        let inputs: Vec<Value> =
            (0..3).map(|i| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec())).collect();
        let grid = Arc::new(grid());
        let rays = |v: &[Value]| {
            let deflector = Deflector::new(&Registered, v.iter().cloned().map(Var::from_value)).unwrap();
            trace_rays(&grid, &[deflector]).unwrap().as_value().clone()
        };
        // f32 positions over a step of 1e-2, and the curvature of the rotation.
        check::function(rays, &inputs, 1e-2, 1e-3);
    }
}
