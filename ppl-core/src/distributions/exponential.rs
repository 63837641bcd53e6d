//! Exponential: the waiting time for one event.

use rand_distr::Distribution as _;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln rate - rate x
    pub Exponential: "exponential", [rate: positive = 1.0], Support::POSITIVE;

    fn log_prob(x: f64, [rate]: [f64; 1]) -> Partials<1> {
        Partials { value: rate.ln() - rate * x, dx: -rate, dparams: [1.0 / rate - x] }
    }

    fn sample(rng: &mut Rng, [rate]: [f64; 1]) -> f64 {
        let x: f64 = rand_distr::Exp1.sample(rng);
        x / rate
    }

    fn pathwise(x: f64, [rate]: [f64; 1]) -> [Option<f64>; 1] {
        [Some(-x / rate)]
    }

    fn cdf(x: f64, [rate]: [f64; 1]) -> Option<f64> {
        Some(if x <= 0.0 { 0.0 } else { -(-rate * x).exp_m1() })
    }

    fn icdf(p: f64, [rate]: [f64; 1]) -> Option<f64> {
        Some(-(-p).ln_1p() / rate)
    }

    fn mean([rate]: [f64; 1]) -> Option<f64> {
        Some(1.0 / rate)
    }

    fn variance([rate]: [f64; 1]) -> Option<f64> {
        Some(1.0 / rate / rate)
    }
}
