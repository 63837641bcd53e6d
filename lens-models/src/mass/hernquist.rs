//! Hernquist: the stars of an elliptical galaxy; round, and elliptical in the convergence.

use super::ellipse::{self, Ellipsoid, Parts};
use super::nfw::mass;
use super::radial::{self, Radial, Slopes, positive};
use super::steep::{Ladder, Rows, Steep, row};
use crate::{
    number::{Real, Scalar, Series, carlson},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
};

/// Hernquist's sphere (1990, doi:10.1086/168845): `sigma0 Rs center_x center_y`; alpha / r = 2 sigma0 G(y), y = (r / Rs)^2.
///
/// G = (1 - F) / (y - 1) with F = arctan(sqrt(y - 1)) / sqrt(y - 1) or artanh(sqrt(1 - y)) / sqrt(1 - y) (Keeton 2001,
/// astro-ph/0102341, eq. 47). A point within 1e-6 arcsec of the centre feels no deflection.
#[derive(Clone, Copy, Debug)]
pub struct Hernquist;

/// The same elliptical in the convergence: `sigma0 Rs e1 e2 center_x center_y` (lenstronomy's `HERNQUIST_ELLIPSE_CSE`, which is good to 1e-4 of
/// kappa). Its ellipsoids of core s = x Rs (`steep`) have A d(ln s) = 4 sigma0 Rs^3 x^3 / (1 + x^2)^2 d(ln s).
#[derive(Clone, Copy, Debug)]
pub struct HernquistEllipse;

const SIGMA0: ProfileParameter = ProfileParameter::new(
    "sigma0",
    ParameterKind::positive(r#"{"log_normal": {"loc": 0.0, "scale": 1.0}}"#),
    "",
    r"\sigma_0",
    "rho_0 Rs over the critical surface density: the deflection at Rs is 2/3 sigma0 Rs.",
);

const RS: ProfileParameter = ProfileParameter::new(
    "Rs",
    ParameterKind::positive(r#"{"log_normal": {"loc": -0.5, "scale": 0.8}}"#),
    "arcsec",
    r"R_\mathrm{s}",
    "Radius at which the density turns from r^-1 to r^-4; the half-light radius over 1.815.",
);

radial::profile!(Hernquist, Hernquist, 2, 4, "hernquist", &[SIGMA0, RS, CENTER_X, CENTER_Y]);
ellipse::profile!(HernquistEllipse, 2, 6, "hernquist_ellipse", &[SIGMA0, RS, E1, E2, CENTER_X, CENTER_Y]);

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct HernquistHalo<S> {
    sigma0: S,
    rs: S,
    inv_rs2: S,
}

/// |y - 1| within which dG/dy is a series.
const NEAR: f64 = 0.15;

/// dG/dy = (1 / y - 3 G) / (2 (y - 1)), and near y = 1, where that cancels, the series of G = sum (1 - y)^k / (2 k + 3).
#[inline(always)]
fn fall_slope<R: Real>(y: R, fall: R) -> R {
    let c = R::constant;
    let (one, near) = (c(1.0), c(NEAR));
    let z = one - y;
    let clamped = -((-(z.at_least(-near))).at_least(-near));
    let mut series = c(0.0);
    for k in (1..=16).rev() {
        let k = f64::from(k);
        series = clamped.mul_add(series, c(-k / (2.0 * k + 3.0)));
    }
    let far = (c(3.0) * fall - one / y) / (z + z);
    (z * z).above_or(near * near, far, series)
}

/// sigma0, Rs.
impl Radial<2> for Hernquist {
    type Halo<S: Scalar> = HernquistHalo<S>;

    fn halo<S: Scalar>(&[sigma0, rs]: &[f64; 2]) -> HernquistHalo<S> {
        let rs = positive(rs);
        HernquistHalo { sigma0: S::from_f64(sigma0), rs: S::from_f64(rs), inv_rs2: S::from_f64(1.0 / (rs * rs)) }
    }

    #[inline(always)]
    fn pull<R: Real>(halo: &HernquistHalo<R::Scalar>, u: R) -> R {
        let half = R::broadcast(halo.sigma0) * carlson(u * R::broadcast(halo.inv_rs2)).fall;
        half + half
    }

    #[inline(always)]
    fn slopes<R: Real>(halo: &HernquistHalo<R::Scalar>, u: R) -> Slopes<R, 2> {
        let [sigma0, rs, inv_rs2] = [halo.sigma0, halo.rs, halo.inv_rs2].map(R::broadcast);
        let y = u * inv_rs2;
        let fall = carlson(y).fall;
        let strength = sigma0 + sigma0;
        let by_u = strength * fall_slope(y, fall) * inv_rs2;
        Slopes { pull: strength * fall, by_u, params: [fall + fall, R::constant(-2.0) * u * by_u / rs] }
    }

    fn potential(halo: &HernquistHalo<f64>, u: f64) -> f64 {
        // Rs^2 [ln(y / 4) / 2 + F], as the mass of a NFW halo has it.
        2.0 * halo.sigma0 * u * mass(u * halo.inv_rs2).0
    }
}

/// sigma0, Rs.
impl Ellipsoid<2> for HernquistEllipse {
    type By = Steep;

    fn prepare<S: Scalar>(&[sigma0, rs]: &[f64; 2]) -> Rows<S> {
        let rs = positive(rs);
        let ladder = Ladder::new::<S>(rs, 2.0);
        Series::new(ladder.len, |i| {
            let x = ladder.rung(i) / rs;
            let a = 4.0 * sigma0 * rs.powi(3) * ladder.weight(i, 2.0, 4.0) * x.powi(3) / (1.0 + x * x).powi(2);
            row(ladder.rung(i), [a, 0.0, 0.0])
        })
    }

    #[inline(always)]
    fn by_own<R: Real>([sigma0, rs]: [R; 2], parts: &Parts<R>) -> [R; 2] {
        [parts.value / sigma0, (parts.value - parts.by_ln_r) / rs]
    }
}
