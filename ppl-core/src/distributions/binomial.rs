//! Binomial: how many of `total_count` trials succeed, each with probability `probs`.

use rand_distr::Distribution as _;

use super::family::{Partials, family};
use super::incomplete;
use super::stirling::ln_beta_kernel;
use crate::support::{Bound, Support};
use crate::rng::Rng;

family! {
    /// log p(x) = ln [n! / x! (n - x)!] + x ln probs + (n - x) ln(1 - probs), n = total_count
    pub Binomial: "binomial", [total_count: count, probs: unit],
        Support::Integers { low: Bound::At(0.0), high: Bound::Param(0) };

    fn log_prob(x: f64, [n, p]: [f64; 2]) -> Partials<2> {
        let q = 1.0 - p;
        let (value, dp) = match x {
            _ if n == 0.0 => (0.0, 0.0),
            0.0 => (n * (-p).ln_1p(), -n / q),
            _ if x == n => (n * p.ln(), n / p),
            _ => {
                // x - n p to the last digit.
                let excess = (-n).mul_add(p, x);
                (log_mass(x, n, [p, q], excess), excess / p / q)
            }
        };
        Partials { value, dx: 0.0, dparams: [0.0, dp] }
    }

    fn sample(rng: &mut Rng, [n, p]: [f64; 2]) -> f64 {
        rand_distr::Binomial::new(n as u64, p).map_or(f64::NAN, |binomial| binomial.sample(rng) as f64)
    }

    fn cdf(x: f64, [n, p]: [f64; 2]) -> Option<f64> {
        Some(tails(x, n, [p, 1.0 - p]).0)
    }

    fn icdf(u: f64, [n, p]: [f64; 2]) -> Option<f64> {
        Some(quantile(u, n, [p, 1.0 - p]))
    }

    fn mean([n, p]: [f64; 2]) -> Option<f64> {
        Some(n * p)
    }

    fn variance([n, p]: [f64; 2]) -> Option<f64> {
        Some(n * p * (1.0 - p))
    }
}

/// The log mass at 0 < x < n, for probabilities of success and failure and excess = x - n p.
pub(super) fn log_mass(x: f64, n: f64, [p, q]: [f64; 2], excess: f64) -> f64 {
    ln_beta_kernel(x, n - x, p, q, excess) + (n / x / (n - x)).ln()
}

/// The mass up to and including `x`, and the mass above.
pub(super) fn tails(x: f64, n: f64, [p, q]: [f64; 2]) -> (f64, f64) {
    match x.floor() {
        x if x < 0.0 => (0.0, 1.0),
        x if x >= n => (1.0, 0.0),
        // (n - x) p - (x + 1) q, where p is exact and q its rest.
        x => incomplete::beta(n - x, x + 1.0, q, p, (n + 1.0).mul_add(p, -(x + 1.0))),
    }
}

/// The smallest count with a fraction of at least `u` at or below it.
pub(super) fn quantile(u: f64, n: f64, probs: [f64; 2]) -> f64 {
    if u >= 1.0 { n } else { incomplete::count_quantile(u, (n * probs[0]).floor(), |x| tails(x, n, probs)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::{BinomialLogits, Family};

    #[test]
    fn certain_trials_and_no_trials_have_a_mass_of_one() {
        for params in [[3.0, 0.0], [0.0, 0.3], [0.0, 0.0], [0.0, 1.0]] {
            assert_eq!(Binomial::log_prob(0.0, params).value, 0.0);
        }
        assert_eq!(Binomial::log_prob(3.0, [3.0, 1.0]).value, 0.0);
        assert_eq!(Binomial::log_prob(1.0, [3.0, 0.0]).value, f64::NEG_INFINITY);
        assert_eq!(Binomial::log_prob(1.0, [3.0, 1.0]).value, f64::NEG_INFINITY);
        assert_eq!(BinomialLogits::log_prob(0.0, [0.0, 0.4]).value, 0.0);
    }
}
