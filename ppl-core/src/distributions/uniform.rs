//! Uniform: constant between two ends.

use rand::RngExt as _;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = -ln(high - low) for low <= x <= high
    pub Uniform: "uniform", [low: real, high: real], Support::between(0, 1);

    fn log_prob(_: f64, [low, high]: [f64; 2]) -> Partials<2> {
        let width = high - low;
        Partials { value: -width.ln(), dx: 0.0, dparams: [1.0 / width, -1.0 / width] }
    }

    fn sample(rng: &mut Rng, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * rng.random::<f64>()
    }

    fn pathwise(x: f64, [low, high]: [f64; 2]) -> [Option<f64>; 2] {
        let u = (x - low) / (high - low);
        [Some(1.0 - u), Some(u)]
    }

    fn cdf(x: f64, [low, high]: [f64; 2]) -> Option<f64> {
        Some(((x - low) / (high - low)).clamp(0.0, 1.0))
    }

    fn icdf(p: f64, [low, high]: [f64; 2]) -> Option<f64> {
        Some(low + p * (high - low))
    }

    fn mean([low, high]: [f64; 2]) -> Option<f64> {
        Some(0.5 * (low + high))
    }

    fn variance([low, high]: [f64; 2]) -> Option<f64> {
        Some((high - low).powi(2) / 12.0)
    }
}
