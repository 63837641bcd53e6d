//! PseudoJaffe: the dual pseudo-isothermal sphere (dPIE), cored and truncated; elliptical in the potential, and in the convergence.

use super::ellipse::{self, Ellipsoid, Parts};
use super::radial::{self, Radial, Slopes, positive};
use super::steep::{Rows, Steep, row};
use crate::{
    number::{Real, Scalar, Series},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
    quadrature::gauss_legendre_node,
};

/// The dual pseudo-isothermal sphere: `sigma0 Ra Rs center_x center_y` (Eliasdottir et al. 2007, arXiv:0710.5636, appendix A).
///
/// ```text
/// kappa = sigma0 Ra Rs / (Rs - Ra) [1 / Wa - 1 / Ws],   Wa = sqrt(Ra^2 + r^2),   Ws = sqrt(Rs^2 + r^2)
/// alpha / r = 2 sigma0 Ra Rs [1 + (Ra + Rs) / (Wa + Ws)] / [(Ra + Wa) (Rs + Ws)]
/// ```
///
/// In this form nothing cancels at Ra = Rs, and the two radii may change places. A radius below zero gives NaN.
#[derive(Clone, Copy, Debug)]
pub struct PseudoJaffe;

/// The same elliptical in the potential: `sigma0 Ra Rs e1 e2 center_x center_y` (lenstronomy's `PJAFFE_ELLIPSE_POTENTIAL`).
#[derive(Clone, Copy, Debug)]
pub struct PseudoJaffeEllipsePotential;

/// The same elliptical in the convergence: `sigma0 Ra Rs e1 e2 center_x center_y`, the dPIE of Eliasdottir et al., two [`Nie`](super::Nie) whose
/// difference it is, without their cancelling where Ra is near Rs. Both radii are above 0.
///
/// 1 / Wa - 1 / Ws is the integral of s^2 / (s^2 + R^2)^(3/2) over ln s from Ra to Rs, a sum of the ellipsoids of `steep`.
#[derive(Clone, Copy, Debug)]
pub struct PseudoJaffeEllipse;

