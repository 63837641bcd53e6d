//! Formula: a mass profile as its complex functions, and the SIMD loops that serve all of them.

use multiversion::{multiversion, target::target_cfg_f};

use super::Lensing;
use crate::{
    complex::{Complex, complex},
    parameter::Parameter,
    simd::{LANES, Lanes, Real, Scalar},
};

/// The most parameters that a formula may have.
pub(super) const MAX_PARAMETERS: usize = 8;

/// Chunks whose gradients are summed in f32, lane by lane, before they go into the f64 sum: the order of summation, and
/// with it the last bit of a gradient, depends on nothing but the slice.
const BLOCK: usize = 16;

/// A mass profile as pure functions of a position p = x + iy, written once for f64 and for several f32 at a time.
///
/// `mass_profile!` makes one a profile.
pub(super) trait Formula {
    /// Its name in a system file.
    const NAME: &'static str;
    /// Its parameters, at most [`MAX_PARAMETERS`], in the order in which `lens` reads them.
    const PARAMETERS: &'static [Parameter];
    /// What is computed once for a set of parameters.
    type Lens<S: Scalar>;

    /// Prepares a set of parameters.
    fn lens<S: Scalar>(params: &[f64]) -> Self::Lens<S>;
    /// The deflection at p.
    fn alpha<R: Real>(lens: &Self::Lens<R::Scalar>, p: Complex<R>) -> Complex<R>;
    /// Adds g . d alpha / d parameter at p to `sums`, for each parameter.
    fn gradient<R: Real>(lens: &Self::Lens<R::Scalar>, p: Complex<R>, g: Complex<R>, sums: &mut [R; MAX_PARAMETERS]);
    /// Potential, deflection and Hessian at p.
    fn point(lens: &Self::Lens<f64>, p: Complex<f64>) -> Lensing;
}

/// Makes a [`Formula`] a [`MassProfile`](super::MassProfile). By a macro, not for all `P: Formula`, so that the SIMD
/// loops are compiled here once and not again in every crate that names a profile.
macro_rules! mass_profile {
    ($P:ty) => {
        impl $crate::mass::MassProfile for $P {
            fn name(&self) -> &'static str {
                <$P as Formula>::NAME
            }

            fn parameters(&self) -> &'static [Parameter] {
                <$P as Formula>::PARAMETERS
            }

            fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
                $crate::mass::formula::deflect::<$P>(&<$P>::lens(params), x, y, ax, ay);
            }

            fn deflect_vjp(&self, params: &[f64], x: &[f32], y: &[f32], gx: &[f32], gy: &[f32], dparams: &mut [f64]) {
                $crate::mass::formula::deflect_vjp::<$P>(&<$P>::lens(params), x, y, gx, gy, dparams);
            }

            fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing {
                <$P as Formula>::point(&<$P>::lens(params), complex(x, y))
            }

            fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
                $crate::mass::formula::deflection_jacobian::<$P>(&<$P>::lens(params), x, y)
            }
        }
    };
}
pub(super) use mass_profile;

/// (d alpha_x / dp, d alpha_y / dp) for every parameter p.
pub(super) fn deflection_jacobian<P: Formula>(lens: &P::Lens<f64>, x: f64, y: f64) -> Vec<[f64; 2]> {
    let along = |g| {
        let mut sums = [0.0; MAX_PARAMETERS];
        P::gradient(lens, complex(x, y), g, &mut sums);
        sums
    };
    let (dx, dy) = (along(complex(1.0, 0.0)), along(complex(0.0, 1.0)));
    dx.into_iter().zip(dy).take(P::PARAMETERS.len()).map(|(dx, dy)| [dx, dy]).collect()
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn deflect<P: Formula>(lens: &P::Lens<f32>, x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        deflect_lanes::<P, LANES, true>(lens, x, y, ax, ay);
    } else {
        deflect_lanes::<P, 1, false>(lens, x, y, ax, ay);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn deflect_vjp<P: Formula>(
    lens: &P::Lens<f32>,
    x: &[f32],
    y: &[f32],
    gx: &[f32],
    gy: &[f32],
    dparams: &mut [f64],
) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        vjp_lanes::<P, LANES, true>(lens, x, y, gx, gy, dparams);
    } else {
        vjp_lanes::<P, 1, false>(lens, x, y, gx, gy, dparams);
    }
}

#[inline(always)]
fn deflect_lanes<P: Formula, const N: usize, const FMA: bool>(
    lens: &P::Lens<f32>,
    x: &[f32],
    y: &[f32],
    ax: &mut [f32],
    ay: &mut [f32],
) {
    let ((x, x_tail), (y, y_tail)) = (x.as_chunks(), y.as_chunks());
    let ((ax, ax_tail), (ay, ay_tail)) = (ax.as_chunks_mut(), ay.as_chunks_mut());
    for ((x, y), (ax, ay)) in x.iter().zip(y).zip(ax.iter_mut().zip(ay)) {
        let alpha = P::alpha(lens, complex(Lanes::<N, FMA>(*x), Lanes(*y)));
        alpha.re.add_to(ax);
        alpha.im.add_to(ay);
    }
    if !x_tail.is_empty() {
        let alpha = P::alpha(lens, complex(Lanes::<N, FMA>::repeat_last(x_tail), Lanes::repeat_last(y_tail)));
        alpha.re.add_to_part(ax_tail);
        alpha.im.add_to_part(ay_tail);
    }
}

#[inline(always)]
fn vjp_lanes<P: Formula, const N: usize, const FMA: bool>(
    lens: &P::Lens<f32>,
    x: &[f32],
    y: &[f32],
    gx: &[f32],
    gy: &[f32],
    dparams: &mut [f64],
) {
    let zero = [Lanes::<N, FMA>::constant(0.0); MAX_PARAMETERS];
    let mut flush = |sums: [Lanes<N, FMA>; MAX_PARAMETERS]| {
        for (d, sum) in dparams.iter_mut().zip(sums) {
            *d += sum.sum();
        }
    };
    let ((x, x_tail), (y, y_tail)) = (x.as_chunks(), y.as_chunks());
    let ((gx, gx_tail), (gy, gy_tail)) = (gx.as_chunks(), gy.as_chunks());
    for ((x, y), (gx, gy)) in x.chunks(BLOCK).zip(y.chunks(BLOCK)).zip(gx.chunks(BLOCK).zip(gy.chunks(BLOCK))) {
        let mut sums = zero;
        for ((x, y), (gx, gy)) in x.iter().zip(y).zip(gx.iter().zip(gy)) {
            P::gradient(lens, complex(Lanes(*x), Lanes(*y)), complex(Lanes(*gx), Lanes(*gy)), &mut sums);
        }
        flush(sums);
    }
    if !x_tail.is_empty() {
        // The missing points repeat the last one with g = 0: they add nothing.
        let mut sums = zero;
        let p = complex(Lanes::repeat_last(x_tail), Lanes::repeat_last(y_tail));
        P::gradient(lens, p, complex(Lanes::pad_zero(gx_tail), Lanes::pad_zero(gy_tail)), &mut sums);
        flush(sums);
    }
}
