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
        Some(tails(x, rate).0)
    }

    fn icdf(p: f64, [rate]: [f64; 1]) -> Option<f64> {
        Some(incomplete::count_quantile(p, rate.floor(), |count| tails(count, rate)))
    }

    fn mean([rate]: [f64; 1]) -> Option<f64> {
        Some(rate)
    }

    fn variance([rate]: [f64; 1]) -> Option<f64> {
        Some(rate)
    }
}

/// The mass up to and including `x`, and the mass above.
fn tails(x: f64, rate: f64) -> (f64, f64) {
    let (above, below) = if x < 0.0 { (1.0, 0.0) } else { incomplete::gamma(x.floor() + 1.0, rate, x.floor() + 1.0 - rate) };
    (below, above)
}
