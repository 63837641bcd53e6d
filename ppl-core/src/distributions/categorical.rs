//! Categorical: one of several classes, by their probabilities.

use rand::RngExt as _;

use super::multivariate::Multivariate;
use crate::support::{Bound, Support, is_whole};
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank, Reduce};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// log p(k) = ln probs_k, k = 0 .. n - 1; the probabilities sum to one
#[derive(Clone, Copy, Debug)]
pub struct Categorical;

impl Categorical {
    /// By its probabilities `[.., n]`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<P: IntoVar>(probs: P) -> Multivariate<Categorical, <P::Rank as Reduce>::Down>
    where
        P::Rank: Reduce,
    {
        Multivariate::of(vec![probs.into_var().as_value().clone()])
    }
}

/// The whole numbers below the length of the first parameter.
pub(super) fn classes(classes: usize) -> Support {
    Support::Integers { low: Bound::At(0.0), high: Bound::At(classes as f64 - 1.0) }
}

/// A draw is one number, of at least one class.
pub(super) fn one_of(classes: Dims) -> Result<Dims> {
    if classes.is_empty() { Err(Error::Axis { axis: 0, dims: classes }) } else { Ok(Dims::SCALAR) }
}

/// The class that a value stands for, if there is one.
pub(super) fn class(x: f64, classes: usize) -> Option<usize> {
    (x >= 0.0 && x < classes as f64 && is_whole(x)).then_some(x as usize)
}

/// Draws a class in proportion to weights.
pub(super) fn draw(rng: &mut Rng, weights: impl Iterator<Item = f64> + Clone) -> f64 {
    let mut left = rng.random::<f64>() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (k, weight) in weights.enumerate().filter(|(_, w)| *w > 0.0) {
        last = k;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last as f64
}

impl VectorFamily for Categorical {
    const NAME: &'static str = "categorical";
    const PARAMS: &'static [VectorParameter] = &[parameter("probs", 1)];
    const EVENT_RANK: usize = 0;
    type Draw<B: Rank> = B;

    fn support(params: &[Dims]) -> Support {
        classes(params[0].len())
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        one_of(params[0])
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        let sum: f64 = params[0].iter().sum();
        let whole = (sum - 1.0).abs() <= 1e-6;
        let part = Flaw::Value { parameter: 0, value: sum, constraint: "probabilities that sum to one" };
        unfit(0, params[0], "between 0 and 1", |p| (0.0..=1.0).contains(&p)).or((!whole).then_some(part))
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        class(x[0], params[0].len()).map_or(f64::NEG_INFINITY, |k| params[0][k].ln())
    }

    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        if let Some(k) = class(x[0], params[0].len()) {
            slopes[1][k] += 1.0 / params[0][k];
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        out[0] = draw(rng, params[0].iter().copied());
    }
}
