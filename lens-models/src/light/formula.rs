//! Formula: a light profile as its pure functions, and the SIMD loops that serve all of them.

use multiversion::{multiversion, target::target_cfg_f};

use super::BrightnessGradient;
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

/// A light profile as pure functions of a position p = x + iy, written once for f64 and for several f32 at a time.
pub(super) trait Formula {
    /// Its parameters, at most [`MAX_PARAMETERS`], in the order of `sums`.
    const PARAMETERS: &'static [Parameter];
    /// What is computed once for a set of parameters.
    type Light<S: Scalar>;

    /// The surface brightness at p.
    fn intensity<R: Real>(light: &Self::Light<R::Scalar>, p: Complex<R>) -> R;
    /// Adds g dI/d parameter at p to `sums`, for each parameter; returns g (dI/dx + i dI/dy).
    fn gradient<R: Real>(
        light: &Self::Light<R::Scalar>,
        p: Complex<R>,
        g: R,
        sums: &mut [R; MAX_PARAMETERS],
    ) -> Complex<R>;
}

/// The derivatives at one point, in f64.
pub(super) fn point_gradient<P: Formula>(light: &P::Light<f64>, x: f64, y: f64) -> BrightnessGradient {
    let mut sums = [0.0; MAX_PARAMETERS];
    let position = P::gradient(light, complex(x, y), 1.0, &mut sums);
    BrightnessGradient { params: sums[..P::PARAMETERS.len()].to_vec(), position: [position.re, position.im] }
}

/// Positions and the gradients that come down to them.
#[derive(Clone, Copy)]
pub(super) struct Points<'a> {
    pub x: &'a [f32],
    pub y: &'a [f32],
    pub g: &'a [f32],
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn brightness<P: Formula>(light: &P::Light<f32>, x: &[f32], y: &[f32], out: &mut [f32]) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        brightness_lanes::<P, LANES, true>(light, x, y, out);
    } else {
        brightness_lanes::<P, 1, false>(light, x, y, out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn brightness_vjp<P: Formula>(
    light: &P::Light<f32>,
    points: Points<'_>,
    dparams: &mut [f64],
    dx: &mut [f32],
    dy: &mut [f32],
) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        vjp_lanes::<P, LANES, true>(light, points, dparams, dx, dy);
    } else {
        vjp_lanes::<P, 1, false>(light, points, dparams, dx, dy);
    }
}

#[inline(always)]
fn brightness_lanes<P: Formula, const N: usize, const FMA: bool>(
    light: &P::Light<f32>,
    x: &[f32],
    y: &[f32],
    out: &mut [f32],
) {
    let ((x, x_tail), (y, y_tail), (out, out_tail)) = (x.as_chunks(), y.as_chunks(), out.as_chunks_mut());
    for ((x, y), out) in x.iter().zip(y).zip(out) {
        P::intensity(light, complex(Lanes::<N, FMA>(*x), Lanes(*y))).add_to(out);
    }
    if !x_tail.is_empty() {
        let p = complex(Lanes::<N, FMA>::repeat_last(x_tail), Lanes::repeat_last(y_tail));
        P::intensity(light, p).add_to_part(out_tail);
    }
}

#[inline(always)]
fn vjp_lanes<P: Formula, const N: usize, const FMA: bool>(
    light: &P::Light<f32>,
    Points { x, y, g }: Points<'_>,
    dparams: &mut [f64],
    dx: &mut [f32],
    dy: &mut [f32],
) {
    let zero = [Lanes::<N, FMA>::constant(0.0); MAX_PARAMETERS];
    let mut flush = |sums: [Lanes<N, FMA>; MAX_PARAMETERS]| {
        for (d, sum) in dparams.iter_mut().zip(sums) {
            *d += sum.sum();
        }
    };
    let ((x, x_tail), (y, y_tail), (g, g_tail)) = (x.as_chunks(), y.as_chunks(), g.as_chunks());
    let ((dx, dx_tail), (dy, dy_tail)) = (dx.as_chunks_mut::<N>(), dy.as_chunks_mut::<N>());
    for (block, ((x, y), g)) in x.chunks(BLOCK).zip(y.chunks(BLOCK)).zip(g.chunks(BLOCK)).enumerate() {
        let mut sums = zero;
        for (chunk, ((x, y), g)) in x.iter().zip(y).zip(g).enumerate() {
            let d = P::gradient(light, complex(Lanes(*x), Lanes(*y)), Lanes(*g), &mut sums);
            if let (Some(dx), Some(dy)) = (dx.get_mut(block * BLOCK + chunk), dy.get_mut(block * BLOCK + chunk)) {
                d.re.add_to(dx);
                d.im.add_to(dy);
            }
        }
        flush(sums);
    }
    if !x_tail.is_empty() {
        // The missing points repeat the last one with g = 0: they add nothing.
        let mut sums = zero;
        let p = complex(Lanes::repeat_last(x_tail), Lanes::repeat_last(y_tail));
        let d = P::gradient(light, p, Lanes::pad_zero(g_tail), &mut sums);
        d.re.add_to_part(dx_tail);
        d.im.add_to_part(dy_tail);
        flush(sums);
    }
}
