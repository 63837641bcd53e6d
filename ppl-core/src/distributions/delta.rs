//! Delta: all mass at one value.

use std::marker::PhantomData;

use serde_json::Value as Json;

use super::{Distribution, SampledIn};
use crate::autodiff::{Broadcast, Dims, IntoVar, Rank, Shape, Value, zip_values};
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::support::Support;

/// log p(x) = 0 at the value, -inf elsewhere: what a guide samples for a point estimate.
///
/// ```
/// use ppl_core::distributions::Delta;
/// use ppl_core::{Ctx, Result};
///
/// fn guide(ctx: &mut Ctx) -> Result<()> {
///     let best = ctx.param("mu_best", 0.0)?;
///     ctx.sample("mu", Delta::new(best)).map(drop)
/// }
/// ```
pub struct Delta<S: Rank = ()> {
    value: Value,
    /// log p at the value, and how many dimensions one draw has for it.
    log_density: Value,
    event_rank: usize,
    marker: PhantomData<S>,
}

impl<S: Rank> Delta<S> {
    /// At a value; each of its elements is a draw of its own.
    pub fn new(value: impl IntoVar<Rank = S>) -> Self {
        let value = value.into_var().as_value().clone();
        Delta { value, log_density: Value::shared(Dims::SCALAR, vec![0.0]), event_rank: 0, marker: PhantomData }
    }
}

impl Delta {
    /// At a value of any rank that is one draw, with this log density there, one number per lane (NumPyro's `log_density`): what
    /// the transform of a draw leaves.
    pub fn whole(value: &Value, log_density: impl IntoVar<Rank = ()>) -> Self {
        let log_density = log_density.into_var().as_value().clone();
        Delta { value: value.clone(), log_density, event_rank: value.dims().rank(), marker: PhantomData }
    }
}

impl<S: Rank> Distribution for Delta<S> {
    fn name(&self) -> &'static str {
        "delta"
    }

    fn dims(&self) -> Dims {
        self.value.dims()
    }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn support(&self) -> Support<Value> {
        let end = |x| Value::shared(Dims::SCALAR, vec![x]);
        Support::Interval { low: end(f64::NEG_INFINITY), high: end(f64::INFINITY) }
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        if self.dims().broadcast(dims) != Some(dims) {
            return Err(Error::Broadcast { left: self.dims(), right: dims });
        }
        let walk = dims.walk(self.dims());
        let mut draws = Vec::with_capacity(rngs.len() * dims.len());
        for lane in 0..rngs.len() {
            let own = self.value.peek_lane(lane);
            draws.extend((0..dims.len()).map(|e| own[walk.at(e)]));
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), draws))
    }

    fn rsample(&self, _: &str, _: &mut [Rng], dims: Dims) -> Result<Value> {
        self.value.check()?;
        if self.dims() == dims { Ok(self.value.clone()) } else { self.value.expanded(dims) }
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        let (own, got) = (self.dims(), x.dims());
        let whole = own.broadcast(got).ok_or(Error::Broadcast { left: own, right: got })?;
        let (to_own, to_x) = (whole.walk(own), whole.walk(got));
        let lanes = self.value.lanes().max(x.lanes());
        let batch = whole.split(self.event_rank).0;
        let event = whole.len() / batch.len().max(1);
        let mut log_prob = vec![0.0; lanes * batch.len()];
        for lane in 0..lanes {
            let (own, x) = (self.value.peek_lane(lane), x.peek_lane(lane));
            for e in (0..whole.len()).filter(|e| own[to_own.at(*e)] != x[to_x.at(*e)]) {
                log_prob[lane * batch.len() + e / event.max(1)] = f64::NEG_INFINITY;
            }
        }
        zip_values(&Value::constant(Shape::new(lanes, batch), log_prob), &self.log_density, |at, log| {
            (at + log, [1.0, 1.0])
        })
    }

    fn check(&self, _: &str) -> Result<()> {
        self.value.check()
    }

    fn to_json(&self) -> Option<Json> {
        None
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        (name == "v").then(|| self.value.clone())
    }
}

impl<S: Rank + Broadcast<Depth>, Depth: Rank> SampledIn<Depth> for Delta<S> {
    type Value = S::Out;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Tape, Var};

    #[test]
    fn its_draw_is_its_value_through_which_gradients_flow() {
        let tape = Tape::recording();
        let x = Var::leaf(&tape, 2, (2,), vec![0.1, 0.2, 0.3, 0.4]).unwrap();
        let draw = Delta::new(&x).rsample("x", &mut [], Dims::new(&[3, 2])).unwrap();
        assert_eq!((draw.dims().sizes(), draw.lane(1)), (&[3, 2][..], &[0.3, 0.4, 0.3, 0.4, 0.3, 0.4][..]));
        tape.backward(Var::<(usize, usize)>::from_value(draw).sum().as_value()).unwrap();
        assert_eq!(x.as_value().take_gradient().unwrap().numbers(), [3.0; 4]);
    }

    #[test]
    fn there_is_no_mass_elsewhere_and_a_whole_draw_has_one_density() {
        let value = Value::shared(Dims::new(&[2]), vec![0.1, 0.2]);
        let near = Value::shared(Dims::new(&[2]), vec![0.1, 0.3]);
        let each = Delta::<(usize,)>::new([0.1, 0.2]);
        assert_eq!(each.log_prob(&near).unwrap().numbers(), [0.0, f64::NEG_INFINITY]);
        let whole = Delta::whole(&value, 1.5);
        assert_eq!(whole.log_prob(&value).unwrap().numbers(), [1.5]);
        assert_eq!(whole.log_prob_sum(&near).unwrap().numbers(), [f64::NEG_INFINITY]);
    }
}
