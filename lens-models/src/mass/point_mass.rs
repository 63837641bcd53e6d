//! PointMass: all mass in one point.

use super::radial::{self, Radial, Slopes};
use crate::{
    number::{Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, THETA_E},
};

/// A point: `theta_E center_x center_y`; alpha = theta_E^2 w / |w|^2, psi = theta_E^2 ln |w|, kappa = 0.
///
/// A point within 1e-6 arcsec of the centre feels no deflection, so that values and gradients are finite there.
#[derive(Clone, Copy, Debug)]
pub struct PointMass;

radial::profile!(PointMass, PointMass, 1, 3, "point_mass", &[THETA_E, CENTER_X, CENTER_Y]);

/// theta_E.
impl Radial<1> for PointMass {
    type Halo<S: Scalar> = S;

    fn halo<S: Scalar>(&[theta_e]: &[f64; 1]) -> S {
        S::from_f64(theta_e)
    }

    #[inline(always)]
    fn pull<R: Real>(theta_e: &R::Scalar, u: R) -> R {
        let theta_e = R::broadcast(*theta_e);
        theta_e * theta_e / u
    }

    #[inline(always)]
    fn slopes<R: Real>(theta_e: &R::Scalar, u: R) -> Slopes<R, 1> {
        let pull = Self::pull(theta_e, u);
        let by_theta_e = R::broadcast(*theta_e) / u;
        Slopes { pull, by_u: -(pull / u), params: [by_theta_e + by_theta_e] }
    }

    fn potential(theta_e: &f64, u: f64) -> f64 {
        0.5 * theta_e * theta_e * u.ln()
    }
}
