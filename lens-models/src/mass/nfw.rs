//! Nfw: the halo of Navarro, Frenk and White; elliptical in the potential, and in the convergence.

use super::ellipse::{self, Ellipsoid, Parts};
use super::radial::{self, Radial, Slopes, positive};
use super::steep::{Ladder, Rows, Steep, row};
use crate::{
    number::{Real, Scalar, Series, carlson, ln_1p_over},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
};

/// The halo of Navarro, Frenk & White (1997, doi:10.1086/304888): `Rs alpha_Rs center_x center_y`.
///
/// With y = (r / Rs)^2 and F = R_C(1, y), which is arctan(sqrt(y - 1)) / sqrt(y - 1) or artanh(sqrt(1 - y)) / sqrt(1 - y):
///
/// ```text
/// alpha / r = alpha_Rs / [(1 - ln 2) Rs] h(y),   h = [ln(y / 4) / 2 + F] / y,   h' = [(1 - F) / (y - 1) / 2 - h] / y
/// ```
///
/// (Golse & Kneib 2002, doi:10.1051/0004-6361:20020639). A point within 1e-6 arcsec of the centre feels no deflection.
#[derive(Clone, Copy, Debug)]
pub struct Nfw;

/// The same elliptical in the potential: `Rs alpha_Rs e1 e2 center_x center_y` (lenstronomy's `NFW_ELLIPSE_POTENTIAL`).
#[derive(Clone, Copy, Debug)]
pub struct NfwEllipsePotential;

/// The same elliptical in the convergence: `Rs alpha_Rs e1 e2 center_x center_y` (lenstronomy's `NFW_ELLIPSE_CSE`, which is good to 1e-4 of
/// kappa). Its ellipsoids of core s = x Rs (`steep`) have A d(ln s) = alpha_Rs Rs^2 / (1 - ln 2) x^3 / (1 + x^2) d(ln s).
#[derive(Clone, Copy, Debug)]
pub struct NfwEllipse;

pub(super) const RS: ProfileParameter = ProfileParameter::new(
    "Rs",
    ParameterKind::positive(r#"{"log_normal": {"loc": 2.3, "scale": 0.7}}"#),
    "arcsec",
    r"R_\mathrm{s}",
    "Radius at which the density falls as r^-2.",
);

pub(super) const ALPHA_RS: ProfileParameter = ProfileParameter::new(
    "alpha_Rs",
    ParameterKind::positive(r#"{"log_normal": {"loc": 0.0, "scale": 1.0}}"#),
    "arcsec",
    r"\alpha_{R_\mathrm{s}}",
    "Deflection at Rs, of the halo without ellipticity and truncation.",
);

radial::profile!(Nfw, Nfw, 2, 4, "nfw", &[RS, ALPHA_RS, CENTER_X, CENTER_Y]);
radial::profile!(NfwEllipsePotential, Nfw, 2, 6, "nfw_ellipse_potential", &[RS, ALPHA_RS, E1, E2, CENTER_X, CENTER_Y]);
ellipse::profile!(NfwEllipse, 2, 6, "nfw_ellipse", &[RS, ALPHA_RS, E1, E2, CENTER_X, CENTER_Y]);

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct NfwHalo<S> {
    rs: S,
    inv_rs2: S,
    /// 1 / [(1 - ln 2) Rs], and alpha_Rs times it.
    unit: S,
    strength: S,
}

/// y below which the two terms of h cancel.
const SMALL: f64 = 0.25;

/// h(y) and (1 - F) / (y - 1).
#[inline(always)]
pub(super) fn mass<R: Real>(y: R) -> (R, R) {
    let c = R::constant;
    let (one, half, small) = (c(1.0), c(0.5), c(SMALL));
    let at = carlson(y);
    let log = half * (y * c(0.25)).ln();
    // With s = sqrt(1 - y) and t = -y / (2 (1 + s)), h = -[ln(y / 4) / 2 + ln(1 + t) / (2 t)] / (s (1 + s)).
    let inside = -((-y).at_least(-small));
    let s = (one - inside).sqrt();
    let t = inside / (c(-2.0) * (one + s));
    let series = ln_1p_over(t);
    // Where y is not small this is a finite number that is not used.
    let near = -(log + half * series) / (s * (one + s));
    let far = (log + at.rc) / y;
    (y.above_or(small, far, near), at.fall)
}

/// Rs, alpha_Rs.
impl Radial<2> for Nfw {
    type Halo<S: Scalar> = NfwHalo<S>;

    fn halo<S: Scalar>(&[rs, alpha_rs]: &[f64; 2]) -> NfwHalo<S> {
        let s = S::from_f64;
        let rs = positive(rs);
        let unit = 1.0 / ((1.0 - std::f64::consts::LN_2) * rs);
        NfwHalo { rs: s(rs), inv_rs2: s(1.0 / (rs * rs)), unit: s(unit), strength: s(alpha_rs * unit) }
    }

    #[inline(always)]
    fn pull<R: Real>(halo: &NfwHalo<R::Scalar>, u: R) -> R {
        R::broadcast(halo.strength) * mass(u * R::broadcast(halo.inv_rs2)).0
    }

    #[inline(always)]
    fn slopes<R: Real>(halo: &NfwHalo<R::Scalar>, u: R) -> Slopes<R, 2> {
        let [rs, inv_rs2, unit, strength] = [halo.rs, halo.inv_rs2, halo.unit, halo.strength].map(R::broadcast);
        let (h, fall) = mass(u * inv_rs2);
        let pull = strength * h;
        // y h' is (fall / 2 - h), and u dA/du is strength times it.
        let by_ln_u = strength * (R::constant(0.5) * fall - h);
        let by_rs = -(pull + by_ln_u + by_ln_u) / rs;
        Slopes { pull, by_u: by_ln_u / u, params: [by_rs, unit * h] }
    }

    fn potential(halo: &NfwHalo<f64>, u: f64) -> f64 {
        let y = u * halo.inv_rs2;
        let (log, f) = (0.5 * (0.25 * y).ln(), carlson(y).rc);
        // Half of ln^2(x / 2) - artanh^2(sqrt(1 - y)), with y h for the sum of the two at small y.
        0.5 * halo.strength * u * ((log - f) * mass(y).0 + f * f)
    }
}

/// Rs, alpha_Rs.
impl Ellipsoid<2> for NfwEllipse {
    type By = Steep;

    fn prepare<S: Scalar>(&[rs, alpha_rs]: &[f64; 2]) -> Rows<S> {
        let rs = positive(rs);
        let unit = alpha_rs * rs * rs / (1.0 - std::f64::consts::LN_2);
        let ladder = Ladder::new::<S>(rs, 2.0);
        Series::new(ladder.len, |i| {
            let x = ladder.rung(i) / rs;
            let a = unit * ladder.weight(i, 2.0, 2.0) * x.powi(3) / (1.0 + x * x);
            row(ladder.rung(i), [a, 0.0, 0.0])
        })
    }

    #[inline(always)]
    fn by_own<R: Real>([rs, alpha_rs]: [R; 2], parts: &Parts<R>) -> [R; 2] {
        [-(parts.by_ln_r / rs), parts.value / alpha_rs]
    }
}
