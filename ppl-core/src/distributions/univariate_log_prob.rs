//! The log density of a family as one operation: element by element, or summed over all but the lanes.

use std::marker::PhantomData;

use multiversion::multiversion;

use super::family::{Family, Partials};
use crate::autodiff::{
    FusedOp, Gradients, Inputs, Operand, Out, Output, SUMS, Shape, Walk, broadcast_all, common_lanes, dot, sum,
};
use crate::error::Result;
use crate::shape::Dims;

/// Whether every parameter is in its domain and the support holds something.
#[inline]
pub(super) fn valid<F: Family<N>, const N: usize>(params: [f64; N]) -> bool {
    let each = F::PARAMS.iter().zip(params).fold(true, |all, (p, value)| all & p.constraint.holds(value));
    each & !F::SUPPORT.is_empty(&params)
}

/// log p(x | parameters).
#[derive(Clone)]
pub(super) struct LogProb<F, const N: usize> {
    summed: bool,
    dims: Dims,
    /// d log p / d x of every element, empty where nobody wants it.
    dx: Vec<f64>,
    /// The same by each parameter.
    dparams: [Vec<f64>; N],
    x_walk: Walk,
    walks: [Walk; N],
    /// The family's constant of every element, once it is known that what it depends on stays as it is.
    constants: Vec<f64>,
    marker: PhantomData<fn() -> F>,
}

impl<F: Family<N>, const N: usize> LogProb<F, N> {
    /// One number for each element.
    pub(super) fn by_element() -> Self {
        LogProb {
            summed: false,
            dims: Dims::SCALAR,
            dx: vec![],
            dparams: [const { vec![] }; N],
            x_walk: Walk::Along,
            walks: [const { Walk::Along }; N],
            constants: vec![],
            marker: PhantomData,
        }
    }

    /// One number per lane.
    pub(super) fn summed() -> Self {
        LogProb { summed: true, ..Self::by_element() }
    }

    /// Computes the constants, where what they depend on is no traced value, the same for all lanes, and they are not there yet.
    fn keep_constants(&mut self, inputs: Inputs<'_>) {
        let stays = |i: &usize| !inputs.at(*i).traced && inputs.at(*i).shape.lanes == 1;
        if F::CONSTANT_OF.is_empty() || !self.constants.is_empty() || !F::CONSTANT_OF.iter().all(stays) {
            return;
        }
        self.constants.extend((0..self.dims.len()).map(|e| {
            let x = inputs.at(0).lane(0)[self.x_walk.at(e)];
            F::log_constant(x, std::array::from_fn(|i| inputs.at(i + 1).lane(0)[self.walks[i].at(e)]))
        }));
    }

    /// One lane: `out` is one number or one for each element.
    fn lane(&mut self, lane: usize, x: &[f64], params: [&[f64]; N], out: &mut [f64]) {
        let n = self.dims.len();
        let part = |slopes: &mut Vec<f64>| if slopes.is_empty() { 0..0 } else { lane * n..(lane + 1) * n };
        let range = part(&mut self.dx);
        let mut slopes = Slopes { dx: &mut self.dx[range], dparams: std::array::from_fn(|_| &mut [][..]) };
        for (into, all) in slopes.dparams.iter_mut().zip(&mut self.dparams) {
            let range = part(all);
            *into = &mut all[range];
        }
        let fits = |walk: &Walk| matches!(walk, Walk::Along | Walk::Same);
        if matches!(self.x_walk, Walk::Along) && self.walks.iter().all(fits) {
            // A constant of what is the same for all elements is computed once.
            let same = |i: &usize| *i > 0 && matches!(self.walks[i - 1], Walk::Same);
            let shared;
            let constants = match &self.constants[..] {
                [] if !F::CONSTANT_OF.is_empty() && F::CONSTANT_OF.iter().all(same) => {
                    shared = [F::log_constant(f64::NAN, params.map(|p| p[0]))];
                    &shared[..]
                }
                kept => kept,
            };
            if fast::<F, N>(&Elements { x, params, constants }, self.summed, out, &mut slopes) {
                return;
            }
        }
        if self.summed {
            out[0] = 0.0;
        }
        for e in 0..n {
            let at = std::array::from_fn(|i| params[i][self.walks[i].at(e)]);
            let partials = partials::<F, N>(x[self.x_walk.at(e)], at, self.constants.get(e));
            slopes.store(e, &partials);
            if self.summed { out[0] += partials.value } else { out[e] = partials.value }
        }
    }
}

/// Where the slopes of one lane go; empty where nobody wants them.
struct Slopes<'a, const N: usize> {
    dx: &'a mut [f64],
    dparams: [&'a mut [f64]; N],
}

