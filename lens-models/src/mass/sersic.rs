//! SersicKappa: stars whose mass follows their light, and Gaussians of mass.

use super::ellipse::{self, Ellipsoid, Parts};
use super::radial::positive;
use super::shells::{self, Of, Shells};
use crate::{
    light::{BnWithSlope, sersic_bn},
    number::{Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
};

/// Sersic's law as a convergence: `k_eff R_sersic n_sersic e1 e2 center_x center_y`; kappa = k_eff exp(-b_n [(R / R_sersic)^(1/n) - 1]),
/// b_n exact, n from 0.3 to 10 (Cardone 2004, doi:10.1051/0004-6361:20034423; lenstronomy's `SERSIC`, and `SERSIC_ELLIPSE_KAPPA` but for
/// its ellipticity and both for b_n).
///
/// A point within 1e-6 arcsec of the centre feels no deflection.
#[derive(Clone, Copy, Debug)]
pub struct SersicKappa;

/// A Gaussian of mass: `amp sigma e1 e2 center_x center_y`; kappa = amp / (2 pi sigma^2) exp(-R^2 / (2 sigma^2)) (Shajib 2019,
/// doi:10.1093/mnras/stz1796; lenstronomy's `GAUSSIAN_ELLIPSE_KAPPA`, and its `MULTI_GAUSSIAN_ELLIPSE_KAPPA` is a sum of them).
#[derive(Clone, Copy, Debug)]
pub struct GaussianKappa;

const K_EFF: ProfileParameter = ProfileParameter::new(
    "k_eff",
    ParameterKind::positive(r#"{"log_normal": {"loc": -0.7, "scale": 1.0}}"#),
    "",
    r"\kappa_\mathrm{eff}",
    "Convergence at R_sersic.",
);

const N_SERSIC: ProfileParameter = ProfileParameter::new(
    "n_sersic",
    ParameterKind::Other { low: 0.3, high: 10.0, prior: r#"{"uniform": {"low": 0.5, "high": 8.0}}"# },
    "",
    "n",
    "1: exponential disc, 4: de Vaucouleurs.",
);

const AMP: ProfileParameter = ProfileParameter::new(
    "amp",
    ParameterKind::positive(r#"{"log_normal": {"loc": 0.0, "scale": 1.5}}"#),
    "arcsec^2",
    "A",
    "The integral of the convergence.",
);

const fn radius(name: &'static str, label: &'static str, doc: &'static str) -> ProfileParameter {
    let kind = ParameterKind::positive(r#"{"log_normal": {"loc": -0.2, "scale": 0.8}}"#);
    ProfileParameter::new(name, kind, "arcsec", label, doc)
}

const R_SERSIC: ProfileParameter = radius("R_sersic", "R_e", "Radius of half of the mass: sqrt(q) times semi-major.");
const SIGMA: ProfileParameter =
    radius("sigma", r"\sigma", "Standard deviation: sqrt(q) times that along the major axis.");

ellipse::profile!(SersicKappa, 3, 7, "sersic_kappa", &[K_EFF, R_SERSIC, N_SERSIC, E1, E2, CENTER_X, CENTER_Y]);
ellipse::profile!(GaussianKappa, 2, 6, "gaussian_kappa", &[AMP, SIGMA, E1, E2, CENTER_X, CENTER_Y]);

/// k_eff, R_sersic, n_sersic.
impl Ellipsoid<3> for SersicKappa {
    type By = Shells;

    fn prepare<S: Scalar>(&[k_eff, radius, n]: &[f64; 3]) -> Of<S> {
        let n = if (0.3..=10.0).contains(&n) { n } else { f64::NAN };
        let BnWithSlope { b, db_dn } = sersic_bn(n);
        let scale = positive(radius) * b.powf(-n);
        // x = b (R / R_sersic)^(1/n): dx/dn = x [b' / b - ln(x / b) / n].
        shells::of(k_eff * b.exp(), scale, n, [db_dn, db_dn / b + b.ln() / n])
    }

    #[inline(always)]
    fn by_own<R: Real>([k_eff, radius, _]: [R; 3], parts: &Parts<R>) -> [R; 3] {
        [parts.value / k_eff, (parts.value - parts.by_ln_r) / radius, parts.share]
    }
}

/// amp, sigma.
impl Ellipsoid<2> for GaussianKappa {
    type By = Shells;

    fn prepare<S: Scalar>(&[amp, sigma]: &[f64; 2]) -> Of<S> {
        let scale2 = 2.0 * positive(sigma).powi(2);
        shells::of(amp / (std::f64::consts::PI * scale2), scale2.sqrt(), 0.5, [0.0, 0.0])
    }

    #[inline(always)]
    fn by_own<R: Real>([amp, sigma]: [R; 2], parts: &Parts<R>) -> [R; 2] {
        [parts.value / amp, -(parts.value + parts.by_ln_r) / sigma]
    }
}
