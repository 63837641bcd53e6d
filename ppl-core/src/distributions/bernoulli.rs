//! Bernoulli: one with probability `probs`, else zero.

use rand::RngExt as _;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln probs for x = 1, ln(1 - probs) for x = 0
    pub Bernoulli: "bernoulli", [probs: unit], Support::BOOLEAN;

    fn log_prob(x: f64, [p]: [f64; 1]) -> Partials<1> {
        let (value, dp) = if x == 1.0 { (p.ln(), 1.0 / p) } else { ((-p).ln_1p(), -1.0 / (1.0 - p)) };
        Partials { value, dx: 0.0, dparams: [dp] }
    }

    fn sample(rng: &mut Rng, [p]: [f64; 1]) -> f64 {
        f64::from(rng.random::<f64>() < p)
    }

    fn cdf(x: f64, [p]: [f64; 1]) -> Option<f64> {
        Some(match x {
            x if x < 0.0 => 0.0,
            x if x < 1.0 => 1.0 - p,
            _ => 1.0,
        })
    }

    fn icdf(q: f64, [p]: [f64; 1]) -> Option<f64> {
        Some(f64::from(q > 1.0 - p))
    }

    fn mean([p]: [f64; 1]) -> Option<f64> {
        Some(p)
    }

    fn variance([p]: [f64; 1]) -> Option<f64> {
        Some(p * (1.0 - p))
    }
}
