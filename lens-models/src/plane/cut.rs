//! Cuts: where a source loses its image at the centre of a mass that is isothermal or steeper there.

use super::critical::det;
use super::{Curve, Lens, LensMapping};

/// Points along a cut.
const POINTS: usize = 256;
/// Radii about a centre, arcsec: where its mass is told apart, and where the deflection of an isothermal one has come to its limit. A
/// profile deflects nothing within 1e-9 of its centre.
const NEAR: f64 = 1e-6;
const NEARER: f64 = 1e-8;
/// The radius that stands for the centre where the deflection has no limit, arcsec.
const STEEP: f64 = 1e-3;
/// The largest relative change of the deflection between the two that is called a limit.
const LIMIT: f64 = 1e-4;

impl Lens<'_> {
    /// The cuts about these centres of mass profiles, in the plane of the source.
    ///
    /// About a centre where the density falls as r^-2 or steeper (gamma >= 2) there is no radial critical curve, hence no caustic:
    /// an image that comes to the centre fades, and the source is then on the cut. For gamma = 2 the cut is the image of the centre,
    /// which depends on the direction that it is come from. For gamma > 2 deflection grows without bound, and the image of a circle
    /// of 0.001 arcsec stands for it: within that circle images are too faint to be seen. Shallower centres have none.
    pub fn cuts(&self, centers: &[[f64; 2]]) -> Vec<Curve> {
        centers.iter().filter_map(|center| self.cut(*center)).collect()
    }

    fn cut(&self, center: [f64; 2]) -> Option<Curve> {
        cut(self, about(center, self.cut_radius(center)?))
    }

    /// The radius of the circle about the centre of a mass profile whose image is the cut, arcsec; none where it has no cut.
    pub(super) fn cut_radius(&self, center: [f64; 2]) -> Option<f64> {
        // Where mass is singular but shallower than isothermal, det A grows to plus infinity.
        let singular = about(center, NEAR).step_by(8).all(|p| det(self, p) < -1.0);
        let length = |radius: f64| {
            let [ax, ay] = self.deflection(center[0] + radius, center[1]);
            ax.hypot(ay)
        };
        let isothermal = (length(NEARER) / length(NEAR) - 1.0).abs() < LIMIT;
        singular.then_some(if isothermal { NEARER } else { STEEP })
    }
}

/// Points of a circle, counter-clockwise.
pub(super) fn about(center: [f64; 2], radius: f64) -> impl Iterator<Item = [f64; 2]> {
    (0..POINTS).map(move |k| {
        let (sin, cos) = (std::f64::consts::TAU * k as f64 / POINTS as f64).sin_cos();
        [center[0] + radius * cos, center[1] + radius * sin]
    })
}

/// The image of a small loop about a centre, where it has one.
pub(super) fn cut(map: &dyn LensMapping, around: impl Iterator<Item = [f64; 2]>) -> Option<Curve> {
    let points: Vec<[f64; 2]> = around.map(|p| map.ray(p).position).collect();
    points.as_flattened().iter().all(|v| v.is_finite()).then_some(Curve { points, closed: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, MassSum, Sis};

    #[test]
    fn the_cut_of_the_isothermal_sphere_is_a_circle_of_its_einstein_radius() {
        let mass = MassSum::new([&Sis as _]);
        let lens = Lens::new(&mass, &[1.2, 0.1, -0.2]);
        let cuts = lens.cuts(&[[0.1, -0.2]]);
        assert_eq!(cuts.len(), 1);
        for &[x, y] in &cuts[0].points {
            // The radius at which it is taken, 1e-8 arcsec, and the rounding of places about a centre that is not 0.
            assert!(((x - 0.1).hypot(y + 0.2) - 1.2).abs() < 1.1e-8);
        }
    }

    #[test]
    fn a_shallow_mass_has_none_and_one_steeper_than_isothermal_has_a_larger_one() {
        let mass = MassSum::new([&Epl as _]);
        let area = |gamma: f64| {
            let params = [1.2, gamma, 0.1, 0.05, 0.0, 0.0];
            Lens::new(&mass, &params).cuts(&[[0.0, 0.0]]).first().map(Curve::area)
        };
        assert!(area(1.9).is_none() && area(1.99).is_none());
        assert!(area(2.0) < area(2.1) && area(2.1) < area(2.3));
    }

    #[test]
    fn outside_the_cut_one_image_is_left_inside_there_are_more() {
        let mass = MassSum::new([&Sis as _]);
        let lens = Lens::new(&mass, &[1.0, 0.0, 0.0]);
        let reach = lens.cuts(&[[0.0, 0.0]])[0].points.iter().map(|p| p[0]).fold(0.0, f64::max);
        // Images of a source at (b, 0) lie on the x axis: theta - sign(theta) = b.
        let images =
            |b: f64| [b + 1.0, b - 1.0].into_iter().filter(|t| (lens.beta(*t, 0.0)[0] - b).abs() < 1e-12).count();
        assert_eq!((images(0.99 * reach), images(1.01 * reach)), (2, 1));
    }
}