impl<const N: usize> Slopes<'_, N> {
    #[inline]
    fn store(&mut self, e: usize, partials: &Partials<N>) {
        if let Some(into) = self.dx.get_mut(e) {
            *into = partials.dx;
        }
        for i in 0..N {
            if let Some(into) = self.dparams[i].get_mut(e) {
                *into = partials.dparams[i];
            }
        }
    }
}

/// log p and its slopes where they exist.
#[inline]
fn partials<F: Family<N>, const N: usize>(x: f64, params: [f64; N], constant: Option<&f64>) -> Partials<N> {
    if valid::<F, N>(params) && F::SUPPORT.contains(x, &params) {
        let mut partials = F::log_kernel(x, params);
        partials.value += constant.copied().unwrap_or_else(|| F::log_constant(x, params));
        if partials.value.is_finite() {
            return partials;
        }
        // No slope of a lane without a density, so that parameters shared with other lanes stay finite.
        return Partials { value: partials.value, ..Partials::IMPOSSIBLE };
    }
    if x.is_nan() || params.iter().any(|p| p.is_nan()) {
        // NaN goes on as NaN, to be counted under its site; anything else outside is impossible.
        return Partials { value: f64::NAN, ..Partials::IMPOSSIBLE };
    }
    Partials::IMPOSSIBLE
}

/// Elements of a step: so many that a loop over them is not unrolled, and becomes whole SIMD vectors.
const LONG: usize = 32;

/// What a loop over elements reads, each with its parameters (one number serves all elements) and its constant (one serves all,
/// none is computed).
struct Elements<'a, const N: usize> {
    x: &'a [f64],
    params: [&'a [f64]; N],
    constants: &'a [f64],
}

/// The sum of all elements, or each of them, into `out`. `false` where an element is out of support or has no finite density,
/// which the careful way then looks at one by one.
#[multiversion(targets("x86_64+avx2+fma"))]
fn fast<F: Family<N>, const N: usize>(
    from: &Elements<'_, N>,
    summed: bool,
    out: &mut [f64],
    slopes: &mut Slopes<'_, N>,
) -> bool {
    let n = if summed { from.x.len() } else { out.len() };
    let (mut sums, mut inside, mut start) = ([0.0; SUMS], true, 0);
    let mut each = if summed { None } else { Some(&mut *out) };
    while start + LONG <= n {
        inside &= step::<F, N, LONG>(from, start, &mut sums, each.as_deref_mut(), slopes);
        start += LONG;
    }
    while start + SUMS <= n {
        inside &= step::<F, N, SUMS>(from, start, &mut sums, each.as_deref_mut(), slopes);
        start += SUMS;
    }
    while start < n {
        inside &= step::<F, N, 1>(from, start, &mut sums, each.as_deref_mut(), slopes);
        start += 1;
    }
    if summed {
        out[0] = sum(&sums);
        inside &= out[0].is_finite();
    }
    inside
}

/// `W` elements from `start` on, into `sums` or each into `out`.
#[inline(always)]
fn step<F: Family<N>, const N: usize, const W: usize>(
    from: &Elements<'_, N>,
    start: usize,
    sums: &mut [f64; SUMS],
    out: Option<&mut [f64]>,
    slopes: &mut Slopes<'_, N>,
) -> bool {
    let part = |numbers: &[f64]| -> [f64; W] {
        match (numbers, numbers.get(start..start + W)) {
            ([one], _) => [*one; W],
            (_, Some(chunk)) => std::array::from_fn(|j| chunk[j]),
            _ => [0.0; W],
        }
    };
    let (x, params) = (part(from.x), from.params.map(part));
    let (mut all, mut dx, mut values) = ([const { [0.0; W] }; N], [0.0; W], [0.0; W]);
    let mut inside = true;
    for j in 0..W {
        let at = std::array::from_fn(|i| params[i][j]);
        inside &= valid::<F, N>(at) & F::SUPPORT.contains(x[j], &at);
    }
    for j in 0..W {
        let partials = F::log_kernel(x[j], std::array::from_fn(|i| params[i][j]));
        (values[j], dx[j]) = (partials.value, partials.dx);
        (0..N).for_each(|i| all[i][j] = partials.dparams[i]);
    }
    if !F::CONSTANT_OF.is_empty() {
        let constants = match from.constants {
            [] => std::array::from_fn(|j| F::log_constant(x[j], std::array::from_fn(|i| params[i][j]))),
            kept => part(kept),
        };
        (0..W).for_each(|j| values[j] += constants[j]);
    }
    match out {
        None => (0..W).for_each(|j| sums[j % SUMS] += values[j]),
        Some(out) => {
            inside &= values.iter().all(|value| value.is_finite());
            out[start..start + W].copy_from_slice(&values);
        }
    }
    if let Some(into) = slopes.dx.get_mut(start..start + W) {
        into.copy_from_slice(&dx);
    }
    for (into, values) in slopes.dparams.iter_mut().zip(&all) {
        if let Some(into) = into.get_mut(start..start + W) {
            into.copy_from_slice(values);
        }
    }
    inside
}

