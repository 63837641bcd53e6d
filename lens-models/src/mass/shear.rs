//! Shear: the constant tidal field of everything that is far away.

use super::{
    Lensing,
    formula::{Formula, MAX_PARAMETERS, mass_profile},
};
use crate::{
    complex::{Complex, complex},
    parameter::{Parameter, ParameterKind},
    simd::{Real, Scalar},
};

/// External shear `gamma1 gamma2` about the origin of the image: alpha = (gamma1 + i gamma2) conj(x + iy).
#[derive(Clone, Copy, Debug)]
pub struct Shear;

mass_profile!(Shear);

impl Formula for Shear {
    const NAME: &'static str = "shear";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new("gamma1", ParameterKind::Shear, "", r"\gamma_1", "Shear along x (positive) or y (negative)."),
        Parameter::new("gamma2", ParameterKind::Shear, "", r"\gamma_2", "Shear along y = x (positive) or y = -x."),
    ];
    type Lens<S: Scalar> = Complex<S>;

    fn lens<S: Scalar>(params: &[f64]) -> Complex<S> {
        complex(S::from_f64(params[0]), S::from_f64(params[1]))
    }

    #[inline(always)]
    fn alpha<R: Real>(gamma: &Complex<R::Scalar>, p: Complex<R>) -> Complex<R> {
        Complex::broadcast(*gamma) * p.conj()
    }

    #[inline(always)]
    fn gradient<R: Real>(_: &Complex<R::Scalar>, p: Complex<R>, g: Complex<R>, sums: &mut [R; MAX_PARAMETERS]) {
        sums[0] = sums[0] + g.dot(p.conj());
        sums[1] = sums[1] + g.dot(p.conj().times_i());
    }

    fn point(gamma: &Complex<f64>, p: Complex<f64>) -> Lensing {
        let alpha = Self::alpha(gamma, p);
        Lensing {
            potential: 0.5 * p.dot(alpha),
            alpha: [alpha.re, alpha.im],
            f_xx: gamma.re,
            f_xy: gamma.im,
            f_yy: -gamma.re,
        }
    }
}
