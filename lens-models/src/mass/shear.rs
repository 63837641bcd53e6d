//! Shear: the constant tidal field of everything that is far away.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// External shear `gamma1 gamma2` about the origin of the image: alpha = (gamma1 + i gamma2) conj(x + iy).
#[derive(Clone, Copy, Debug)]
pub struct Shear;

crate::mass_profile!(Shear);

impl Formula<2> for Shear {
    const NAME: &'static str = "shear";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new(
            "gamma1",
            ParameterKind::Shear,
            "",
            r"\gamma_1",
            "Shear along x (positive) or y (negative).",
        ),
        ProfileParameter::new(
            "gamma2",
            ParameterKind::Shear,
            "",
            r"\gamma_2",
            "Shear along y = x (positive) or y = -x.",
        ),
    ];
    type Lens<S: Scalar> = Complex<S>;

    fn lens<S: Scalar>(params: &[f64; 2]) -> Complex<S> {
        let [gamma1, gamma2] = params.map(S::from_f64);
        complex(gamma1, gamma2)
    }

    #[inline(always)]
    fn alpha<R: Real>(gamma: &Complex<R::Scalar>, p: Complex<R>) -> Complex<R> {
        Complex::broadcast(*gamma) * p.conj()
    }

    #[inline(always)]
    fn gradient<R: Real>(gamma: &Complex<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 2> {
        Partials {
            params: [g.dot(p.conj()), g.dot(p.conj().times_i())],
            position: Complex::broadcast(*gamma) * g.conj(),
        }
    }

    fn potential(gamma: &Complex<f64>, p: Complex<f64>) -> f64 {
        0.5 * p.dot(Self::alpha(gamma, p))
    }

    fn potential_slopes(params: &[f64; 2], p: Complex<f64>) -> [f64; 2] {
        Self::gradient(&Self::lens(params), p, p).params.map(|along| 0.5 * along)
    }
}
