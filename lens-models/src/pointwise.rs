//! Pointwise: a field that is a formula of position, and the SIMD loops that serve all of them.

use multiversion::{multiversion, target::target_cfg_f};

use crate::number::{
    Complex, Real, Scalar, complex,
    lanes::{LANES, Lanes},
};

/// Chunks whose gradients are summed in f32, lane by lane, before they go into the f64 sum: the order of summation, and
/// with it the last bit of a gradient, depends on nothing but the slice.
const BLOCK: usize = 16;

/// The derivatives of g . field at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partials<R, const N: usize> {
    /// By each parameter.
    pub params: [R; N],
    /// By the position: d/dx + i d/dy.
    pub position: Complex<R>,
}

/// `OUT` numbers at every position p = x + iy, and their derivatives by `N` parameters and by position.
///
/// Mass and light profiles are such fields, with 2 numbers (a deflection) and with 1 (a brightness): see
/// [`mass::Formula`](crate::mass::Formula) and [`light::Formula`](crate::light::Formula). `N` is part of the type, so that
/// the sums of a gradient over points stay in registers where they are few, and are as many as a profile needs.
pub trait Pointwise<const N: usize, const OUT: usize> {
    /// What is computed once for a set of parameters.
    type Prepared<S: Scalar>;
    /// Prepares a set of parameters.
    fn prepare<S: Scalar>(params: &[f64; N]) -> Self::Prepared<S>;
    /// The field at p.
    fn value<R: Real>(prepared: &Self::Prepared<R::Scalar>, p: Complex<R>) -> [R; OUT];
    /// The derivatives of g . field at p.
    fn gradient<R: Real>(prepared: &Self::Prepared<R::Scalar>, p: Complex<R>, g: [R; OUT]) -> Partials<R, N>;
}

/// `N` numbers of a slice; one that is missing is NaN, and so is then what comes of it.
pub(crate) fn numbers<const N: usize>(params: &[f64]) -> [f64; N] {
    std::array::from_fn(|i| params.get(i).copied().unwrap_or(f64::NAN))
}

/// Adds the field at each point (x, y) to `out`; all slices have one length.
pub fn add_value<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(
    params: &[f64],
    x: &[f32],
    y: &[f32],
    out: [&mut [f32]; OUT],
) {
    value_simd::<P, N, OUT>(&P::prepare(&numbers(params)), x, y, out);
}

/// Adds the derivatives of sum_i g_i . field_i: by parameter to `dparams`, by position to `dx` and `dy`, which may both be
/// empty when nobody wants them.
///
/// The order of summation is fixed by the slice, so that equal input gives equal bits.
pub fn add_vjp<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(
    params: &[f64],
    [x, y]: [&[f32]; 2],
    g: [&[f32]; OUT],
    dparams: &mut [f64],
    positions: [&mut [f32]; 2],
) {
    vjp_simd::<P, N, OUT>(&P::prepare(&numbers(params)), [x, y], g, dparams, positions);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn value_simd<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(
    prepared: &P::Prepared<f32>,
    x: &[f32],
    y: &[f32],
    out: [&mut [f32]; OUT],
) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        value_lanes::<P, N, OUT, LANES, true>(prepared, x, y, out);
    } else {
        value_lanes::<P, N, OUT, 1, false>(prepared, x, y, out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+avx2+fma", "x86_64+avx2+fma"))]
fn vjp_simd<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(
    prepared: &P::Prepared<f32>,
    xy: [&[f32]; 2],
    g: [&[f32]; OUT],
    dparams: &mut [f64],
    positions: [&mut [f32]; 2],
) {
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        vjp_lanes::<P, N, OUT, LANES, true>(prepared, xy, g, dparams, positions);
    } else {
        vjp_lanes::<P, N, OUT, 1, false>(prepared, xy, g, dparams, positions);
    }
}

/// The loops have the formula in them once: the last, short chunk goes through the same code as the whole ones, because
/// compiling a formula for a processor takes seconds.
#[inline(always)]
fn value_lanes<P: Pointwise<N, OUT>, const N: usize, const OUT: usize, const L: usize, const FMA: bool>(
    prepared: &P::Prepared<f32>,
    x: &[f32],
    y: &[f32],
    out: [&mut [f32]; OUT],
) {
    let mut out = out.map(|plane| plane.chunks_mut(L));
    for (x, y) in x.chunks(L).zip(y.chunks(L)) {
        let p = complex(Lanes::<L, FMA>::repeat_last(x), Lanes::repeat_last(y));
        for (value, chunks) in P::value(prepared, p).into_iter().zip(&mut out) {
            if let Some(chunk) = chunks.next() {
                value.add_to(chunk);
            }
        }
    }
}

#[inline(always)]
fn vjp_lanes<P: Pointwise<N, OUT>, const N: usize, const OUT: usize, const L: usize, const FMA: bool>(
    prepared: &P::Prepared<f32>,
    [x, y]: [&[f32]; 2],
    g: [&[f32]; OUT],
    dparams: &mut [f64],
    [dx, dy]: [&mut [f32]; 2],
) {
    let mut g = g.map(|plane| plane.chunks(L));
    let (mut dx, mut dy) = (dx.chunks_mut(L), dy.chunks_mut(L));
    for (x, y) in x.chunks(BLOCK * L).zip(y.chunks(BLOCK * L)) {
        let mut sums = [Lanes::<L, FMA>::constant(0.0); N];
        // Kept here and added in a loop of its own: a branch in this one keeps LLVM from making vectors of the whole of it.
        let mut positions = [complex(Lanes::<L, FMA>::constant(0.0), Lanes::constant(0.0)); BLOCK];
        for ((x, y), position) in x.chunks(L).zip(y.chunks(L)).zip(&mut positions) {
            // The points missing in the last chunk repeat its last one with g = 0: they add nothing.
            let p = complex(Lanes::repeat_last(x), Lanes::repeat_last(y));
            let g = g.each_mut().map(|chunks| Lanes::pad_zero(chunks.next().unwrap_or_default()));
            let d = P::gradient(prepared, p, g);
            for (sum, d) in sums.iter_mut().zip(d.params) {
                *sum = *sum + d;
            }
            *position = d.position;
        }
        for (d, sum) in dparams.iter_mut().zip(sums) {
            *d += sum.sum();
        }
        // Last in the zip: it takes no chunk of theirs when the block is done.
        for ((position, dx), dy) in positions.iter().zip(dx.by_ref()).zip(dy.by_ref()) {
            position.re.add_to(dx);
            position.im.add_to(dy);
        }
    }
}
