//! EplCore: the elliptical power law with a core.

use statrs::function::gamma::{digamma, ln_gamma};

use super::ellipse::{self, Ellipsoid, Parts};
use super::radial::positive;
use super::steep::{FAR, Ladder, NEAR, Rows, Steep, row};
use crate::{
    number::{Real, Scalar, Series},
    parameter::{CENTER_X, CENTER_Y, E1, E2, GAMMA, ParameterKind, ProfileParameter, THETA_E},
};

/// The cored power law: `theta_E gamma s_scale e1 e2 center_x center_y`;
/// kappa = (3 - gamma) / 2 [theta_E^2 / (s_scale^2 + R^2)]^((gamma - 1) / 2) (Barkana 1998, doi:10.1086/305950: the SPEMD).
///
/// With t = gamma - 1 it is a sum of ellipsoids of cores s^2 = s_scale^2 + y (`steep`), for
///
/// ```text
/// u^(-t/2) = 1 / B(t/2, (3-t)/2) int_0^inf y^((3-t)/2) (u + y)^(-3/2) d(ln y)
/// ```
///
/// With s_scale of 1e-6 arcsec it is [`Epl`](super::Epl), and with gamma = 2 [`Nie`](super::Nie), both of which take less time.
#[derive(Clone, Copy, Debug)]
pub struct EplCore;

const S_SCALE: ProfileParameter = ProfileParameter::new(
    "s_scale",
    ParameterKind::positive(r#"{"log_normal": {"loc": -2.3, "scale": 1.0}}"#),
    "arcsec",
    "s",
    "Radius of the core, in the intermediate-axis convention.",
);

ellipse::profile!(EplCore, 3, 7, "epl_core", &[THETA_E, GAMMA, S_SCALE, E1, E2, CENTER_X, CENTER_Y]);

/// theta_E, gamma, s_scale.
impl Ellipsoid<3> for EplCore {
    type By = Steep;

    fn prepare<S: Scalar>(&[theta_e, gamma, core]: &[f64; 3]) -> Rows<S> {
        let t = if gamma > 1.0 && gamma < 3.0 { gamma - 1.0 } else { f64::NAN };
        let (theta_e, core) = (positive(theta_e), positive(core));
        let (half, a) = (0.5 * t, 0.5 * (3.0 - t));
        let ladder = Ladder::squares::<S>(NEAR.max(core), FAR.max(core));
        // A = (3 - gamma) theta_E^t / B y^a, and its logarithm's derivative by gamma but for the part of y.
        let front = (2.0 - t) * (t * theta_e.ln() + ln_gamma(1.5) - ln_gamma(half) - ln_gamma(a)).exp();
        let slope = theta_e.ln() - 1.0 / (2.0 - t) - 0.5 * (digamma(half) - digamma(a));
        Series::new(ladder.len, |i| {
            let y = ladder.rung(i);
            let s2 = core * core + y;
            let big_a = front * ladder.weight(i, a, half) * y.powf(a);
            let by_gamma = slope - 0.5 * y.ln() + ladder.weight_slope(i, [a, -0.5], [half, 0.5]);
            // d ln s / d s_scale = s_scale / s^2.
            row(s2.sqrt(), [big_a, big_a * by_gamma, big_a * core / s2])
        })
    }

    #[inline(always)]
    fn by_own<R: Real>([theta_e, gamma, _]: [R; 3], parts: &Parts<R>) -> [R; 3] {
        [(gamma - R::constant(1.0)) * parts.value / theta_e, parts.share, parts.width]
    }
}
