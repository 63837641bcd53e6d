//! Images of a point source on the tape: where the lens equation has them, and by the implicit function theorem how they move.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Result, Var};

use super::deflector::{Deflector, add_scalars, scalars};
use crate::mass::MassSum;
use crate::plane::{Lens, image_near};

/// Images nearer than this to each other are one that was found twice, arcsec.
pub(super) const SAME: f64 = 1e-7;

/// Images of one point source.
pub struct PointImages {
    /// Where they are, arcsec.
    pub x: Var<(usize,)>,
    /// Upwards.
    pub y: Var<(usize,)>,
    /// 0 where there is an image for each start; else -inf, and the positions are the starts.
    pub log_found: Var,
}

/// The images of a point source at `source` (x, y) that Newton's method finds from `starts`, one for each: the observed positions. They solve
/// beta = theta - alpha(theta; p) to rounding, and their derivatives are those of the implicit function theorem,
/// d theta = A^-1 (d beta + d alpha / dp dp).
///
/// ```
/// use lens_models::{mass::Sis, op::{Deflector, point_images}};
/// use ppl_core::Var;
///
/// let source = [Var::scalar(0.2), Var::scalar(0.0)];
/// let images = point_images(&source, &[Deflector::new(&Sis, [1.0, 0.0, 0.0])?], &[[1.3, 0.1], [-0.7, 0.0]])?;
/// assert!((images.x.lane(0)[0] - 1.2).abs() < 1e-12 && (images.x.lane(0)[1] + 0.8).abs() < 1e-12);
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// None with deflectors made by [`Deflector::new`].
pub fn point_images(source: &[Var; 2], deflectors: &[Deflector], starts: &[[f64; 2]]) -> Result<PointImages> {
    let mass = MassSum::new(deflectors.iter().map(Deflector::profile));
    let params = deflectors.iter().flat_map(Deflector::params).map(Var::as_value);
    let inputs: Vec<&Value> = source.iter().map(Var::as_value).chain(params).collect();
    let all = Var::<(usize,)>::from_value(record(SolveImages::new(mass, starts.to_vec()), &inputs)?);
    let n = starts.len();
    Ok(PointImages { x: all.slice(0..n), y: all.slice(n..2 * n), log_found: all.get(2 * n)? })
}

/// `[2 images + 1]`: all x, all y, and the log of whether they were found.
#[derive(Clone)]
struct SolveImages {
    mass: MassSum,
    starts: Vec<[f64; 2]>,
    params: Vec<f64>,
    sums: Vec<f64>,
}

impl SolveImages {
    fn new(mass: MassSum, starts: Vec<[f64; 2]>) -> Self {
        SolveImages { mass, starts, params: vec![], sums: vec![] }
    }

    /// The image for each start; none where one has none, or two have the same.
    fn solve(&self, source: [f64; 2]) -> Option<Vec<[f64; 2]>> {
        let lens = Lens::new(&self.mass, &self.params);
        let mut found: Vec<[f64; 2]> = Vec::with_capacity(self.starts.len());
        for start in &self.starts {
            let [x, y] = image_near(&lens, source, *start)?.position;
            if found.iter().any(|other| (other[0] - x).hypot(other[1] - y) < SAME) {
                return None;
            }
            found.push([x, y]);
        }
        Some(found)
    }
}

