//! Pointwise: a field that is a formula of position, and the SIMD loops that serve all of them.

use std::ops::Range;

use fearless_simd::{Level, Simd};

use crate::number::{
    Complex, Real, Scalar, complex,
    lanes::{LANES, Lanes},
    pair::Pair,
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
    dispatch(Value::<P, N, OUT> { prepared: P::prepare(&numbers(params)), xy: [x, y], out });
}

/// Adds the derivatives of sum_i g_i . field_i: by parameter to `dparams`, by position to `dx` and `dy`, which may both be
/// empty when nobody wants them.
///
/// The order of summation is fixed by the slice, so that equal input gives equal bits.
pub fn add_vjp<P: Pointwise<N, OUT>, const N: usize, const OUT: usize>(
    params: &[f64],
    xy: [&[f32]; 2],
    g: [&[f32]; OUT],
    dparams: &mut [f64],
    positions: [&mut [f32]; 2],
) {
    dispatch(Vjp::<P, N, OUT> { prepared: P::prepare(&numbers(params)), xy, g, dparams, positions });
}

/// Something to be done with the widest numbers that the processor at hand has instructions for.
trait Task {
    fn with<R: Vector<L>, const L: usize>(self);
}

/// One f32 or several, read from and written to slices.
trait Vector<const L: usize>: Real<Scalar = f32> {
    /// What many of them are summed in: as many lanes on every processor that has lanes.
    type Sum: Real<Scalar = f32>;
    fn load(numbers: [f32; L]) -> Self;
    fn store(self) -> [f32; L];
    /// sum + self, the first numbers first.
    fn add_to(self, sum: Self::Sum) -> Self::Sum;
    /// The sum over lanes.
    fn total(sum: Self::Sum) -> f64;
}

impl Vector<1> for f32 {
    type Sum = f32;
    #[inline(always)]
    fn load([number]: [f32; 1]) -> f32 {
        number
    }
    #[inline(always)]
    fn store(self) -> [f32; 1] {
        [self]
    }
    #[inline(always)]
    fn add_to(self, sum: f32) -> f32 {
        sum + self
    }
    #[inline(always)]
    fn total(sum: f32) -> f64 {
        f64::from(sum)
    }
}

impl<S: Simd> Vector<LANES> for Lanes<S> {
    type Sum = Self;
    #[inline(always)]
    fn load(numbers: [f32; LANES]) -> Self {
        Lanes::load(numbers)
    }
    #[inline(always)]
    fn store(self) -> [f32; LANES] {
        Lanes::store(self)
    }
    #[inline(always)]
    fn add_to(self, sum: Self) -> Self {
        sum + self
    }
    #[inline(always)]
    fn total(sum: Self) -> f64 {
        sum.store().into_iter().map(f64::from).sum()
    }
}

/// Lanes of a pair.
const TWICE: usize = 2 * LANES;

