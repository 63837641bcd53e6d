//! Uniform: a sky of one brightness everywhere.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// I = amp, of either sign: the pedestal that a subtraction of the sky has left (lenstronomy's `UNIFORM`).
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

crate::light_profile!(Uniform);

impl Formula<1> for Uniform {
    const NAME: &'static str = "uniform";
    const PARAMETERS: &'static [ProfileParameter] =
        &[ProfileParameter::new("amp", ParameterKind::Sky, "", "I_0", "Surface brightness.")];
    type Light<S: Scalar> = S;

    fn light<S: Scalar>([amp]: &[f64; 1]) -> S {
        S::from_f64(*amp)
    }

    #[inline(always)]
    fn intensity<R: Real>(amp: &R::Scalar, _: Complex<R>) -> R {
        R::broadcast(*amp)
    }

    #[inline(always)]
    fn gradient<R: Real>(_: &R::Scalar, _: Complex<R>, g: R) -> Partials<R, 1> {
        Partials { params: [g], position: complex(R::constant(0.0), R::constant(0.0)) }
    }
}
