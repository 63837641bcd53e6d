//! The log density of a family as one operation: element by element, or summed over all but the lanes.

use std::marker::PhantomData;

use multiversion::multiversion;

use super::family::{Family, Partials};
use crate::autodiff::{
    FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Walk, broadcast_all, common_lanes, dot, sum,
};
use crate::error::Result;
use crate::shape::Dims;

/// Whether every parameter is in its domain and the support holds something.
#[inline]
pub(super) fn valid<F: Family<N>, const N: usize>(params: [f64; N]) -> bool {
    F::PARAMS.iter().zip(params).all(|(p, value)| p.constraint.holds(value)) && !F::SUPPORT.is_empty(&params)
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
            marker: PhantomData,
        }
    }

    /// One number per lane.
    pub(super) fn summed() -> Self {
        LogProb { summed: true, ..Self::by_element() }
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
        let same = |walk: &Walk| matches!(walk, Walk::Same) && n != 1;
        let fits = |walk: &Walk| matches!(walk, Walk::Along) || same(walk);
        if matches!(self.x_walk, Walk::Along) && self.walks.iter().all(fits) {
            if !self.summed {
                if each::<F, N>(x, params, out, &mut slopes) {
                    return;
                }
            } else if let Some(total) = match self.walks.iter().position(|walk| !same(walk)) {
                // What depends on parameters that are the same for all elements is computed once.
                None => fast::<F, N, NONE>(x, params, &mut slopes),
                Some(0) if self.walks[1..].iter().all(same) => fast::<F, N, 0>(x, params, &mut slopes),
                _ => fast::<F, N, ANY>(x, params, &mut slopes),
            } {
                out[0] = total;
                return;
            }
        }
        if self.summed {
            out[0] = 0.0;
        }
        for e in 0..n {
            let mut at = [0.0; N];
            (0..N).for_each(|i| at[i] = params[i][self.walks[i].at(e)]);
            let partials = partials::<F, N>(x[self.x_walk.at(e)], at);
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
fn partials<F: Family<N>, const N: usize>(x: f64, params: [f64; N]) -> Partials<N> {
    if valid::<F, N>(params) && F::SUPPORT.contains(x, &params) {
        let partials = F::log_prob(x, params);
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

/// No parameter moves from element to element.
const NONE: usize = usize::MAX;
/// Any of them may.
const ANY: usize = usize::MAX - 1;
/// Elements of one step: sums that run side by side.
const STEP: usize = 8;

/// The sum over the elements of `x`, parameter `K` element by element and the others the same for all; `None` where an element
/// is out of support or has no finite density, which the careful way then looks at one by one.
#[multiversion(targets("x86_64+avx2+fma"))]
fn fast<F: Family<N>, const N: usize, const K: usize>(
    x: &[f64],
    params: [&[f64]; N],
    slopes: &mut Slopes<'_, N>,
) -> Option<f64> {
    let mut at = [0.0; N];
    for i in 0..N {
        at[i] = *params[i].first()?;
    }
    let mut sums = [0.0; STEP];
    let mut inside = true;
    let (whole, rest) = x.as_chunks::<STEP>();
    for (chunk, x) in whole.iter().enumerate() {
        let start = chunk * STEP;
        let mut all = [const { [0.0; STEP] }; N];
        let mut dx = [0.0; STEP];
        for j in 0..STEP {
            if K == ANY {
                (0..N).for_each(|i| at[i] = params[i][if params[i].len() == 1 { 0 } else { start + j }]);
            } else if K < N {
                at[K] = params[K][start + j];
            }
            inside &= valid::<F, N>(at) & F::SUPPORT.contains(x[j], &at);
            let partials = F::log_prob(x[j], at);
            sums[j] += partials.value;
            dx[j] = partials.dx;
            (0..N).for_each(|i| all[i][j] = partials.dparams[i]);
        }
        if let Some(into) = slopes.dx.get_mut(start..start + STEP) {
            into.copy_from_slice(&dx);
        }
        for (into, values) in slopes.dparams.iter_mut().zip(&all) {
            if let Some(into) = into.get_mut(start..start + STEP) {
                into.copy_from_slice(values);
            }
        }
    }
    let mut total = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
    let start = whole.len() * STEP;
    for (j, x) in rest.iter().enumerate() {
        if K == ANY {
            (0..N).for_each(|i| at[i] = params[i][if params[i].len() == 1 { 0 } else { start + j }]);
        } else if K < N {
            at[K] = params[K][start + j];
        }
        inside &= valid::<F, N>(at) & F::SUPPORT.contains(*x, &at);
        let partials = F::log_prob(*x, at);
        total += partials.value;
        slopes.store(start + j, &partials);
    }
    (inside && total.is_finite()).then_some(total)
}

/// The same for each element, into `out`; an input with one number serves all elements. `false` where an element is out of
/// support or has no finite density.
#[multiversion(targets("x86_64+avx2+fma"))]
fn each<F: Family<N>, const N: usize>(
    x: &[f64],
    params: [&[f64]; N],
    out: &mut [f64],
    slopes: &mut Slopes<'_, N>,
) -> bool {
    let mut inside = true;
    for (chunk, out) in out.chunks_mut(STEP).enumerate() {
        let start = chunk * STEP;
        let (mut all, mut dx) = ([const { [0.0; STEP] }; N], [0.0; STEP]);
        let part = |numbers: &[f64]| -> [f64; STEP] {
            match (numbers.get(start..start + STEP), numbers) {
                (_, [one]) => [*one; STEP],
                (Some(whole), _) => std::array::from_fn(|j| whole[j]),
                // The last elements again and again: they are valid if the others are.
                (None, _) => std::array::from_fn(|j| numbers[(start + j).min(numbers.len() - 1)]),
            }
        };
        let (x, params) = (part(x), params.map(part));
        let mut values = [0.0; STEP];
        for j in 0..STEP {
            let at = std::array::from_fn(|i| params[i][j]);
            inside &= valid::<F, N>(at) & F::SUPPORT.contains(x[j], &at);
            let partials = F::log_prob(x[j], at);
            (values[j], dx[j]) = (partials.value, partials.dx);
            (0..N).for_each(|i| all[i][j] = partials.dparams[i]);
        }
        inside &= values.iter().all(|value| value.is_finite());
        out.copy_from_slice(&values[..out.len()]);
        let keep = |into: &mut [f64], values: &[f64; STEP]| {
            if let Some(into) = into.get_mut(start..start + out.len()) {
                into.copy_from_slice(&values[..into.len()]);
            }
        };
        keep(slopes.dx, &dx);
        slopes.dparams.iter_mut().zip(&all).for_each(|(into, values)| keep(into, values));
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
        let dims = if self.summed { Dims::SCALAR } else { self.dims };
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let length = out.shape.lanes * self.dims.len();
        let room = |slopes: &mut Vec<f64>, wanted: bool| slopes.resize(if wanted { length } else { 0 }, 0.0);
        room(&mut self.dx, inputs.at(0).traced);
        self.dparams.iter_mut().enumerate().for_each(|(i, slopes)| room(slopes, inputs.at(i + 1).traced));
        let (x, params): (_, [Operand<'_>; N]) = (inputs.at(0), std::array::from_fn(|i| inputs.at(i + 1)));
        if self.dims.len() == 1 && out.shape.lanes > 1 {
            // One element a lane: the lanes are the elements.
            let params = std::array::from_fn(|i| params[i].numbers());
            let mut slopes =
                Slopes { dx: &mut self.dx, dparams: self.dparams.each_mut().map(|slopes| &mut slopes[..]) };
            if each::<F, N>(x.numbers(), params, out.numbers(), &mut slopes) {
                return;
            }
        }
        for lane in 0..out.shape.lanes {
            let params = std::array::from_fn(|i| params[i].lane(lane));
            self.lane(lane, x.lane(lane), params, out.lane(lane));
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.dims.len();
        let walks = std::iter::once(&self.x_walk).chain(&self.walks);
        let slopes = std::iter::once(&self.dx).chain(&self.dparams);
        for (i, (walk, slopes)) in walks.zip(slopes).enumerate() {
            if n == 1
                && let Some(into) = gradients.same_as(i, *out.shape)
            {
                into.iter_mut().zip(slopes).zip(cotangent.numbers()).for_each(|((g, slope), c)| *g += c * slope);
                continue;
            }
            for lane in 0..out.shape.lanes {
                let Some(into) = gradients.lane(i, lane) else { break };
                let (c, slopes) = (cotangent.lane(lane), &slopes[lane * n..(lane + 1) * n]);
                match (walk, self.summed) {
                    (Walk::Same, true) => into[0] += c[0] * sum(slopes),
                    (Walk::Same, false) => into[0] += dot(slopes, c),
                    (_, true) => add(walk, into, slopes.iter().map(|slope| c[0] * slope)),
                    (_, false) => add(walk, into, slopes.iter().zip(c).map(|(slope, c)| c * slope)),
                }
            }
        }
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
