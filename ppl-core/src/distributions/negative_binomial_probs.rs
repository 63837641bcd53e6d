//! NegativeBinomialProbs: how many trials succeed, each with probability `probs`, before `total_count` have failed.

use super::family::{Partials, family};
use super::incomplete;
use super::negative_binomial2::{draw, log_mass};
use super::stirling::{digamma_error_step, ln_ratio};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln [Gamma(x + n) / Gamma(n) x!] + n ln(1 - probs) + x ln probs, n = total_count, which need not be whole
    pub NegativeBinomialProbs: "negative_binomial_probs", [total_count: positive, probs: unit], Support::COUNT;

    fn log_prob(x: f64, [n, p]: [f64; 2]) -> Partials<2> {
        let q = 1.0 - p;
        // n p - x q to the last digit.
        let excess = (n + x).mul_add(p, -x);
        let (value, dp) = if x == 0.0 {
            (n * (-p).ln_1p(), -n / q)
        } else {
            (log_mass(x, n, [q, p], excess), -excess / p / q)
        };
        // ln [q (n + x) / n], where q (n + x) = n - excess.
        let dn = ln_ratio(n, (q * (n + x)).ln(), excess) + digamma_error_step(n, x);
        Partials { value, dx: 0.0, dparams: [dn, dp] }
    }

    fn sample(rng: &mut Rng, [n, p]: [f64; 2]) -> f64 {
        draw(rng, n, p.ln() - (-p).ln_1p())
    }

    fn cdf(x: f64, [n, p]: [f64; 2]) -> Option<f64> {
        Some(tails(x, n, p).0)
    }

    fn icdf(u: f64, [n, p]: [f64; 2]) -> Option<f64> {
        Some(incomplete::count_quantile(u, (n * p / (1.0 - p)).floor(), |x| tails(x, n, p)))
    }

    fn mean([n, p]: [f64; 2]) -> Option<f64> {
        Some(n * p / (1.0 - p))
    }

    fn variance([n, p]: [f64; 2]) -> Option<f64> {
        Some(n * p / (1.0 - p) / (1.0 - p))
    }
}

/// The mass up to and including `x`, and the mass above.
fn tails(x: f64, n: f64, p: f64) -> (f64, f64) {
    let next = x.floor() + 1.0;
    if x < 0.0 { (0.0, 1.0) } else { incomplete::beta(n, next, 1.0 - p, p, (n + next).mul_add(p, -next)) }
}