impl FusedOp for SolveImages {
    const NAME: &'static str = "point_images";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.params.reserve(inputs.len());
        self.sums.resize(inputs.len() - 2, 0.0);
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[2 * self.starts.len() + 1]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.starts.len();
        for lane in 0..out.shape.lanes {
            scalars(inputs, 2, lane, &mut self.params);
            let found = self.solve([0, 1].map(|i| inputs.at(i).lane(lane)[0]));
            let out = out.lane(lane);
            out[2 * n] = if found.is_some() { 0.0 } else { f64::NEG_INFINITY };
            for (i, [x, y]) in found.unwrap_or_else(|| self.starts.clone()).into_iter().enumerate() {
                (out[i], out[n + i]) = (x, y);
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.starts.len();
        for lane in 0..cotangent.shape.lanes {
            let (found, g) = (output.lane(lane), cotangent.lane(lane));
            if found[2 * n] != 0.0 {
                continue;
            }
            scalars(inputs, 2, lane, &mut self.params);
            self.sums.fill(0.0);
            let mut of_source = [0.0; 2];
            for i in 0..n {
                let (x, y) = (found[i], found[n + i]);
                let at = self.mass.point(&self.params, x, y);
                // A is symmetric: its transpose is itself.
                let ([[a, b], [_, d]], det) = (at.jacobian(), at.det_jacobian());
                let pull = [(d * g[i] - b * g[n + i]) / det, (a * g[n + i] - b * g[i]) / det];
                of_source[0] += pull[0];
                of_source[1] += pull[1];
                for (sum, [dx, dy]) in self.sums.iter_mut().zip(self.mass.deflection_jacobian(&self.params, x, y)) {
                    *sum += pull[0] * dx + pull[1] * dy;
                }
            }
            add_scalars(gradients, 0, lane, &of_source, 1.0);
            add_scalars(gradients, 2, lane, &self.sums, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Shear};
    use crate::plane::{images, square_of_images};
    use ppl_core::autodiff::check;

    fn inputs() -> Vec<Value> {
        let rows = [
            [0.05, 0.03, 1.2, 2.1, 0.1, -0.05, 0.02, 0.03, 0.04, -0.02],
            [0.06, 0.02, 1.18, 2.05, 0.12, -0.06, 0.02, 0.03, 0.03, -0.02],
        ];
        (0..10).map(|i| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec())).collect()
    }

    /// The four images of the first lane, moved a little.
    fn starts() -> Vec<[f64; 2]> {
        let mass = MassSum::new([&Epl as _, &Shear as _]);
        let params: Vec<f64> = inputs()[2..].iter().map(|v| v.lane(0)[0]).collect();
        let lens = Lens::new(&mass, &params);
        let (source, centers) = ([0.05, 0.03], [[0.02, 0.03]]);
        let images = images(&lens, source, square_of_images(&lens, source, &centers), &centers).unwrap();
        let starts: Vec<[f64; 2]> = images.iter().map(|i| i.position.map(|p| p + 0.01)).take(4).collect();
        assert_eq!(starts.len(), 4);
        starts
    }

    #[test]
    fn the_vjp_of_images_is_that_of_the_implicit_function_theorem() {
        let starts = starts();
        let positions = |v: &[Value]| {
            let op = SolveImages::new(MassSum::new([&Epl as _, &Shear as _]), starts.clone());
            let all = Var::<(usize,)>::from_value(record(op, &v.iter().collect::<Vec<_>>()).unwrap());
            all.slice(0..8).as_value().clone()
        };
        // Images move by several times what the source does, and bend within a step of 1e-5.
        check::function(positions, &inputs(), 1e-5, 1e-6);
    }

    #[test]
    fn an_image_that_is_not_there_leaves_no_density_and_no_gradient() {
        let deflector = || Deflector::new(&crate::mass::Sis, [1.0, 0.0, 0.0]).unwrap();
        let source = [Var::scalar(1.5), Var::scalar(0.0)];
        let images = point_images(&source, &[deflector()], &[[2.4, 0.0], [-0.1, 0.02]]).unwrap();
        assert_eq!(images.log_found.lane(0), [f64::NEG_INFINITY]);
        assert_eq!((images.x.lane(0), images.y.lane(0)), (&[2.4, -0.1][..], &[0.0, 0.02][..]));
        // Two starts that lead to one image.
        let source = [Var::scalar(0.2), Var::scalar(0.0)];
        let images = point_images(&source, &[deflector()], &[[1.3, 0.0], [1.1, 0.0]]).unwrap();
        assert_eq!(images.log_found.lane(0), [f64::NEG_INFINITY]);
    }
}
