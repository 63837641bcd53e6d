//! Univariate: what every family of one number has in common, from lanes and broadcasting to the fused tape node and JSON.

use std::cmp::Ordering;
use std::marker::PhantomData;

use serde_json::{Value as Json, json};

use super::family::{Family, Partials};
use super::support::{Bound, Support};
use super::{Distribution, SampledIn};
use crate::autodiff::{Broadcast, Data, Dims, FusedOp, Gradient, IntoVar, Operand, Rank, Shape, Value, Walk, record};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// A family with its parameters; the widest of them has rank `S`. Made by the family's `new`.
pub struct Univariate<F: Family<N>, const N: usize, S: Rank = ()> {
    params: [Value; N],
    marker: PhantomData<(F, S)>,
}

/// Ranks of the parameters of one distribution, and the widest of them.
pub trait Ranks {
    /// The rank of a draw.
    type Widest: Rank;
}

impl<A: Rank> Ranks for (A,) {
    type Widest = A;
}
impl<A: Broadcast<B>, B: Rank> Ranks for (A, B) {
    type Widest = A::Out;
}
impl<A: Broadcast<B>, B: Rank, C: Rank> Ranks for (A, B, C)
where
    A::Out: Broadcast<C>,
{
    type Widest = <A::Out as Broadcast<C>>::Out;
}
impl<A: Broadcast<B>, B: Rank, C: Rank, D: Rank> Ranks for (A, B, C, D)
where
    A::Out: Broadcast<C>,
    <A::Out as Broadcast<C>>::Out: Broadcast<D>,
{
    type Widest = <<A::Out as Broadcast<C>>::Out as Broadcast<D>>::Out;
}

/// The parameters of a family as a user writes them: a tuple of numbers, vectors or `Var`s.
pub trait Params<const N: usize> {
    /// The rank of a draw.
    type Widest: Rank;
    /// As values.
    fn values(self) -> [Value; N];
}

macro_rules! params {
    ($n:literal: $($param:ident $at:tt),+) => {
        impl<$($param: IntoVar),+> Params<$n> for ($($param,)+)
        where
            ($($param::Rank,)+): Ranks,
        {
            type Widest = <($($param::Rank,)+) as Ranks>::Widest;
            fn values(self) -> [Value; $n] {
                [$(self.$at.into_var().as_value().clone()),+]
            }
        }
    };
}
params!(1: A 0);
params!(2: A 0, B 1);
params!(3: A 0, B 1, C 2);
params!(4: A 0, B 1, C 2, D 3);

impl<F: Family<N>, const N: usize, S: Rank> Univariate<F, N, S> {
    pub(crate) fn of(params: [Value; N]) -> Self {
        Univariate { params, marker: PhantomData }
    }

    /// Dimensions of all parameters together.
    fn broadcast(&self) -> Result<Dims> {
        self.params.iter().try_fold(Dims::SCALAR, |dims, p| fit(dims, p.dims()))
    }
}

fn fit(a: Dims, b: Dims) -> Result<Dims> {
    a.broadcast(b).ok_or(Error::Broadcast { left: a, right: b })
}

