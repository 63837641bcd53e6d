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
    // Images in one plane want no derivative of the deflection by position: a loop of their own is a quarter faster. Light is
    // spared the second loop, which takes as long to compile.
    let wanted = OUT == 1 || positions.iter().all(|into| !into.is_empty());
    if target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64")) {
        if wanted {
            vjp_lanes::<P, N, OUT, LANES, true, true>(prepared, xy, g, dparams, positions);
        } else {
            vjp_lanes::<P, N, OUT, LANES, true, false>(prepared, xy, g, dparams, positions);
        }
    } else {
        vjp_lanes::<P, N, OUT, 1, false, true>(prepared, xy, g, dparams, positions);
    }
}

/// A slice as whole chunks, and the last, short one (if there is one) filled up. A loop over both reads whole vectors from one
/// of two places and has the formula in it once: compiling a formula for a processor takes seconds.
struct Chunks<'a, const L: usize> {
    whole: &'a [[f32; L]],
    last: Option<[f32; L]>,
}

impl<'a, const L: usize> Chunks<'a, L> {
    /// Missing numbers are `fill` of those there are.
    #[inline(always)]
    fn new(slice: &'a [f32], fill: impl Fn(&[f32]) -> f32) -> Self {
        let (whole, rest) = slice.as_chunks();
        let last = (!rest.is_empty()).then(|| {
            let mut last = [fill(rest); L];
            last[..rest.len()].copy_from_slice(rest);
            last
        });
        Self { whole, last }
    }

    /// The last number again.
    #[inline(always)]
    fn repeated(slice: &'a [f32]) -> Self {
        Self::new(slice, |rest| rest.last().copied().unwrap_or(0.0))
    }

    /// Zeros.
    #[inline(always)]
    fn padded(slice: &'a [f32]) -> Self {
        Self::new(slice, |_| 0.0)
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.whole.len() + usize::from(self.last.is_some())
    }

    #[inline(always)]
    fn at(&self, i: usize) -> &[f32; L] {
        const { assert!(L > 0) };
        self.whole.get(i).or(self.last.as_ref()).unwrap_or(&[0.0; L])
    }
}

/// The same to add to; what goes into the filled-up chunk is added to the slice at the end.
struct Sinks<'a, const L: usize> {
    whole: &'a mut [[f32; L]],
    rest: &'a mut [f32],
    last: [f32; L],
}

impl<'a, const L: usize> Sinks<'a, L> {
    #[inline(always)]
    fn new(slice: &'a mut [f32]) -> Self {
        let (whole, rest) = slice.as_chunks_mut();
        Self { whole, rest, last: [0.0; L] }
    }

    #[inline(always)]
    fn add<const FMA: bool>(&mut self, i: usize, value: Lanes<L, FMA>) {
        let into = self.whole.get_mut(i).unwrap_or(&mut self.last);
        (0..L).for_each(|lane| into[lane] += value.0[lane]);
    }

    #[inline(always)]
    fn finish(self) {
        self.rest.iter_mut().zip(self.last).for_each(|(into, value)| *into += value);
    }
}

#[inline(always)]
fn value_lanes<P: Pointwise<N, OUT>, const N: usize, const OUT: usize, const L: usize, const FMA: bool>(
    prepared: &P::Prepared<f32>,
    x: &[f32],
    y: &[f32],
    out: [&mut [f32]; OUT],
) {
    let (x, y) = (Chunks::<L>::repeated(x), Chunks::<L>::repeated(y));
    let mut out = out.map(Sinks::<L>::new);
    for i in 0..x.len() {
        let values = P::value(prepared, complex(Lanes::<L, FMA>(*x.at(i)), Lanes(*y.at(i))));
        for k in 0..OUT {
            out[k].add(i, values[k]);
        }
    }
    out.into_iter().for_each(Sinks::finish);
}

#[inline(always)]
fn vjp_lanes<
    P: Pointwise<N, OUT>,
    const N: usize,
    const OUT: usize,
    const L: usize,
    const FMA: bool,
    const POSITIONS: bool,
>(
    prepared: &P::Prepared<f32>,
    [x, y]: [&[f32]; 2],
    g: [&[f32]; OUT],
    dparams: &mut [f64],
    [dx, dy]: [&mut [f32]; 2],
) {
    let wanted = POSITIONS && !dx.is_empty() && !dy.is_empty();
    // The points missing in the last chunk repeat its last one with g = 0: they add nothing.
    let (x, y, g) = (Chunks::<L>::repeated(x), Chunks::<L>::repeated(y), g.map(Chunks::<L>::padded));
    let (mut dx, mut dy) = (Sinks::<L>::new(dx), Sinks::<L>::new(dy));
    for block in (0..x.len()).step_by(BLOCK) {
        let mut sums = [Lanes::<L, FMA>::constant(0.0); N];
        // Kept here and added in a loop of its own: a branch in this one keeps LLVM from making vectors of the whole of it.
        let mut positions = [complex(Lanes::<L, FMA>::constant(0.0), Lanes::constant(0.0)); BLOCK];
        let chunks = block..(block + BLOCK).min(x.len());
        for (i, position) in chunks.clone().zip(&mut positions) {
            let p = complex(Lanes::<L, FMA>(*x.at(i)), Lanes(*y.at(i)));
            let d = P::gradient(prepared, p, std::array::from_fn(|k| Lanes(*g[k].at(i))));
            for (sum, term) in sums.iter_mut().zip(&d.params) {
                *sum = *sum + *term;
            }
            if POSITIONS {
                *position = d.position;
            }
        }
        if wanted {
            for (i, position) in chunks.zip(positions) {
                dx.add(i, position.re);
                dy.add(i, position.im);
            }
        }
        for (d, sum) in dparams.iter_mut().zip(sums) {
            *d += sum.sum();
        }
    }
    dx.finish();
    dy.finish();
}
