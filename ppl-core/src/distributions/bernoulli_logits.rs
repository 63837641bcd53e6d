//! BernoulliLogits: Bernoulli by the log odds of a one, exact for odds of any size.

use super::bernoulli::Bernoulli;
use super::family::{Partials, family};
use super::softplus::softplus;
use crate::autodiff::sigmoid;
use crate::rng::Rng;
use crate::support::Support;

family! {
    /// log p(x) = -ln(1 + e^-logits) for x = 1, -ln(1 + e^logits) for x = 0
    pub BernoulliLogits: "bernoulli_logits", [logits: real], Support::BOOLEAN;

    // Long, without calls and branches: inlined into the loops over elements, it is SIMD there.
    #[inline(always)]
    fn log_prob(x: f64, [logits]: [f64; 1]) -> Partials<1> {
        // The log odds of the other outcome are -logits for a one, logits for a zero.
        let sign = 1.0 - 2.0 * x;
        let (surprise, other) = softplus(sign * logits);
        Partials { value: -surprise, dx: 0.0, dparams: [-sign * other] }
    }

    fn sample(rng: &mut Rng, [logits]: [f64; 1]) -> f64 {
        Bernoulli::sample(rng, [sigmoid(logits)])
    }

    fn cdf(x: f64, [logits]: [f64; 1]) -> Option<f64> {
        if (0.0..1.0).contains(&x) { Some(sigmoid(-logits)) } else { Bernoulli::cdf(x, [sigmoid(logits)]) }
    }

    fn icdf(q: f64, [logits]: [f64; 1]) -> Option<f64> {
        Some(f64::from(q > sigmoid(-logits)))
    }

    fn mean([logits]: [f64; 1]) -> Option<f64> {
        Some(sigmoid(logits))
    }

    fn variance([logits]: [f64; 1]) -> Option<f64> {
        Some(sigmoid(logits) * sigmoid(-logits))
    }
}
