//! OrderedLogistic: one of several ordered classes, by where a logistic number falls among cutpoints.

use rand::RngExt as _;

use super::categorical::{class, classes};
use super::multivariate::Multivariate;
use crate::support::Support;
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank, sigmoid};
use crate::error::Result;
use crate::rng::Rng;

/// p(k) = 1 / (1 + e^(predictor - c_k)) - 1 / (1 + e^(predictor - c_(k-1))), k = 0 .. n for n cutpoints, c_(-1) = -inf, c_n = inf
#[derive(Clone, Copy, Debug)]
pub struct OrderedLogistic;

impl OrderedLogistic {
    /// By its predictor, a batch of them, and its ascending cutpoints `[n]`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<P: IntoVar>(
        predictor: P,
        cutpoints: impl IntoVar<Rank = (usize,)>,
    ) -> Multivariate<OrderedLogistic, P::Rank> {
        Multivariate::of(vec![predictor.into_var().as_value().clone(), cutpoints.into_var().as_value().clone()])
    }
}

/// What lies below and above a class, as distances of the cutpoints from the predictor; infinite at the ends.
fn around(k: usize, predictor: f64, cutpoints: &[f64]) -> (f64, f64) {
    let below = if k == 0 { f64::NEG_INFINITY } else { cutpoints[k - 1] - predictor };
    (below, cutpoints.get(k).map_or(f64::INFINITY, |c| c - predictor))
}

/// ln [sigmoid(high) - sigmoid(low)] = ln (1 - e^(low - high)) + ln sigmoid(high) + ln sigmoid(-low)
fn ln_between(low: f64, high: f64) -> f64 {
    let ln_sigmoid = |x: f64| x.min(0.0) - (-x.abs()).exp().ln_1p();
    let width = if low.is_infinite() || high.is_infinite() { 0.0 } else { (-(low - high).exp_m1()).ln() };
    width + ln_sigmoid(high) + ln_sigmoid(-low)
}

impl VectorFamily for OrderedLogistic {
    const NAME: &'static str = "ordered_logistic";
    const PARAMS: &'static [VectorParameter] = &[parameter("predictor", 0), parameter("cutpoints", 1)];
    const EVENT_RANK: usize = 0;
    type Draw<B: Rank> = B;

    fn support(params: &[Dims]) -> Support {
        classes(params[1].len() + 1)
    }

    fn event(_: &[Dims]) -> Result<Dims> {
        Ok(Dims::SCALAR)
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        let ascending = params[1].windows(2).find(|pair| pair[0] >= pair[1]);
        let order = ascending.map(|pair| Flaw::Value { parameter: 1, value: pair[1], constraint: "above the one before" });
        unfit(0, params[0], "a finite number", f64::is_finite)
            .or_else(|| unfit(1, params[1], "a finite number", f64::is_finite))
            .or(order)
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        let Some(k) = class(x[0], params[1].len() + 1) else { return f64::NEG_INFINITY };
        let (low, high) = around(k, params[0][0], params[1]);
        ln_between(low, high)
    }

    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let Some(k) = class(x[0], params[1].len() + 1) else { return };
        let (low, high) = around(k, params[0][0], params[1]);
        // d ln(1 - e^(low - high)): the same for both ends, with opposite signs.
        let shared = if low.is_infinite() || high.is_infinite() { 0.0 } else { 1.0 / (high - low).exp_m1() };
        let (by_high, by_low) = (sigmoid(-high) + shared, -sigmoid(low) - shared);
        slopes[1][0] -= by_high + by_low;
        if high.is_finite() {
            slopes[2][k] += by_high;
        }
        if low.is_finite() {
            slopes[2][k - 1] += by_low;
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        let u: f64 = rng.random();
        let logistic = params[0][0] + (u / (1.0 - u)).ln();
        out[0] = params[1].iter().filter(|c| **c < logistic).count() as f64;
    }
}
