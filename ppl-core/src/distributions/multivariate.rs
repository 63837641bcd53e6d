//! Multivariate: what every vector family has in common, from lanes and batches to the fused tape node and JSON.

use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use super::batch::{parts, walk};
use super::multivariate_log_prob::LogProb;
use super::multivariate_pathwise::pathwise;
use super::vector_family::{Flaw, VectorFamily};
use super::{Distribution, SampledIn, json_parameters as reader};
use crate::autodiff::{Broadcast, Dims, Rank, Shape, Value, record};
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::support::{Bound, Support};

/// A vector family with its parameters, batches of which broadcast together; a batch has rank `B`. Made by the family's `new`.
pub struct Multivariate<F: VectorFamily, B: Rank = ()> {
    params: Vec<Value>,
    marker: PhantomData<(F, B)>,
}

impl<F: VectorFamily, B: Rank> Multivariate<F, B> {
    pub(crate) fn of(params: Vec<Value>) -> Self {
        Multivariate { params, marker: PhantomData }
    }

    /// The batch that all parameters have together, and the dimensions of one draw.
    fn parts(&self) -> Result<(Dims, Dims)> {
        self.params.iter().try_for_each(Value::check)?;
        parts::<F>(&self.params.iter().map(Value::dims).collect::<Vec<_>>())
    }
}

impl<F: VectorFamily, B: Rank> Distribution for Multivariate<F, B> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn dims(&self) -> Dims {
        self.parts().map_or(Dims::SCALAR, |(batch, event)| batch.then(event))
    }

    fn event_rank(&self) -> usize {
        F::EVENT_RANK
    }

    fn support(&self) -> Support<Value> {
        let own: Vec<Dims> = self.params.iter().zip(F::PARAMS).map(|(v, p)| v.dims().split(p.rank).1).collect();
        F::support(&own).map(|bound| match bound {
            Bound::At(x) => Value::shared(Dims::SCALAR, vec![x]),
            Bound::Param(i) => self.params[i].clone(),
        })
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        let (own, event) = self.parts()?;
        let (batch, _) = dims.split(F::EVENT_RANK);
        own.broadcast(batch).filter(|b| *b == batch).ok_or(Error::Broadcast { left: own, right: dims })?;
        let walks: Vec<_> = self.params.iter().zip(F::PARAMS).map(|(v, p)| walk(batch, v.dims(), p.rank)).collect();
        let mut draws = vec![f64::NAN; rngs.len() * dims.len()];
        for (lane, (rng, draws)) in rngs.iter_mut().zip(draws.chunks_exact_mut(dims.len().max(1))).enumerate() {
            for (i, out) in draws.chunks_exact_mut(event.len().max(1)).enumerate() {
                let params: Vec<&[f64]> = self
                    .params
                    .iter()
                    .zip(&walks)
                    .map(|(v, (walk, n))| &v.peek_lane(lane)[walk.at(i) * n..(walk.at(i) + 1) * n])
                    .collect();
                if F::flaw(&params).is_none() {
                    F::sample(rng, &params, out);
                }
            }
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), draws))
    }

    fn rsample(&self, site: &str, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        let draws = self.sample(rngs, dims)?;
        pathwise::<F>(site, draws, &self.params)
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        record(LogProb::<F>::by_element(), &std::iter::once(x).chain(&self.params).collect::<Vec<_>>())
    }

    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        record(LogProb::<F>::summed(), &std::iter::once(x).chain(&self.params).collect::<Vec<_>>())
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        F::PARAMS.iter().position(|p| p.name == name).map(|i| self.params[i].clone())
    }

    fn with_parameters(&self, change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        let params =
            self.params.iter().zip(F::PARAMS).map(|(value, p)| change(p.name, value)).collect::<Result<_>>()?;
        Ok(Rc::new(Self::of(params)))
    }

    /// A traced parameter moves with an engine, which recovers: its lane becomes impossible instead.
    fn check(&self, place: &str) -> Result<()> {
        let (batch, _) = self.parts().map_err(|error| at_place(error, place))?;
        if self.params.iter().any(Value::is_traced) {
            return Ok(());
        }
        let walks: Vec<_> = self.params.iter().zip(F::PARAMS).map(|(v, p)| walk(batch, v.dims(), p.rank)).collect();
        for lane in 0..self.params.iter().map(Value::lanes).max().unwrap_or(1) {
            for i in 0..batch.len() {
                let each = self.params.iter().zip(&walks);
                let params: Vec<&[f64]> =
                    each.map(|(v, (walk, n))| &v.lane(lane)[walk.at(i) * n..(walk.at(i) + 1) * n]).collect();
                if let Some(flaw) = F::flaw(&params) {
                    return Err(error::<F>(place, flaw));
                }
            }
        }
        Ok(())
    }

    fn to_json(&self) -> Option<Json> {
        let plain = |v: &Value| !v.is_traced() && v.lanes() == 1;
        if !self.params.iter().all(plain) {
            return None;
        }
        let entries = self.params.iter().zip(F::PARAMS).map(|(v, p)| (p.name.to_owned(), reader::numbers(v)));
        Some(json!({ F::NAME: entries.collect::<Map<String, Json>>() }))
    }
}

/// An error made before its place was known, with its place.
fn at_place(error: Error, place: &str) -> Error {
    match error {
        Error::NotPositiveDefinite { distribution, parameter, row, .. } => {
            Error::NotPositiveDefinite { place: place.to_owned(), distribution, parameter, row }
        }
        other => other,
    }
}

fn error<F: VectorFamily>(place: &str, flaw: Flaw) -> Error {
    let place = place.to_owned();
    match flaw {
        Flaw::Value { parameter, value, constraint } => {
            Error::Parameter { place, distribution: F::NAME, parameter: F::PARAMS[parameter].name, value, constraint }
        }
        Flaw::Row { parameter, row } => {
            Error::NotPositiveDefinite { place, distribution: F::NAME, parameter: F::PARAMS[parameter].name, row }
        }
    }
}

/// Reads a vector family from JSON.
pub(crate) fn read<F: VectorFamily>(place: &str, given: &Map<String, Json>) -> Result<Rc<dyn Distribution>> {
    let names: Vec<_> = F::PARAMS.iter().map(|p| (p.name, None)).collect();
    let values = reader::read_parameters(place, F::NAME, &names, given)?;
    for (value, parameter) in values.iter().zip(F::PARAMS) {
        if value.dims().rank() < parameter.rank {
            let what = ["a number", "an array", "an array of arrays"][parameter.rank.min(2)];
            let expected = format!("`{}` of `{}` must be {what}", parameter.name, F::NAME);
            return Err(Error::PriorForm { place: place.to_owned(), expected });
        }
    }
    let dist = Multivariate::<F>::of(values);
    dist.check(place)?;
    Ok(Rc::new(dist))
}

impl<F: VectorFamily, B: Rank + Broadcast<Depth>, Depth: Rank> SampledIn<Depth> for Multivariate<F, B> {
    type Value = F::Draw<B::Out>;
}
