//! Tnfw: the halo of Navarro, Frenk and White with a truncation, such as a subhalo's.

use super::nfw::{ALPHA_RS, RS, mass};
use super::radial::{self, Radial, Slopes, positive};
use crate::{
    number::{Real, Scalar, carlson, ln_1p_over},
    parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter},
};

/// The smoothly truncated halo: `Rs alpha_Rs r_trunc center_x center_y`, whose density is that of [`Nfw`](super::Nfw) times
/// r_trunc^2 / (r^2 + r_trunc^2) (Baltz, Marshall & Oguri 2009, doi:10.1088/1475-7516/2009/01/015, eq. A34).
///
/// With y = (r / Rs)^2, t = r_trunc / Rs, w = sqrt(t^2 + y), h and F those of [`Nfw`](super::Nfw):
///
/// ```text
/// alpha / r = alpha_Rs / [(1 - ln 2) Rs] t^2 / (t^2 + 1)^2 B
/// B = 2 F - pi / (t + w) + (t^2 - 1) E,   E = h + {ln[sqrt(y) / (t + w)] - ln(1 + v) / (2 v)} / [t (t + w)],   v = y / [2 t (t + w)]
/// ```
///
/// which is their m(x) / x^2 rewritten so that nothing cancels at small radii. `alpha_Rs` is the deflection that the halo
/// without truncation has at Rs. A point within 1e-6 arcsec of the centre feels no deflection.
#[derive(Clone, Copy, Debug)]
pub struct Tnfw;

const R_TRUNC: ProfileParameter = ProfileParameter::new(
    "r_trunc",
    ParameterKind::positive(r#"{"log_normal": {"loc": 2.3, "scale": 1.0}}"#),
    "arcsec",
    r"r_\mathrm{t}",
    "Radius of the truncation.",
);

radial::profile!(Tnfw, Tnfw, 3, 5, "tnfw", &[RS, ALPHA_RS, R_TRUNC, CENTER_X, CENTER_Y]);

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct TnfwHalo<S> {
    rs: S,
    inv_rs2: S,
    /// t and t^2 - 1.
    t: S,
    t2_minus_1: S,
    /// t^2 / (t^2 + 1)^2 / [(1 - ln 2) Rs], and alpha_Rs times it.
    unit: S,
    strength: S,
}

/// The quantities that value and derivatives have in common.
struct At<R> {
    /// w and 1 / (t + w).
    w: R,
    inv_sum: R,
    /// ln[sqrt(y) / (t + w)].
    log: R,
    f: R,
    fall: R,
    e: R,
    b: R,
}

#[inline(always)]
fn at<R: Real>(halo: &TnfwHalo<R::Scalar>, y: R) -> At<R> {
    let c = R::constant;
    let [t, t2_minus_1] = [halo.t, halo.t2_minus_1].map(R::broadcast);
    let (h, fall) = mass(y);
    let f = carlson(y).rc;
    let w = t.mul_add(t, y).sqrt();
    let inv_sum = c(1.0) / (t + w);
    let log = c(0.5) * y.ln() + inv_sum.ln();
    let over = inv_sum / t;
    let half_ln = c(0.5) * ln_1p_over(c(0.5) * y * over);
    let e = (log - half_ln).mul_add(over, h);
    let b = t2_minus_1.mul_add(e, f + f - c(std::f64::consts::PI) * inv_sum);
    At { w, inv_sum, log, f, fall, e, b }
}

/// Rs, alpha_Rs, r_trunc.
impl Radial<3> for Tnfw {
    type Halo<S: Scalar> = TnfwHalo<S>;

    fn halo<S: Scalar>(&[rs, alpha_rs, r_trunc]: &[f64; 3]) -> TnfwHalo<S> {
        let s = S::from_f64;
        let rs = positive(rs);
        let t = positive(r_trunc) / rs;
        let share = (t / (t * t + 1.0)).powi(2);
        let unit = share / ((1.0 - std::f64::consts::LN_2) * rs);
        TnfwHalo {
            rs: s(rs),
            inv_rs2: s(1.0 / (rs * rs)),
            t: s(t),
            t2_minus_1: s(t * t - 1.0),
            unit: s(unit),
            strength: s(alpha_rs * unit),
        }
    }

    #[inline(always)]
    fn pull<R: Real>(halo: &TnfwHalo<R::Scalar>, u: R) -> R {
        R::broadcast(halo.strength) * at(halo, u * R::broadcast(halo.inv_rs2)).b
    }

    #[inline(always)]
    fn slopes<R: Real>(halo: &TnfwHalo<R::Scalar>, u: R) -> Slopes<R, 3> {
        let c = R::constant;
        let [rs, inv_rs2, t, t2_minus_1] = [halo.rs, halo.inv_rs2, halo.t, halo.t2_minus_1].map(R::broadcast);
        let [unit, strength] = [halo.unit, halo.strength].map(R::broadcast);
        let At { w, inv_sum, log, f, fall, e, b } = at(halo, u * inv_rs2);
        let (one, two, half, pi) = (c(1.0), c(2.0), c(0.5), c(std::f64::consts::PI));
        let (inv_w, inv_t) = (one / w, one / t);
        let t2 = t * t;
        let pull = strength * b;
        // u dA/du = kappa - A, and kappa is strength times half the convergence of their eq. A30.
        let kappa = (t2 + one) * fall + two * f - pi * inv_w + t2_minus_1 * inv_t * inv_w * log;
        let by_ln_u = strength * (half * kappa - b);
        // d ln(share) / dt B + dB/dt, the terms with E taken together: they cancel where t is large.
        let scale = two * inv_t / (t2 + one);
        let by_t = scale * ((c(3.0) * t2 - one) * e - t2_minus_1 * (f + f - pi * inv_sum)) + pi * inv_w * inv_sum
            - t2_minus_1 * inv_t * inv_t * inv_w * log;
        let by_t = strength * by_t;
        let by_rs = -(pull + by_ln_u + by_ln_u + t * by_t) / rs;
        Slopes { pull, by_u: by_ln_u / u, params: [by_rs, unit * b, by_t / rs] }
    }

    /// Their eq. A32 (lenstronomy's `TNFW._h`), which is zero at the centre.
    fn potential(halo: &TnfwHalo<f64>, u: f64) -> f64 {
        use std::f64::consts::PI;
        let &TnfwHalo { rs, t, t2_minus_1, .. } = halo;
        let y = u * halo.inv_rs2;
        let (f, w, t2) = (carlson(y).rc, (t * t + y).sqrt(), t * t);
        let log = (y.sqrt() / (t + w)).ln();
        let terms = 2.0 * PI * (t - w + t * (t + w).ln())
            + 2.0 * t2_minus_1 / t * w * log
            + t2_minus_1 * log * log
            + 4.0 * (y - 1.0) * f
            + t2_minus_1 * (y - 1.0) * f * f
            + (t2_minus_1 * t.ln() - t2 - 1.0) * y.ln()
            - t2_minus_1 * t.ln() * (4.0 * t).ln()
            - 2.0 * (0.5 * t).ln()
            + 2.0 * t * (t - PI) * (2.0 * t).ln();
        0.5 * halo.strength * rs * rs * terms
    }
}
