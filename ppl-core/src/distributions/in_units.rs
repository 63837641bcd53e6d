//! InUnits: a distribution whose sites engines move in units of another value.

use std::rc::Rc;

use serde_json::Value as Json;

use super::{Any, Distribution, Gauge, SampledIn, Support};
use crate::autodiff::{Dims, IntoVar, Rank, Value};
use crate::error::Result;
use crate::rng::Rng;

/// The same distribution, its sites measured in `unit` by engines: x = unit T(u), T being the transform to the support.
///
/// Draws, densities and priors are those of the distribution; only the coordinate changes in which an engine sees it. What is
/// strongly bound to another value becomes nearly independent of it, as in a non-centred parametrisation: a brightness in units of
/// one over the brightness of an image that is itself inferred, or the effects of groups in units of their spread.
///
/// The unit is positive: a number, or one for each element. A support that it does not map to itself (all but the real line and the
/// numbers above or below zero) leaves the coordinate as it is.
///
/// ```
/// use ppl_core::distributions::{HalfNormal, InUnits, Normal};
/// use ppl_core::{Ctx, LogDensity, ModelDensity, Result};
///
/// let model = |ctx: &mut Ctx| -> Result<()> {
///     let mu = ctx.sample("mu", Normal::new(0.0, 1.0))?;
///     let tau = ctx.sample("tau", HalfNormal::new(1.0))?;
///     ctx.sample("theta", InUnits::new(Normal::new(&mu, &tau), &tau).from(&mu)).map(drop)
/// };
/// let density = ModelDensity::new(model)?;
/// let slope = |tau: f64| {
///     let (mut logp, mut grad) = ([0.0], [0.0; 3]);
///     density.logp_and_grad(&[0.4, tau, 0.7], &mut logp, &mut grad).map(|()| grad[2])
/// };
/// // (theta - mu) / tau is standard normal, whatever mu and tau are.
/// assert!((slope(-3.0)? + 0.7).abs() < 1e-12 && (slope(2.0)? + 0.7).abs() < 1e-12);
/// # Ok::<(), ppl_core::Error>(())
/// ```
#[derive(Clone)]
pub struct InUnits<D> {
    dist: D,
    gauge: Gauge,
}

impl<D: Distribution> InUnits<D> {
    /// A distribution and the unit of its coordinate.
    pub fn new(dist: D, unit: impl IntoVar) -> Self {
        Self::of(dist, Gauge::new(unit, None))
    }

    /// The same, counted from `origin` where the support is the real line.
    #[must_use]
    pub fn from(self, origin: impl IntoVar) -> Self {
        let origin = Some(origin.into_var().as_value().clone());
        InUnits { gauge: Gauge { origin, ..self.gauge }, ..self }
    }

    /// A distribution that is measured so.
    pub fn of(dist: D, gauge: Gauge) -> Self {
        InUnits { dist, gauge }
    }
}

impl<D: Distribution> Distribution for InUnits<D> {
    fn gauge(&self) -> Option<Gauge> {
        let Support::Interval { low, high } = self.dist.support() else { return None };
        let is = |end: &Value, x: f64| !end.is_traced() && end.peek().numbers().iter().all(|e| *e == x);
        let (from_zero, from_far) = (is(&low, 0.0), is(&low, f64::NEG_INFINITY));
        let (to_zero, to_far) = (is(&high, 0.0), is(&high, f64::INFINITY));
        let Gauge { unit, origin } = self.gauge.clone();
        match (from_far && to_far, from_far && to_zero || from_zero && to_far) {
            (true, _) => Some(Gauge { unit, origin }),
            (_, true) => Some(Gauge { unit, origin: None }),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        self.dist.name()
    }

    fn dims(&self) -> Dims {
        self.dist.dims()
    }

    fn event_rank(&self) -> usize {
        self.dist.event_rank()
    }

    fn support(&self) -> Support<Value> {
        self.dist.support()
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        self.dist.sample(rngs, dims)
    }

    fn rsample(&self, site: &str, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        self.dist.rsample(site, rngs, dims)
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        self.dist.log_prob(x)
    }

    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        self.dist.log_prob_sum(x)
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.dist.parameter(name)
    }

