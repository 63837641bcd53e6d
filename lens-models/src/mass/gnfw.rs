//! Gnfw: the halo of Navarro, Frenk and White with a cusp of any slope, elliptical in the convergence.

use super::ellipse::{self, Ellipsoid, Parts};
use super::nfw::{ALPHA_RS, RS};
use super::radial::positive;
use super::steep::{Ladder, Rows, Steep, round, row};
use crate::{
    number::{Real, Scalar, Series},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
};

/// The generalised halo: `Rs alpha_Rs gamma_in e1 e2 center_x center_y`; rho of (r / Rs)^-gamma_in (1 + r / Rs)^(gamma_in - 3), 0 <= gamma_in < 3
/// (Zhao 1996, doi:10.1093/mnras/278.2.488; Keeton 2001, astro-ph/0102341; lenstronomy's `GNFW` where it is round).
///
/// With x = s / Rs, t = 2 - gamma_in and theta = arctan x its ellipsoids of core s (`steep`) have
///
/// ```text
/// A d(ln s) = x^2 B(x) d(ln s),   B = sin(theta)^t sin[t (pi / 2 - theta)] / t
/// ```
///
/// up to a factor that makes alpha_Rs the deflection at Rs of the round halo.
#[derive(Clone, Copy, Debug)]
pub struct Gnfw;

const GAMMA_IN: ProfileParameter = ProfileParameter::new(
    "gamma_in",
    ParameterKind::Other {
        low: 0.0,
        high: 3.0,
        prior: r#"{"truncated_normal": {"loc": 1.0, "scale": 0.4, "low": 0.0, "high": 2.5}}"#,
    },
    "",
    r"\gamma_\mathrm{in}",
    "Slope of the density inside Rs: 1 is that of Navarro, Frenk and White.",
);

ellipse::profile!(Gnfw, 3, 7, "gnfw", &[RS, ALPHA_RS, GAMMA_IN, E1, E2, CENTER_X, CENTER_Y]);

/// B and its derivative by t.
fn weight(x: f64, t: f64) -> [f64; 2] {
    let rest = (1.0 / x).atan();
    let ln_sin = -0.5 * (1.0 / x).powi(2).ln_1p();
    let y = t * rest;
    // sin(y) / t, and its derivative by t.
    let [sinc, d_sinc] = if y.abs() < 1e-2 {
        let y2 = y * y;
        [rest * (1.0 - y2 / 6.0 + y2 * y2 / 120.0), -rest * rest * y * (1.0 / 3.0 - y2 / 30.0 + y2 * y2 / 840.0)]
    } else {
        [y.sin() / t, (rest * y.cos() - y.sin() / t) / t]
    };
    let power = (t * ln_sin).exp();
    [power * sinc, power * (ln_sin * sinc + d_sinc)]
}

/// Rs, alpha_Rs, gamma_in.
impl Ellipsoid<3> for Gnfw {
    type By = Steep;

    fn prepare<S: Scalar>(&[rs, alpha_rs, gamma]: &[f64; 3]) -> Rows<S> {
        let rs = positive(rs);
        let t = if (0.0..3.0).contains(&gamma) { 2.0 - gamma } else { f64::NAN };
        let ladder = Ladder::new::<S>(rs, 1.0 + t);
        // A and its derivative by gamma_in, up to the factor.
        let bare = |i: usize| {
            let x = ladder.rung(i) / rs;
            let [b, db_dt] = weight(x, t);
            let a = ladder.weight(i, 1.0 + t, 2.0) * x * x;
            let slope = ladder.weight_slope(i, [1.0 + t, -1.0], [2.0, 0.0]);
            [a * b, a * (b * slope - db_dt)]
        };
        let [mut at_rs, mut by_gamma] = [0.0; 2];
        for i in 0..ladder.len {
            let one = rs * round(ladder.rung(i), rs);
            let [a, slope] = bare(i);
            at_rs += a * one;
            by_gamma += slope * one;
        }
        let unit = alpha_rs / at_rs;
        Series::new(ladder.len, |i| {
            let [a, slope] = bare(i);
            row(ladder.rung(i), [unit * a, unit * (slope - a * by_gamma / at_rs), 0.0])
        })
    }

    #[inline(always)]
    fn by_own<R: Real>([rs, alpha_rs, _]: [R; 3], parts: &Parts<R>) -> [R; 3] {
        [-(parts.by_ln_r / rs), parts.value / alpha_rs, parts.share]
    }
}
