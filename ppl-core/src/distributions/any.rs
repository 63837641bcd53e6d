//! Any: a distribution whose family is known only at run time, such as one read from a file.

use std::rc::Rc;

use serde_json::Value as Json;

use super::{Distribution, Gauge, SampledIn, Support};
use crate::autodiff::{Dims, Rank, Value};
use crate::error::Result;
use crate::rng::Rng;

/// A distribution behind a pointer; a draw has the rank of the plates it stands in.
#[derive(Clone)]
pub struct Any(pub Rc<dyn Distribution>);

impl Any {
    /// Reads a distribution as a prior set writes it; `place` stands in messages.
    ///
    /// # Errors
    /// As [`crate::PriorSet::from_value`].
    pub fn from_json(place: &str, json: &Json) -> Result<Self> {
        super::json::Distributions::standard().read(place, json).map(Any)
    }
}

impl Distribution for Any {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn dims(&self) -> Dims {
        self.0.dims()
    }

    fn event_rank(&self) -> usize {
        self.0.event_rank()
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
        self.0.log_prob(x)
    }

    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        self.0.log_prob_sum(x)
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.0.parameter(name)
    }

    fn with_parameters(&self, change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        self.0.with_parameters(change)
    }

    fn check(&self, place: &str) -> Result<()> {
        self.0.check(place)
    }

    fn to_json(&self) -> Option<Json> {
        self.0.to_json()
    }
}

impl<Depth: Rank> SampledIn<Depth> for Any {
    type Value = Depth;
}
