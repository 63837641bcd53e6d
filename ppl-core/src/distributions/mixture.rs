//! Mixture: one of several distributions, by weights.

use serde_json::Value as Json;

use super::categorical::draw;
use super::{Distribution, SampledIn, Support};
use crate::autodiff::{
    Dims, FusedOp, Gradients, Inputs, IntoVar, Operand, Out, Output, Rank, Shape, Value, Walk, broadcast_all,
    common_lanes, record,
};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// log p(x) = ln sum_k weights_k p_k(x), the component summed out
///
/// ```
/// use ppl_core::distributions::{Mixture, Normal};
/// use ppl_core::{Ctx, Result};
///
/// fn model(ctx: &mut Ctx) -> Result<()> {
///     let outlier = [Normal::new(0.0, 1.0), Normal::new(0.0, 10.0)];
///     ctx.observe("y", Mixture::new([0.9, 0.1], outlier), [0.3, -7.0])
/// }
/// ```
pub struct Mixture<D> {
    weights: Value,
    components: Vec<D>,
}

impl<D: Distribution> Mixture<D> {
    /// Components of one kind (distributions of different kinds go as [`super::Any`]) by weights `[n]` that sum to one.
    pub fn new(weights: impl IntoVar<Rank = (usize,)>, components: impl IntoIterator<Item = D>) -> Self {
        Mixture { weights: weights.into_var().as_value().clone(), components: components.into_iter().collect() }
    }
}

impl<D: Distribution> Distribution for Mixture<D> {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn dims(&self) -> Dims {
        let all = self.components.iter().map(Distribution::dims);
        all.reduce(|a, b| a.broadcast(b).unwrap_or(a)).unwrap_or(Dims::SCALAR)
    }

    fn event_rank(&self) -> usize {
        self.components.first().map_or(0, Distribution::event_rank)
    }

    fn support(&self) -> Support<Value> {
        let everywhere = || Support::REAL.map(|_| Value::shared(Dims::SCALAR, vec![f64::NAN]));
        self.components.first().map_or_else(everywhere, Distribution::support)
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        self.weights.check()?;
        let (batch, event) = dims.split(self.event_rank());
        let all = self.components.iter().map(|c| c.sample(rngs, dims)).collect::<Result<Vec<_>>>()?;
        let mut draws = Vec::with_capacity(rngs.len() * dims.len());
        for (lane, rng) in rngs.iter_mut().enumerate() {
            for i in 0..batch.len() {
                let k = draw(rng, self.weights.peek_lane(lane).iter().copied()) as usize;
                let one = i * event.len()..(i + 1) * event.len();
                draws.extend_from_slice(&all[k].peek_lane(lane)[one]);
            }
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), draws))
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        let terms = self.components.iter().map(|c| c.log_prob(x)).collect::<Result<Vec<_>>>()?;
        record(LogProb { walks: vec![] }, &std::iter::once(&self.weights).chain(&terms).collect::<Vec<_>>())
    }

    fn check(&self, place: &str) -> Result<()> {
        self.weights.check()?;
        self.components.iter().try_for_each(|c| c.check(place))?;
        let (got, expected) = (self.weights.dims().len(), self.components.len());
        if got != expected || expected == 0 {
            return Err(Error::Components { place: place.to_owned(), components: expected, weights: got });
        }
        if self.weights.is_traced() {
            return Ok(());
        }
        let place = place.to_owned();
        let fault = |value, constraint| Error::Parameter {
            place,
            distribution: "mixture",
            parameter: "weights",
            value,
            constraint,
        };
        match self.weights.numbers().iter().find(|w| !(0.0..=1.0).contains(*w)) {
            Some(&value) => Err(fault(value, "between 0 and 1")),
            None => {
                let sum: f64 = self.weights.lane(0).iter().sum();
                if (sum - 1.0).abs() > 1e-6 { Err(fault(sum, "numbers that sum to one")) } else { Ok(()) }
            }
        }
    }

    fn to_json(&self) -> Option<Json> {
        None
    }
}

impl<D: SampledIn<Depth>, Depth: Rank> SampledIn<Depth> for Mixture<D> {
    type Value = D::Value;
}

/// ln sum_k w_k e^(l_k) of weights `[n]` and n terms that broadcast.
#[derive(Clone)]
struct LogProb {
    walks: Vec<Walk>,
}