impl<F: Family<N>, const N: usize, S: Rank> Distribution for Univariate<F, N, S> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn dims(&self) -> Dims {
        self.broadcast().unwrap_or(Dims::SCALAR)
    }

    fn support(&self) -> Support<Value> {
        F::SUPPORT.map(|bound| match bound {
            Bound::At(x) => fixed_bound(x),
            Bound::Param(i) => self.params[i].clone(),
        })
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        fit(dims, self.broadcast()?)?;
        let walks: [Walk; N] = std::array::from_fn(|i| dims.walk(self.params[i].dims()));
        let mut draws = Vec::with_capacity(rngs.len() * dims.len());
        for (lane, rng) in rngs.iter_mut().enumerate() {
            let lanes: [&[f64]; N] = std::array::from_fn(|i| self.params[i].lane(lane));
            draws.extend((0..dims.len()).map(|e| {
                let params = std::array::from_fn(|i| lanes[i][walks[i].at(e)]);
                if valid::<F, N>(params) { F::sample(rng, params) } else { f64::NAN }
            }));
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), Data::F64(draws)))
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        let op = LogProb::<F, N>::new();
        let mut inputs = [x; 5];
        match inputs.get_mut(1..=N) {
            Some(rest) => {
                rest.iter_mut().zip(&self.params).for_each(|(slot, param)| *slot = param);
                record(op, &inputs[..=N])
            }
            None => record(op, &std::iter::once(x).chain(&self.params).collect::<Vec<_>>()),
        }
    }

    fn check(&self, place: &str) -> Result<()> {
        self.broadcast()?;
        // A traced parameter moves with an engine, which recovers: it makes its lane impossible instead.
        for (value, parameter) in self.params.iter().zip(F::PARAMS).filter(|(value, _)| !value.is_traced()) {
            if let Some(&bad) = value.numbers().iter().find(|x| !parameter.constraint.holds(**x)) {
                return Err(Error::Parameter {
                    place: place.to_owned(),
                    distribution: F::NAME,
                    parameter: parameter.name,
                    value: bad,
                    constraint: parameter.constraint.words(),
                });
            }
        }
        check_interval(place, &self.support())
    }

    fn to_json(&self) -> Option<Json> {
        let mut entries = serde_json::Map::new();
        for (value, parameter) in self.params.iter().zip(F::PARAMS) {
            if value.is_traced() || value.lanes() != 1 {
                return None;
            }
            entries.insert(parameter.name.to_owned(), super::json::numbers(value));
        }
        Some(json!({ F::NAME: entries }))
    }
}

/// The end of a support that never moves; the usual ones are made once a thread, as every site of every evaluation asks.
fn fixed_bound(x: f64) -> Value {
    thread_local! {
        static USUAL: [Value; 4] =
            [f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY].map(|x| Value::shared(Dims::SCALAR, vec![x]));
    }
    let found = USUAL.with(|usual| usual.iter().find(|v| v.numbers()[0] == x).cloned());
    found.unwrap_or_else(|| Value::shared(Dims::SCALAR, vec![x]))
}

/// Whether every parameter is in its domain and the support holds something.
#[inline]
fn valid<F: Family<N>, const N: usize>(params: [f64; N]) -> bool {
    F::PARAMS.iter().zip(params).all(|(p, value)| p.constraint.holds(value)) && !F::SUPPORT.is_empty(&params)
}

/// Refuses an interval whose constant ends are in the wrong order.
fn check_interval(place: &str, support: &Support<Value>) -> Result<()> {
    let (low, high) = support.bounds();
    if low.is_traced() || high.is_traced() {
        return Ok(());
    }
    let dims = fit(low.dims(), high.dims())?;
    let (to_low, to_high) = (dims.walk(low.dims()), dims.walk(high.dims()));
    for lane in 0..low.lanes().max(high.lanes()) {
        for i in 0..dims.len() {
            let (low, high) = (low.lane(lane)[to_low.at(i)], high.lane(lane)[to_high.at(i)]);
            // NaN is refused too.
            if low.partial_cmp(&high) != Some(Ordering::Less) {
                return Err(Error::EmptyInterval { place: place.to_owned(), low, high });
            }
        }
    }
    Ok(())
}

impl<F: Family<N>, const N: usize, S: Rank + Broadcast<Depth>, Depth: Rank> SampledIn<Depth> for Univariate<F, N, S> {
    type Value = S::Out;
}

/// sum over elements of log p(x | parameters), one number per lane.
struct LogProb<F, const N: usize> {
    /// d log p / d (x, parameters) of every element, interleaved.
    slopes: Vec<f64>,
    x_walk: Walk,
    walks: [Walk; N],
    marker: PhantomData<F>,
}