impl<S: Simd> Vector<TWICE> for Pair<Lanes<S>> {
    type Sum = Lanes<S>;
    #[inline(always)]
    fn load(numbers: [f32; TWICE]) -> Self {
        let halves = numbers.as_chunks().0;
        Self(Lanes::load(halves[0]), Lanes::load(halves[1]))
    }
    #[inline(always)]
    fn store(self) -> [f32; TWICE] {
        let mut numbers = [0.0; TWICE];
        let halves = numbers.as_chunks_mut().0;
        halves[0] = self.0.store();
        halves[1] = self.1.store();
        numbers
    }
    #[inline(always)]
    fn add_to(self, sum: Lanes<S>) -> Lanes<S> {
        sum + self.0 + self.1
    }
    #[inline(always)]
    fn total(sum: Lanes<S>) -> f64 {
        sum.store().into_iter().map(f64::from).sum()
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pairs<T: Task, S: Simd>(_: S, task: T) {
    task.with::<Pair<Lanes<S>>, TWICE>();
}

/// Without fused multiply-add numbers go one by one: a processor of before 2013 takes 2 ms for 256 x 256 deflections where others take
/// 0.1 ms, and nobody waits for a third vector version to compile.
fn dispatch<T: Task>(task: T) {
    #[inline(always)]
    fn lanes<T: Task, S: Simd>(simd: S, task: T) {
        simd.vectorize(
            #[inline(always)]
            || task.with::<Lanes<S>, LANES>(),
        );
    }
    match Level::new() {
        // Thirty-two registers have room for two formulas.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(simd) => simd.vectorize(
            #[inline(always)]
            || pairs(simd, task),
        ),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(simd) => lanes(simd, task),
        #[cfg(target_arch = "aarch64")]
        Level::Neon(simd) => lanes(simd, task),
        _ => task.with::<f32, 1>(),
    }
}

struct Value<'a, P: Pointwise<N, OUT>, const N: usize, const OUT: usize> {
    prepared: P::Prepared<f32>,
    xy: [&'a [f32]; 2],
    out: [&'a mut [f32]; OUT],
}

impl<P: Pointwise<N, OUT>, const N: usize, const OUT: usize> Task for Value<'_, P, N, OUT> {
    #[inline(always)]
    fn with<R: Vector<L>, const L: usize>(self) {
        let [x, y] = self.xy.map(Chunks::<L>::repeated);
        let mut out = self.out.map(Sinks::<L>::new);
        for i in 0..x.len() {
            let values = P::value(&self.prepared, complex(R::load(*x.at(i)), R::load(*y.at(i))));
            for k in 0..OUT {
                out[k].add(i, values[k]);
            }
        }
        out.into_iter().for_each(Sinks::finish);
    }
}

struct Vjp<'a, P: Pointwise<N, OUT>, const N: usize, const OUT: usize> {
    prepared: P::Prepared<f32>,
    xy: [&'a [f32]; 2],
    g: [&'a [f32]; OUT],
    dparams: &'a mut [f64],
    positions: [&'a mut [f32]; 2],
}

impl<P: Pointwise<N, OUT>, const N: usize, const OUT: usize> Task for Vjp<'_, P, N, OUT> {
    #[inline(always)]
    fn with<R: Vector<L>, const L: usize>(self) {
        // Images in one plane want no derivative of the deflection by position: a loop of their own is a quarter faster. Light is
        // spared the second loop, which takes as long to compile, and so are single numbers.
        if OUT == 1 || L == 1 || self.positions.iter().all(|into| !into.is_empty()) {
            self.sum::<R, L, true>();
        } else {
            self.sum::<R, L, false>();
        }
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

/// The chunks of a block without those at either end whose cotangents are all zero, as those of rays beside a small source are: they add
/// nothing. Looking at each chunk instead makes a Sersic source, which has no such rays, 5 % slower.
#[inline(always)]
fn with_cotangent<const L: usize, const OUT: usize>(g: &[Chunks<'_, L>; OUT], mut block: Range<usize>) -> Range<usize> {
    // Zero of either sign, all numbers at once.
    let is_zero = |i: usize| g.iter().all(|g| g.at(i).iter().fold(0, |bits, g| bits | (g.to_bits() << 1)) == 0);
    while !block.is_empty() && is_zero(block.start) {
        block.start += 1;
    }
    while !block.is_empty() && is_zero(block.end - 1) {
        block.end -= 1;
    }
    block
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
    fn add<R: Vector<L>>(&mut self, i: usize, value: R) {
        let into = self.whole.get_mut(i).unwrap_or(&mut self.last);
        *into = (R::load(*into) + value).store();
    }

    #[inline(always)]
    fn finish(self) {
        self.rest.iter_mut().zip(self.last).for_each(|(into, value)| *into += value);
    }
}

impl<P: Pointwise<N, OUT>, const N: usize, const OUT: usize> Vjp<'_, P, N, OUT> {
    #[inline(always)]
    fn sum<R: Vector<L>, const L: usize, const POSITIONS: bool>(self) {
        let Vjp { prepared, xy, g, dparams, positions: [dx, dy] } = self;
        let wanted = POSITIONS && !dx.is_empty() && !dy.is_empty();
        // The points missing in the last chunk repeat its last one with g = 0: they add nothing.
        let ([x, y], g) = (xy.map(Chunks::<L>::repeated), g.map(Chunks::<L>::padded));
        let (mut dx, mut dy) = (Sinks::<L>::new(dx), Sinks::<L>::new(dy));
        let together = if L > LANES { BLOCK * LANES / L } else { BLOCK };
        for block in (0..x.len()).step_by(together) {
            let mut sums = [R::Sum::constant(0.0); N];
            for i in with_cotangent(&g, block..(block + together).min(x.len())) {
                let p = complex(R::load(*x.at(i)), R::load(*y.at(i)));
                let d = P::gradient(&prepared, p, std::array::from_fn(|k| R::load(*g[k].at(i))));
                for (sum, term) in sums.iter_mut().zip(&d.params) {
                    *sum = term.add_to(*sum);
                }
                if wanted {
                    dx.add(i, d.position.re);
                    dy.add(i, d.position.im);
                }
            }
            for (d, sum) in dparams.iter_mut().zip(sums) {
                *d += R::total(sum);
            }
        }
        dx.finish();
        dy.finish();
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::*;
    use crate::mass::{Epl, formula::Deflection};

    type Field = Deflection<Epl>;

    const PARAMS: [f64; 6] = [1.2, 1.9, 0.1, -0.2, 0.05, 0.02];

    /// Deflections of the power law, and the gradient by its parameters and by position.
    fn by<R: Vector<L>, const L: usize>(xy: [&[f32]; 2]) -> ([Vec<f32>; 4], Vec<f64>) {
        let n = xy[0].len();
        let mut planes = [vec![0.5; n], vec![-0.5; n], vec![0.25; n], vec![0.0; n]];
        let mut dparams = vec![0.0; 6];
        let [ax, ay, dx, dy] = &mut planes;
        Value::<Field, 6, 2> { prepared: Field::prepare(&PARAMS), xy, out: [ax, ay] }.with::<R, L>();
        let (g, positions) = (xy, [&mut dx[..], &mut dy[..]]);
        let vjp = Vjp::<Field, 6, 2> { prepared: Field::prepare(&PARAMS), xy, g, dparams: &mut dparams, positions };
        vjp.with::<R, L>();
        (planes, dparams)
    }

    #[test]
    fn a_point_without_a_cotangent_adds_nothing_where_the_field_is_no_number_either() {
        // Whole chunks of any width, and a part of one.
        let n = 100;
        let x: Vec<f32> = (0..n).map(|i| if i < 50 { (0.7 * i as f32).sin() } else { f32::NAN }).collect();
        let g: Vec<f32> = (0..n).map(|i| if i < 32 { 0.3 } else { 0.0 }).collect();
        let gradient = |n: usize| {
            let (mut by, mut dx, mut dy) = ([0.0; 6], vec![0.0; n], vec![0.0; n]);
            add_vjp::<Field, 6, 2>(&PARAMS, [&x[..n], &x[..n]], [&g[..n], &g[..n]], &mut by, [&mut dx, &mut dy]);
            (by, dx)
        };
        let ((all, dx), (part, _)) = (gradient(n), gradient(32));
        assert!(all.iter().zip(&part).all(|(a, b)| a == b && a.is_finite()), "{all:?} {part:?}");
        assert!(dx[64..].iter().all(|dx| *dx == 0.0));
    }

    fn pairs_are_lanes<S: Simd>(_: S, xy: [&[f32]; 2]) {
        assert_eq!(by::<Pair<Lanes<S>>, TWICE>(xy), by::<Lanes<S>, LANES>(xy), "{} points", xy[0].len());
    }

    #[test]
    fn pairs_of_lanes_have_the_bits_of_lanes() {
        // Whole chunks, an odd number of them, and what is left over; and more than one block of sums.
        for n in [1, 16, 32, 48, 100, 277, 1000] {
            let x: Vec<f32> = (0..n).map(|i| 2.0 * (0.7 * i as f32).sin()).collect();
            let y: Vec<f32> = (0..n).map(|i| 1.5 * (1.1 * i as f32).cos()).collect();
            dispatch!(Level::new(), simd => pairs_are_lanes(simd, [&x, &y]));
        }
    }
}