impl FusedOp for LogProb {
    const NAME: &'static str = "mixture";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = broadcast_all(&inputs[1..])?;
        if inputs[0].dims.len() != inputs.len() - 1 {
            return Err(Error::ArrayLength { expected: inputs.len() - 1, got: inputs[0].dims.len() });
        }
        self.walks = inputs[1..].iter().map(|shape| dims.walk(shape.dims)).collect();
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let weights = inputs.at(0).lane(lane);
            let term = |k: usize, e: usize| inputs.at(k + 1).lane(lane)[self.walks[k].at(e)];
            for (e, y) in out.lane(lane).iter_mut().enumerate() {
                let possible = || (0..weights.len()).filter(|k| weights[*k] > 0.0);
                let max = possible().map(|k| term(k, e)).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = possible().map(|k| weights[k] * (term(k, e) - max).exp()).sum();
                let broken = weights.iter().any(|w| *w < 0.0 || w.is_nan()) || possible().any(|k| term(k, e).is_nan());
                *y = if broken {
                    f64::NAN
                } else if max.is_finite() {
                    max + sum.ln()
                } else {
                    max
                };
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let (weights, y, c) = (inputs.at(0).lane(lane), out.lane(lane), cotangent.lane(lane));
            for (k, walk) in self.walks.iter().enumerate() {
                let term = inputs.at(k + 1).lane(lane);
                let share = |e: usize| if y[e].is_finite() { c[e] * (term[walk.at(e)] - y[e]).exp() } else { 0.0 };
                if let Some(into) = gradients.lane(0, lane) {
                    into[k] += (0..y.len()).map(share).sum::<f64>();
                }
                if let Some(into) = gradients.lane(k + 1, lane) {
                    (0..y.len()).for_each(|e| into[walk.at(e)] += weights[k] * share(e));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;
    use crate::distributions::{MultivariateNormal, Normal};
    use crate::rng::keyed;

    #[test]
    fn the_vjp_is_right_for_every_broadcast() {
        let value = |lanes, dims: &[usize], numbers: &[f64]| {
            Value::constant(Shape::new(lanes, Dims::new(dims)), numbers.to_vec())
        };
        let weights = value(2, &[2], &[0.3, 0.7, 0.6, 0.4]);
        let terms = [value(2, &[3], &[-1.0, -2.0, 0.5, 0.1, -0.3, 0.2]), value(1, &[], &[-0.7])];
        check::vjp(|| LogProb { walks: vec![] }, &[weights, terms[0].clone(), terms[1].clone()], 1e-5, 1e-9);
    }

    #[test]
    fn the_density_is_the_weighted_sum_of_its_components() {
        let components = || [Normal::new(-1.0, 0.5), Normal::new(2.0, 1.5)];
        let x = Value::shared(Dims::new(&[3]), vec![-1.2, 0.4, 60.0]);
        let each = components().map(|c| c.log_prob(&x).unwrap().numbers().to_vec());
        let mixed = Mixture::new([0.3, 0.7], components()).log_prob(&x).unwrap();
        for ((mixed, first), second) in mixed.numbers().iter().zip(&each[0]).zip(&each[1]) {
            let (a, b) = (0.3_f64.ln() + first, 0.7_f64.ln() + second);
            let expected = a.max(b) + (a.min(b) - a.max(b)).exp().ln_1p();
            assert!((mixed - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn draws_come_from_each_component_as_often_as_its_weight() {
        let mixture = Mixture::new([0.2, 0.8], [Normal::new(-50.0, 1.0), Normal::new(50.0, 1.0)]);
        let draws = mixture.sample(&mut [keyed(1, "x", 0)], Dims::new(&[4000])).unwrap();
        let below = draws.numbers().iter().filter(|x| **x < 0.0).count() as f64 / 4000.0;
        // Four standard errors: 4 sqrt(0.2 0.8 / 4000) = 0.025.
        assert!((below - 0.2).abs() < 0.025, "{below}");
        let vectors = [MultivariateNormal::new([9.0, 9.0], [[1.0, 0.0], [0.0, 1.0]])];
        assert_eq!(
            Mixture::new([1.0], vectors).sample(&mut [keyed(1, "x", 0)], Dims::new(&[5, 2])).unwrap().numbers().len(),
            10
        );
    }

    #[test]
    fn weights_that_do_not_fit_are_errors() {
        let two = || [Normal::new(0.0, 1.0), Normal::new(1.0, 1.0)];
        assert!(matches!(
            Mixture::new([1.0], two()).check("x"),
            Err(Error::Components { components: 2, weights: 1, .. })
        ));
        assert!(Mixture::new([0.5, 0.6], two()).check("x").unwrap_err().to_string().contains("sum to one"));
    }
}