    fn with_parameters(&self, change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        let dist = Any(self.dist.with_parameters(change)?);
        Ok(Rc::new(InUnits { dist, gauge: self.gauge.clone() }))
    }

    fn check(&self, place: &str) -> Result<()> {
        self.dist.check(place)
    }

    fn to_json(&self) -> Option<Json> {
        self.dist.to_json()
    }
}

impl<D: SampledIn<Depth>, Depth: Rank> SampledIn<Depth> for InUnits<D> {
    type Value = D::Value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::{HalfNormal, LogNormal, Normal, Uniform};
    use crate::{Ctx, LogDensity, ModelDensity, PriorSet, Values, handler};

    fn at(density: &impl LogDensity, q: &[f64]) -> (f64, Vec<f64>) {
        let (mut logp, mut grad) = ([0.0], vec![0.0; q.len()]);
        density.logp_and_grad(q, &mut logp, &mut grad).unwrap();
        (logp[0], grad)
    }

    fn model(ctx: &mut Ctx) -> Result<()> {
        let a = ctx.sample("a", LogNormal::new(0.0, 0.3))?;
        ctx.plate("p", 3, |ctx| ctx.sample("x", InUnits::new(HalfNormal::new(2.0), &a)))?;
        ctx.sample("y", InUnits::new(Normal::new(&a, 1.0), 2.0).from(&a)).map(drop)
    }

    #[test]
    fn the_density_has_the_jacobian_of_the_unit_and_its_gradient() {
        let density = ModelDensity::new(model).unwrap();
        let q: [f64; 5] = [0.4, -0.2, 0.3, 0.9, -0.7];
        let a = q[0].exp();
        let x: Vec<f64> = q[1..4].iter().map(|u| a * u.exp()).collect();
        let y = a + 2.0 * q[4];
        let ln_2_pi = std::f64::consts::TAU.ln();
        let prior_a = -0.5 * (q[0] / 0.3).powi(2) - 0.3_f64.ln() - 0.5 * ln_2_pi;
        let half = |x: &f64| -0.5 * (x / 2.0).powi(2) - 2.0_f64.ln() + 2.0_f64.ln() - 0.5 * ln_2_pi;
        let jacobian = x.iter().map(|x| x.ln()).sum::<f64>() + 2.0_f64.ln();
        let expected = prior_a + x.iter().map(half).sum::<f64>() - 0.5 * (y - a).powi(2) - 0.5 * ln_2_pi + jacobian;
        let (logp, grad) = at(&density, &q);
        assert!((logp - expected).abs() < 1e-12, "{logp} {expected}");
        for (i, grad) in grad.iter().enumerate() {
            let moved =
                |h: f64| at(&density, &std::array::from_fn::<f64, 5, _>(|k| q[k] + if k == i { h } else { 0.0 })).0;
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((grad - slope).abs() < 1e-8, "{i}: {grad} {slope}");
        }
    }

    #[test]
    fn positions_and_values_go_back_and_forth_under_any_prior() {
        for priors in [
            r#"{}"#,
            r#"{ "y": { "uniform": { "low": 0, "high": 4 } } }"#,
            r#"{ "y": { "half_normal": { "scale": 3 } } }"#,
        ] {
            let set = PriorSet::from_json("p", priors).unwrap();
            let density = ModelDensity::new(handler::priors(model, set)).unwrap();
            let values = Values::new().with("a", 1.3).with("x", [0.2, 0.5, 3.0]).with("y", 1.7);
            let position = density.position_of(&values, 0).unwrap();
            let run = density.run_at(&position).unwrap();
            for (name, expected) in [("a", &[1.3][..]), ("x", &[0.2, 0.5, 3.0]), ("y", &[1.7])] {
                let got = run.get(name).unwrap().value.numbers().to_vec();
                assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{priors} {name} {got:?}");
            }
        }
    }

    #[test]
    fn a_support_that_a_unit_would_change_keeps_its_coordinate() {
        assert!(InUnits::new(Uniform::new(0.0, 1.0), 2.0).gauge().is_none());
        assert!(InUnits::new(Normal::new(0.0, 1.0), 2.0).gauge().is_some());
    }
}
