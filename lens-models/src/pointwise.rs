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

/// The loops have the formula in them once, because compiling it for a processor takes seconds: the last, short chunk is
/// padded and goes through the same code as the whole ones.
#[inline(always)]
fn value_lanes<P: Pointwise<N, OUT>, const N: usize, const OUT: usize, const L: usize, const FMA: bool>(
    prepared: &P::Prepared<f32>,
    x: &[f32],
    y: &[f32],
    out: [&mut [f32]; OUT],
) {
    let ((x, x_tail), (y, y_tail)) = (x.as_chunks::<L>(), y.as_chunks::<L>());
    let (x_padded, y_padded) = ([repeat_last(x_tail)], [repeat_last(y_tail)]);
    let mut padded = [[[0.0; L]]; OUT];
    let mut parts = out.map(|plane| plane.as_chunks_mut::<L>());
    let whole = parts.each_mut().map(|(chunks, _)| chunks.iter_mut());
    let rest = padded.each_mut().map(|chunk| chunk.iter_mut());
    let segments = if x_tail.is_empty() { 1 } else { 2 };
    for (x, y, mut out) in [(x, y, whole), (&x_padded, &y_padded, rest)].into_iter().take(segments) {
        for (x, y) in x.iter().zip(y) {
            let value = P::value(prepared, complex(Lanes::<L, FMA>(*x), Lanes(*y)));
            for (value, chunks) in value.iter().zip(&mut out) {
                if let Some(chunk) = chunks.next() {
                    value.add_to(chunk);
                }
            }
        }
    }
    for ((_, tail), [padded]) in parts.iter_mut().zip(&padded) {
        tail.iter_mut().zip(padded).for_each(|(out, value)| *out += value);
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
    let ((x, x_tail), (y, y_tail)) = (x.as_chunks::<L>(), y.as_chunks::<L>());
    // The points missing in the last chunk repeat its last one with g = 0: they add nothing.
    let (x_padded, y_padded) = ([repeat_last(x_tail)], [repeat_last(y_tail)]);
    let g = g.map(|plane| plane.as_chunks::<L>());
    let g_padded = g.map(|(_, tail)| [padded(tail, 0.0)]);
    let whole = g.map(|(chunks, _)| chunks);
    let rest = g_padded.each_ref().map(|chunk| &chunk[..]);
    let (mut dx, mut dy) = (dx.chunks_mut(L), dy.chunks_mut(L));
    // Kept here and added in a loop of its own: a branch in the first keeps LLVM from making vectors of all of it.
    let mut positions = [complex(Lanes::<L, FMA>::constant(0.0), Lanes::constant(0.0)); BLOCK];
    let segments = if x_tail.is_empty() { 1 } else { 2 };
    for (x, y, g) in [(x, y, whole), (&x_padded[..], &y_padded[..], rest)].into_iter().take(segments) {
        let mut g = g.map(|plane| plane.iter());
        for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
            let mut sums = [Lanes::<L, FMA>::constant(0.0); N];
            for ((x, y), position) in x.iter().zip(y).zip(&mut positions) {
                let g = g.each_mut().map(|chunks| chunks.next().map_or(Lanes([0.0; L]), |chunk| Lanes(*chunk)));
                let d = P::gradient(prepared, complex(Lanes(*x), Lanes(*y)), g);
                for (sum, d) in sums.iter_mut().zip(&d.params) {
                    *sum = *sum + *d;
                }
                *position = d.position;
            }
            for (d, sum) in dparams.iter_mut().zip(sums) {
                *d += sum.sum();
            }
            // As many as the block has: the zip would else take one of `dx` too many from the last block.
            for ((position, dx), dy) in positions.iter().take(x.len()).zip(dx.by_ref()).zip(dy.by_ref()) {
                position.re.add_to(dx);
                position.im.add_to(dy);
            }
        }
    }
}

/// `L` numbers; the missing ones repeat the last.
fn repeat_last<const L: usize>(part: &[f32]) -> [f32; L] {
    padded(part, part.last().copied().unwrap_or(0.0))
}

fn padded<const L: usize>(part: &[f32], with: f32) -> [f32; L] {
    std::array::from_fn(|i| part.get(i).copied().unwrap_or(with))
}
