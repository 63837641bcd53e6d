//! CategoricalLogits: one of several classes, by the logarithms of their odds.

use super::categorical::{class, classes, draw, one_of};
use super::multivariate::Multivariate;
use crate::support::Support;
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank, Reduce, log_sum_exp};
use crate::error::Result;
use crate::rng::Rng;

/// log p(k) = logits_k - ln sum_j e^logits_j, k = 0 .. n - 1
#[derive(Clone, Copy, Debug)]
pub struct CategoricalLogits;

impl CategoricalLogits {
    /// By its logits `[.., n]`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<P: IntoVar>(logits: P) -> Multivariate<CategoricalLogits, <P::Rank as Reduce>::Down>
    where
        P::Rank: Reduce,
    {
        Multivariate::of(vec![logits.into_var().as_value().clone()])
    }
}

impl VectorFamily for CategoricalLogits {
    const NAME: &'static str = "categorical_logits";
    const PARAMS: &'static [VectorParameter] = &[parameter("logits", 1)];
    const EVENT_RANK: usize = 0;
    type Draw<B: Rank> = B;

    fn support(params: &[Dims]) -> Support {
        classes(params[0].len())
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        one_of(params[0])
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        unfit(0, params[0], "a finite number", f64::is_finite)
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        class(x[0], params[0].len()).map_or(f64::NEG_INFINITY, |k| params[0][k] - log_sum_exp(params[0]))
    }

    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let Some(k) = class(x[0], params[0].len()) else { return };
        let norm = log_sum_exp(params[0]);
        slopes[1].iter_mut().zip(params[0]).for_each(|(slope, logit)| *slope -= (logit - norm).exp());
        slopes[1][k] += 1.0;
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        let norm = log_sum_exp(params[0]);
        out[0] = draw(rng, params[0].iter().map(|logit| (logit - norm).exp()));
    }
}