const SIGMA0: ProfileParameter = ProfileParameter::new(
    "sigma0",
    ParameterKind::positive(r#"{"log_normal": {"loc": 0.0, "scale": 1.5}}"#),
    "",
    r"\sigma_0",
    "Central surface density over the critical one, up to Rs / (Ra + Rs).",
);

const RA: ProfileParameter = ProfileParameter::new(
    "Ra",
    ParameterKind::positive(r#"{"log_normal": {"loc": -1.6, "scale": 1.0}}"#),
    "arcsec",
    r"R_\mathrm{a}",
    "Radius of the core.",
);

const RS: ProfileParameter = ProfileParameter::new(
    "Rs",
    ParameterKind::positive(r#"{"log_normal": {"loc": 1.1, "scale": 1.0}}"#),
    "arcsec",
    r"R_\mathrm{s}",
    "Radius beyond which the density falls as r^-4.",
);

radial::profile!(PseudoJaffe, PseudoJaffe, 3, 5, "pjaffe", &[SIGMA0, RA, RS, CENTER_X, CENTER_Y]);
radial::profile!(
    PseudoJaffeEllipsePotential,
    PseudoJaffe,
    3,
    7,
    "pjaffe_ellipse_potential",
    &[SIGMA0, RA, RS, E1, E2, CENTER_X, CENTER_Y]
);

ellipse::profile!(PseudoJaffeEllipse, 3, 7, "pjaffe_ellipse", &[SIGMA0, RA, RS, E1, E2, CENTER_X, CENTER_Y]);

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct PseudoJaffeHalo<S> {
    sigma0: S,
    ra: S,
    rs: S,
}

/// The quantities that value and derivatives have in common.
struct At<R> {
    wa: R,
    ws: R,
    /// (Ra + Rs) / (Wa + Ws).
    ratio: R,
    /// 2 / [(Ra + Wa) (Rs + Ws)].
    share: R,
}

#[inline(always)]
fn at<R: Real>(ra: R, rs: R, u: R) -> At<R> {
    let (wa, ws) = (ra.mul_add(ra, u).sqrt(), rs.mul_add(rs, u).sqrt());
    At { wa, ws, ratio: (ra + rs) / (wa + ws), share: R::constant(2.0) / ((ra + wa) * (rs + ws)) }
}

/// sigma0, Ra, Rs.
impl Radial<3> for PseudoJaffe {
    type Halo<S: Scalar> = PseudoJaffeHalo<S>;

    fn halo<S: Scalar>(&[sigma0, ra, rs]: &[f64; 3]) -> PseudoJaffeHalo<S> {
        let radius = |r: f64| S::from_f64(if r >= 0.0 { r } else { f64::NAN });
        PseudoJaffeHalo { sigma0: S::from_f64(sigma0), ra: radius(ra), rs: radius(rs) }
    }

    #[inline(always)]
    fn pull<R: Real>(halo: &PseudoJaffeHalo<R::Scalar>, u: R) -> R {
        let [sigma0, ra, rs] = [halo.sigma0, halo.ra, halo.rs].map(R::broadcast);
        let At { ratio, share, .. } = at(ra, rs, u);
        sigma0 * ra * rs * share * (R::constant(1.0) + ratio)
    }

    #[inline(always)]
    fn slopes<R: Real>(halo: &PseudoJaffeHalo<R::Scalar>, u: R) -> Slopes<R, 3> {
        let [sigma0, ra, rs] = [halo.sigma0, halo.ra, halo.rs].map(R::broadcast);
        let At { wa, ws, ratio, share } = at(ra, rs, u);
        let (one, half) = (R::constant(1.0), R::constant(0.5));
        let (inv_wa, inv_ws, inv_sum) = (one / wa, one / ws, one / (wa + ws));
        let unit = share * (one + ratio);
        let radii = ra * rs;
        let all = sigma0 * radii;
        // ln(unit) = ln(1 + ratio) - ln(Ra + Wa) - ln(Rs + Ws), and d(Wa) = (Ra dRa + du / 2) / Wa.
        let by_u = -(half * all) * (share * ratio * inv_wa * inv_ws + unit * (inv_wa / (ra + wa) + inv_ws / (rs + ws)));
        let by_ra = share * (one - ratio * ra * inv_wa) * inv_sum - unit * inv_wa;
        let by_rs = share * (one - ratio * rs * inv_ws) * inv_sum - unit * inv_ws;
        Slopes {
            pull: all * unit,
            by_u,
            params: [radii * unit, sigma0 * rs * (unit + ra * by_ra), sigma0 * ra * (unit + rs * by_rs)],
        }
    }

    /// 2 sigma0 Ra Rs times the mean of ln[(R + W) / (2 R)] over R from Ra to Rs, whose integral is
    /// R ln[(R + W) / (2 R)] - W + R: that of R + W is R ln(R + W) - W.
    fn potential(halo: &PseudoJaffeHalo<f64>, u: f64) -> f64 {
        let &PseudoJaffeHalo { sigma0, ra, rs } = halo;
        if !(ra > 0.0 && rs > 0.0) {
            // A core of radius zero has no mass at a given sigma0.
            return 2.0 * sigma0 * ra * rs;
        }
        let w = |r: f64| (r * r + u).sqrt();
        let log = |r: f64| (0.5 * (w(r) - r) / r).ln_1p();
        let width = rs - ra;
        let mean = if width.abs() < 1e-3 * (ra + rs) {
            // Gauss-Legendre, two points: off by the fourth power of the width.
            let (middle, away) = (0.5 * (ra + rs), width * (0.5 / 3.0_f64.sqrt()));
            0.5 * (log(middle - away) + log(middle + away))
        } else {
            let integral = |r: f64| r * log(r) - u / (r + w(r));
            (integral(rs) - integral(ra)) / width
        };
        2.0 * sigma0 * ra * rs * mean
    }
}

/// sigma0, Ra, Rs.
impl Ellipsoid<3> for PseudoJaffeEllipse {
    type By = Steep;

    fn prepare<S: Scalar>(&[sigma0, ra, rs]: &[f64; 3]) -> Rows<S> {
        let (ra, rs) = (positive(ra), positive(rs));
        let length = (rs / ra).ln();
        // Gauss and Legendre's rule: the integrand is smooth for |Im ln s| < pi / 2.
        let b = std::f64::consts::PI / length.abs();
        let rate = 2.0 * (b + b.hypot(1.0)).ln();
        let points = 4.0 + (100.0 / (20.0 * S::ROUNDING).max(1e-12)).ln() / rate;
        let points = (points as usize).clamp(6, 200);
        // ln(Rs / Ra) / (Rs - Ra), and its logarithm's derivative by ln Ra.
        let [mean, slope] = if length.abs() < 1e-3 {
            [1.0 / (ra * (1.0 + length * (0.5 + length / 6.0))), -0.5 + length / 12.0]
        } else {
            [length / (ra * length.exp_m1()), -1.0 / (-length).exp_m1() - 1.0 / length - 1.0]
        };
        Series::new(points, |i| {
            let [at, weight] = gauss_legendre_node(points, i);
            let along = 0.5 * (1.0 + at);
            let s = ra * (length * along).exp();
            let a = sigma0 * ra * rs * mean * weight * s * s;
            // By ln Ra: those of Ra, of the mean and of s^2; ln s = (1 - along) ln Ra + along ln Rs.
            let by_ra = a / ra;
            row(s, [a, by_ra * (3.0 - 2.0 * along + slope), by_ra * (1.0 - along)])
        })
    }

    #[inline(always)]
    fn by_own<R: Real>([sigma0, ra, rs]: [R; 3], parts: &Parts<R>) -> [R; 3] {
        let by_ra = parts.share + parts.width;
        // All lengths together scale it: alpha is one itself.
        [parts.value / sigma0, by_ra, (parts.value - parts.by_ln_r - ra * by_ra) / rs]
    }
}
