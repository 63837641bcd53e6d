//! Poisson: a count of independent events.

use rand_distr::Distribution as _;

use super::family::{Partials, family};
use super::incomplete;
use super::stirling::ln_poisson;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = x ln rate - rate - ln x!
    pub Poisson: "poisson", [rate: positive], Support::COUNT;

    fn log_prob(x: f64, [rate]: [f64; 1]) -> Partials<1> {
        Partials { value: ln_poisson(x, rate, rate.ln(), x - rate), dx: 0.0, dparams: [(x - rate) / rate] }
    }

    fn sample(rng: &mut Rng, [rate]: [f64; 1]) -> f64 {
        rand_distr::Poisson::new(rate).map_or(f64::NAN, |poisson| poisson.sample(rng))
    }

    fn cdf(x: f64, [rate]: [f64; 1]) -> Option<f64> {
        Some(if x < 0.0 { 0.0 } else { incomplete::gamma(x.floor() + 1.0, rate).1 })
    }

    fn icdf(p: f64, [rate]: [f64; 1]) -> Option<f64> {
        if p >= 1.0 {
            return Some(f64::INFINITY);
        }
        // The smallest count with at least p at or below it, between two powers of two and then by halving.
        let enough = |count: f64| {
            let (above, below) = incomplete::gamma(count + 1.0, rate);
            if p < 0.5 { below >= p } else { above <= 1.0 - p }
        };
        let (mut few, mut many) = (-1.0, rate.floor());
        let mut step = 1.0;
        while !enough(many) {
            (few, many, step) = (many, many + step, 2.0 * step);
        }
        while many - few > 1.0 {
            let middle = (0.5 * (few + many)).floor();
            if enough(middle) { many = middle } else { few = middle }
        }
        Some(many)
    }

    fn mean([rate]: [f64; 1]) -> Option<f64> {
        Some(rate)
    }

    fn variance([rate]: [f64; 1]) -> Option<f64> {
        Some(rate)
    }
}