impl<F: Family<N>, const N: usize> FusedOp for LogProb<F, N> {
    const NAME: &'static str = F::NAME;

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.dims = broadcast_all(inputs)?;
        self.x_walk = self.dims.walk(inputs[0].dims);
        for (walk, input) in self.walks.iter_mut().zip(&inputs[1..]) {
            *walk = self.dims.walk(input.dims);
        }
        self.constants.clear();
        let dims = if self.summed { Dims::SCALAR } else { self.dims };
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (lanes, n) = (out.shape.lanes, self.dims.len());
        let room = |slopes: &mut Vec<f64>, wanted: bool| {
            if slopes.len() != if wanted { lanes * n } else { 0 } {
                slopes.resize(if wanted { lanes * n } else { 0 }, 0.0);
            }
        };
        room(&mut self.dx, inputs.at(0).traced);
        self.dparams.iter_mut().enumerate().for_each(|(i, slopes)| room(slopes, inputs.at(i + 1).traced));
        self.keep_constants(inputs);
        let (x, params): (_, [Operand<'_>; N]) = (inputs.at(0), std::array::from_fn(|i| inputs.at(i + 1)));
        if n == 1 {
            let (x, params) = (x.numbers(), std::array::from_fn(|i| params[i].numbers()));
            let mut slopes =
                Slopes { dx: &mut self.dx, dparams: self.dparams.each_mut().map(|slopes| &mut slopes[..]) };
            if lanes == 1 {
                let partials = partials::<F, N>(x[0], params.map(|p| p[0]), self.constants.first());
                slopes.store(0, &partials);
                out.numbers()[0] = partials.value;
                return;
            }
            // One element a lane: the lanes are the elements.
            if fast::<F, N>(&Elements { x, params, constants: &self.constants }, false, out.numbers(), &mut slopes) {
                return;
            }
        }
        if lanes == 1 {
            return self.lane(0, x.numbers(), std::array::from_fn(|i| params[i].numbers()), out.numbers());
        }
        for lane in 0..lanes {
            let params = std::array::from_fn(|i| params[i].lane(lane));
            self.lane(lane, x.lane(lane), params, out.lane(lane));
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (n, c) = (self.dims.len(), cotangent.numbers());
        // By index: the state of chained iterators would cost more than the sums of a small model.
        for i in 0..=N {
            let (walk, slopes) =
                if i == 0 { (&self.x_walk, &self.dx) } else { (&self.walks[i - 1], &self.dparams[i - 1]) };
            if slopes.is_empty() {
                continue;
            }
            let Some((into, step)) = gradients.lanes(i) else { continue };
            match out.shape.lanes {
                1 => carry(walk, self.summed, c, slopes, into),
                _ if n == 1 && step == 1 => {
                    into.iter_mut().zip(slopes).zip(c).for_each(|((g, slope), c)| *g += c * slope);
                }
                lanes => {
                    let each = if self.summed { 1 } else { n };
                    for lane in 0..lanes {
                        let (c, slopes) = (&c[lane * each..][..each], &slopes[lane * n..][..n]);
                        carry(walk, self.summed, c, slopes, &mut into[lane * step..]);
                    }
                }
            }
        }
    }
}

/// Adds to the gradient of an input in one lane; `c` is one number for a sum, else one for each element.
#[inline]
fn carry(walk: &Walk, summed: bool, c: &[f64], slopes: &[f64], into: &mut [f64]) {
    match (walk, slopes, summed) {
        (Walk::Along | Walk::Same, [slope], _) => into[0] += c[0] * slope,
        (Walk::Same, _, true) => into[0] += c[0] * sum(slopes),
        (Walk::Same, _, false) => into[0] += dot(slopes, c),
        (_, _, true) => {
            let c = c[0];
            add(walk, into, slopes.iter().map(|slope| c * slope));
        }
        (_, _, false) => add(walk, into, slopes.iter().zip(c).map(|(slope, c)| c * slope)),
    }
}

/// Adds terms of the output's elements to where they come from.
#[inline]
fn add(walk: &Walk, into: &mut [f64], terms: impl Iterator<Item = f64>) {
    match walk {
        Walk::Along => into.iter_mut().zip(terms).for_each(|(g, t)| *g += t),
        Walk::Same => into[0] += terms.sum::<f64>(),
        Walk::Table(table) => table.iter().zip(terms).for_each(|(i, t)| into[*i] += t),
    }
}
