//! Independent: counts the innermost dimensions of a distribution as one draw.

use std::rc::Rc;

use serde_json::Value as Json;

use super::family::Family;
use super::{Any, Distribution, Gauge, SampledIn, Univariate};
use crate::autodiff::{Broadcast, Dims, Rank, Value, sum_inner};
use crate::error::Result;
use crate::rng::Rng;
use crate::support::Support;

/// A distribution whose innermost `K` dimensions belong to one draw, so that a plate goes to the left of them.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, Result, handler};
///
/// // Three systems, each with its own pair of coordinates: [3, 2].
/// fn model(ctx: &mut Ctx) -> Result<()> {
///     ctx.plate("systems", 3, |ctx| ctx.sample("center", Normal::new([0.0, 1.0], 0.1).to_event()).map(drop))
/// }
/// let trace = handler::trace(handler::seed(model, 1)).unwrap();
/// assert_eq!(trace.get("center").unwrap().value.dims().sizes(), [3, 2]);
/// ```
pub struct Independent<D, const K: usize = 1>(D);

/// A distribution whose innermost `K` dimensions may become those of one draw.
pub trait Batched<const K: usize>: Distribution {
    /// What is left of its own dimensions.
    type Outer: Rank;
}

impl<F: Family<N>, const N: usize> Batched<1> for Univariate<F, N, (usize,)> {
    type Outer = ();
}
impl<F: Family<N>, const N: usize> Batched<1> for Univariate<F, N, (usize, usize)> {
    type Outer = (usize,);
}
impl<F: Family<N>, const N: usize> Batched<2> for Univariate<F, N, (usize, usize)> {
    type Outer = ();
}

impl<D: Batched<K>, const K: usize> Independent<D, K> {
    /// Takes the innermost `K` dimensions of `dist` together.
    pub fn new(dist: D) -> Self {
        Independent(dist)
    }
}

impl<F: Family<N>, const N: usize, S: Rank> Univariate<F, N, S>
where
    Self: Batched<1>,
{
    /// The same distribution with its innermost dimension as one draw.
    pub fn to_event(self) -> Independent<Self> {
        Independent(self)
    }
}

impl<D: Distribution, const K: usize> Distribution for Independent<D, K> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn dims(&self) -> Dims {
        self.0.dims()
    }

    fn event_rank(&self) -> usize {
        self.0.event_rank() + K
    }

    fn support(&self) -> Support<Value> {
        self.0.support()
    }

    fn gauge(&self) -> Option<Gauge> {
        self.0.gauge()
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        self.0.sample(rngs, dims)
    }

    fn rsample(&self, site: &str, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        self.0.rsample(site, rngs, dims)
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        sum_inner(&self.0.log_prob(x)?, K)
    }

    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        self.0.log_prob_sum(x)
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.0.parameter(name)
    }

    fn with_parameters(&self, change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        Ok(Rc::new(Independent::<Any, K>(Any(self.0.with_parameters(change)?))))
    }

    fn check(&self, place: &str) -> Result<()> {
        self.0.check(place)
    }

    fn to_json(&self) -> Option<Json> {
        self.0.to_json()
    }
}

impl<D: Batched<1>, Depth: Rank> SampledIn<Depth> for Independent<D, 1>
where
    D::Outer: Broadcast<Depth>,
{
    type Value = <<D::Outer as Broadcast<Depth>>::Out as Rank>::Up;
}

impl<D: Batched<2>, Depth: Rank> SampledIn<Depth> for Independent<D, 2>
where
    D::Outer: Broadcast<Depth>,
{
    type Value = <<<D::Outer as Broadcast<Depth>>::Out as Rank>::Up as Rank>::Up;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::Var;
    use crate::distributions::Normal;

    fn rank<D: SampledIn<Depth>, Depth: Rank>(_: &D) -> usize {
        D::Value::RANK
    }

    #[test]
    fn the_rank_of_a_draw_counts_plates_to_the_left_of_the_event() {
        let pair = Normal::new([0.0, 1.0], 1.0).to_event();
        assert_eq!((pair.event_rank(), rank::<_, ()>(&pair), rank::<_, (usize,)>(&pair)), (1, 1, 2));
        let matrix = || Normal::new(Var::matrix(2, 2, [0.0; 4]).unwrap(), 1.0);
        let rows = matrix().to_event();
        assert_eq!((rows.event_rank(), rank::<_, ()>(&rows), rank::<_, (usize,)>(&rows)), (1, 2, 2));
        let whole = Independent::<_, 2>::new(matrix());
        assert_eq!((whole.event_rank(), rank::<_, ()>(&whole), rank::<_, (usize,)>(&whole)), (2, 2, 3));
    }

    #[test]
    fn it_is_the_distribution_under_it_in_all_else() {
        let (inner, outer) = (Normal::new([0.0, 1.0], 1.0), Normal::new([0.0, 1.0], 1.0).to_event());
        let x = Value::shared(Dims::new(&[2]), vec![0.3, 0.4]);
        assert_eq!(inner.log_prob_sum(&x).unwrap().numbers(), outer.log_prob_sum(&x).unwrap().numbers());
        let (each, whole) = (inner.log_prob(&x).unwrap(), outer.log_prob(&x).unwrap());
        assert_eq!(each.numbers().iter().sum::<f64>(), whole.numbers()[0]);
        assert_eq!(inner.to_json(), outer.to_json());
        assert!(Normal::new([0.0, 1.0], -1.0).to_event().check("here").is_err());
    }
}