impl<F: Family<N>, const N: usize> LogProb<F, N> {
    fn new() -> Self {
        LogProb { slopes: vec![], x_walk: Walk::Along, walks: [const { Walk::Along }; N], marker: PhantomData }
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

impl<F: Family<N>, const N: usize> LogProb<F, N> {
    /// The sum over the elements of one lane, and their slopes.
    fn lane(&self, x: &[f64], params: [&[f64]; N], slopes: &mut [f64]) -> f64 {
        let mut moving = (0..N).filter(|i| !matches!(self.walks[*i], Walk::Stay));
        // With at most one parameter that differs from element to element, what depends on the others is computed once.
        match (&self.x_walk, moving.next(), moving.next()) {
            (Walk::Along, None, _) => run::<F, N, { usize::MAX }>(x, params, slopes),
            (Walk::Along, Some(0), None) if self.along(0) => run::<F, N, 0>(x, params, slopes),
            (Walk::Along, Some(1), None) if self.along(1) => run::<F, N, 1>(x, params, slopes),
            _ => {
                let mut total = 0.0;
                for (e, slopes) in slopes.chunks_exact_mut(N + 1).enumerate() {
                    let mut at = [0.0; N];
                    for i in 0..N {
                        at[i] = params[i][self.walks[i].at(e)];
                    }
                    total += store(partials::<F, N>(x[self.x_walk.at(e)], at), slopes);
                }
                total
            }
        }
    }

    fn along(&self, i: usize) -> bool {
        matches!(self.walks[i], Walk::Along)
    }
}

/// The sum over the elements of `x`, parameter `K` (if there is one) element by element and the others the same for all.
fn run<F: Family<N>, const N: usize, const K: usize>(x: &[f64], params: [&[f64]; N], slopes: &mut [f64]) -> f64 {
    if x.is_empty() {
        return 0.0;
    }
    let mut at = params.map(|p| p[0]);
    let mut total = 0.0;
    for (e, (x, slopes)) in x.iter().zip(slopes.chunks_exact_mut(N + 1)).enumerate() {
        if K < N {
            at[K] = params[K][e];
        }
        total += store(partials::<F, N>(*x, at), slopes);
    }
    total
}

#[inline]
fn store<const N: usize>(partials: Partials<N>, slopes: &mut [f64]) -> f64 {
    slopes[0] = partials.dx;
    slopes[1..].copy_from_slice(&partials.dparams);
    partials.value
}

impl<F: Family<N>, const N: usize> FusedOp for LogProb<F, N> {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let dims = inputs.iter().try_fold(Dims::SCALAR, |dims, i| fit(dims, i.shape.dims))?;
        let lanes = inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1);
        self.x_walk = dims.walk(inputs[0].shape.dims);
        for (walk, input) in self.walks.iter_mut().zip(&inputs[1..]) {
            *walk = dims.walk(input.shape.dims);
        }
        let per_lane = dims.len() * (N + 1);
        let mut slopes = vec![0.0; lanes * per_lane];
        let mut totals = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let mut params: [&[f64]; N] = [&[]; N];
            params.iter_mut().zip(&inputs[1..]).for_each(|(p, input)| *p = input.lane(lane));
            totals.push(self.lane(inputs[0].lane(lane), params, &mut slopes[lane * per_lane..(lane + 1) * per_lane]));
        }
        self.slopes = slopes;
        Ok((Shape::new(lanes, Dims::SCALAR), Data::F64(totals)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let per_lane = self.slopes.len() / out.shape.lanes.max(1);
        debug_assert_eq!(inputs.len(), N + 1);
        let walks = std::iter::once(&self.x_walk).chain(&self.walks);
        for ((which, gradient), walk) in gradients.iter_mut().enumerate().zip(walks) {
            for lane in 0..out.shape.lanes {
                let Some(into) = gradient.lane(lane) else { break };
                let c = cotangent.lane(lane)[0];
                let slopes = self.slopes[lane * per_lane..(lane + 1) * per_lane].chunks_exact(N + 1);
                let terms = slopes.map(|slopes| c * slopes[which]);
                match walk {
                    Walk::Along => into.iter_mut().zip(terms).for_each(|(g, t)| *g += t),
                    Walk::Stay => into[0] += terms.sum::<f64>(),
                    Walk::Table(table) => table.iter().zip(terms).for_each(|(i, t)| into[*i] += t),
                }
            }
        }
    }
}
