//! BinomialLogits: Binomial by the log odds of a success, exact for odds of any size.

use super::binomial::{self, Binomial};
use super::family::{Partials, family};
use super::softplus::softplus;
use super::stirling::beside;
use crate::support::{Bound, Support};
use crate::autodiff::sigmoid;
use crate::rng::Rng;

family! {
    /// log p(x) = ln [n! / x! (n - x)!] - x ln(1 + e^-logits) - (n - x) ln(1 + e^logits), n = total_count
    pub BinomialLogits: "binomial_logits", [total_count: count, logits: real],
        Support::Integers { low: Bound::At(0.0), high: Bound::Param(0) };

    fn log_prob(x: f64, [n, logits]: [f64; 2]) -> Partials<2> {
        let against = n - x;
        // What a failure and a success cost, and the probabilities of the two.
        let ((failure, p), (success, q)) = (softplus(logits), softplus(-logits));
        // x - n p
        let slope = beside(x, against, p, q);
        let value = match x {
            0.0 => -n * failure,
            _ if x == n => -n * success,
            // Where e^-|logits| underflows: the mass at even odds is 2^-n of the number of ways.
            _ if logits.abs() > 700.0 => {
                let even = binomial::log_mass(x, n, [0.5; 2], x - 0.5 * n);
                even + n * std::f64::consts::LN_2 - x * success - against * failure
            }
            _ => binomial::log_mass(x, n, [p, q], slope),
        };
        Partials { value, dx: 0.0, dparams: [0.0, slope] }
    }

    fn sample(rng: &mut Rng, [n, logits]: [f64; 2]) -> f64 {
        Binomial::sample(rng, [n, sigmoid(logits)])
    }

    fn cdf(x: f64, [n, logits]: [f64; 2]) -> Option<f64> {
        Some(binomial::tails(x, n, probs(logits)).0)
    }

    fn icdf(u: f64, [n, logits]: [f64; 2]) -> Option<f64> {
        Some(binomial::quantile(u, n, probs(logits)))
    }

    fn mean([n, logits]: [f64; 2]) -> Option<f64> {
        Some(n * sigmoid(logits))
    }

    fn variance([n, logits]: [f64; 2]) -> Option<f64> {
        Some(n * sigmoid(logits) * sigmoid(-logits))
    }
}

/// The probabilities of success and failure.
fn probs(logits: f64) -> [f64; 2] {
    [sigmoid(logits), sigmoid(-logits)]
}
