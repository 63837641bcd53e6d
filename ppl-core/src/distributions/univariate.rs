//! Univariate: what every family of one number has in common, from lanes and broadcasting to the fused tape node and JSON.

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::family::Family;
use super::univariate_log_prob::{LogProb, valid};
use super::univariate_pathwise::pathwise;
use super::{Distribution, SampledIn};
use crate::autodiff::{Broadcast, Dims, IntoVar, Rank, Shape, Value, Walk, record};
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::support::{Bound, Support};

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

/// How a family becomes a distribution: with parameters.
pub trait With<const N: usize>: Family<N> {
    /// The distribution with these parameters, a tuple of numbers, vectors or `Var`s.
    ///
    /// ```
    /// use ppl_core::distributions::{Distribution, Normal, With};
    ///
    /// // What `Normal::new([0.0, 1.0], 2.0)` does, for a family that is not declared by `family!`.
    /// let pair = Normal::with(([0.0, 1.0], 2.0));
    /// assert_eq!(pair.dims().sizes(), [2]);
    /// ```
    fn with<P: Params<N>>(params: P) -> Univariate<Self, N, P::Widest> {
        Univariate::of(params.values())
    }
}

impl<F: Family<N>, const N: usize> With<N> for F {}

impl<F: Family<N>, const N: usize, S: Rank> Univariate<F, N, S> {
    pub(crate) fn of(params: [Value; N]) -> Self {
        Univariate { params, marker: PhantomData }
    }

    fn record(&self, op: LogProb<F, N>, x: &Value) -> Result<Value> {
        record(op, &std::iter::once(x).chain(&self.params).collect::<Vec<_>>())
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
        self.params.iter().try_for_each(Value::check)?;
        fit(dims, self.broadcast()?)?;
        let walks: [Walk; N] = std::array::from_fn(|i| dims.walk(self.params[i].dims()));
        let mut draws = Vec::with_capacity(rngs.len() * dims.len());
        for (lane, rng) in rngs.iter_mut().enumerate() {
            let lanes: [&[f64]; N] = std::array::from_fn(|i| self.params[i].peek_lane(lane));
            draws.extend((0..dims.len()).map(|e| {
                let params = std::array::from_fn(|i| lanes[i][walks[i].at(e)]);
                if valid::<F, N>(params) { F::sample(rng, params) } else { f64::NAN }
            }));
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), draws))
    }

    fn rsample(&self, site: &str, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        let draws = self.sample(rngs, dims)?;
        pathwise::<F, N>(site, draws, &self.params)
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        self.record(LogProb::<F, N>::by_element(), x)
    }

    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        self.record(LogProb::<F, N>::summed(), x)
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        F::PARAMS.iter().position(|p| p.name == name).map(|i| self.params[i].clone())
    }

    fn with_parameters(&self, change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        let mut params = self.params.clone();
        for (value, parameter) in params.iter_mut().zip(F::PARAMS) {
            *value = change(parameter.name, value)?;
        }
        Ok(Rc::new(Self::of(params)))
    }

    fn check(&self, place: &str) -> Result<()> {
        self.params.iter().try_for_each(Value::check)?;
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
            entries.insert(parameter.name.to_owned(), super::json_parameters::numbers(value));
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

/// Refuses an interval whose constant ends are in the wrong order.
fn check_interval(place: &str, support: &Support<Value>) -> Result<()> {
    let Some((low, high)) = support.bounds() else { return Ok(()) };
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
