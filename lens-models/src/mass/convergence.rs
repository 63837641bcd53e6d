//! Convergence: a sheet of constant surface density.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar},
    parameter::{ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// A sheet of convergence `kappa` about the origin of the image: alpha = kappa w.
///
/// As with [`Shear`](super::Shear) its origin is no parameter: it would move the source alone.
#[derive(Clone, Copy, Debug)]
pub struct Convergence;

crate::mass_profile!(Convergence);

impl Formula<1> for Convergence {
    const NAME: &'static str = "convergence";
    const PARAMETERS: &'static [ProfileParameter] = &[ProfileParameter::new(
        "kappa",
        ParameterKind::Shear,
        "",
        r"\kappa_\mathrm{ext}",
        "Convergence of the sheet, of either sign.",
    )];
    type Lens<S: Scalar> = S;

    fn lens<S: Scalar>(&[kappa]: &[f64; 1]) -> S {
        S::from_f64(kappa)
    }

    #[inline(always)]
    fn alpha<R: Real>(kappa: &R::Scalar, p: Complex<R>) -> Complex<R> {
        p.scale(R::broadcast(*kappa))
    }

    #[inline(always)]
    fn gradient<R: Real>(kappa: &R::Scalar, p: Complex<R>, g: Complex<R>) -> Partials<R, 1> {
        Partials { params: [g.dot(p)], position: g.scale(R::broadcast(*kappa)) }
    }

    fn potential(kappa: &f64, p: Complex<f64>) -> f64 {
        0.5 * kappa * p.norm_sqr()
    }
}
