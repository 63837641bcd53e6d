//! BernoulliLogits: Bernoulli by the log odds of a one, exact for odds of any size.

use super::bernoulli::Bernoulli;
use super::family::{Partials, family};
use crate::support::Support;
use crate::autodiff::sigmoid;
use crate::rng::Rng;

family! {
    /// log p(x) = -ln(1 + e^-logits) for x = 1, -ln(1 + e^logits) for x = 0
    pub BernoulliLogits: "bernoulli_logits", [logits: real], Support::BOOLEAN;

    fn log_prob(x: f64, [logits]: [f64; 1]) -> Partials<1> {
        let against = if x == 1.0 { -logits } else { logits };
        let softplus = against.max(0.0) + (-against.abs()).exp().ln_1p();
        Partials { value: -softplus, dx: 0.0, dparams: [if x == 1.0 { sigmoid(-logits) } else { -sigmoid(logits) }] }
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
