//! NegativeBinomial2: a Poisson count whose rate was drawn from a Gamma, by its mean.

use super::family::{Family as _, Partials, family};
use super::gamma::ln_draw;
use super::incomplete;
use super::poisson::Poisson;
use super::stirling::{deviance, digamma_error_step, ln_beta_kernel};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln [Gamma(x + c) / Gamma(c) x!] + c ln(c / (c + mean)) + x ln(mean / (c + mean)), c = concentration
    pub NegativeBinomial2: "negative_binomial2", [mean: positive, concentration: positive], Support::COUNT;

    fn log_prob(x: f64, [mean, c]: [f64; 2]) -> Partials<2> {
        let n = c + mean;
        let excess = (mean - x) * (c / n);
        let value = if x == 0.0 { -c * (mean / c).ln_1p() } else { log_mass(x, c, [c / n, mean / n], excess) };
        // ln(1 + u) - u with 1 + u = (c + x) / (c + mean): of order u^2.
        let curve = -deviance(1.0, (c + x) / n, (mean - x) / n);
        Partials { value, dx: 0.0, dparams: [-excess / mean, curve + digamma_error_step(c, x)] }
    }

    fn sample(rng: &mut Rng, [mean, c]: [f64; 2]) -> f64 {
        draw(rng, c, mean.ln() - c.ln())
    }

    fn cdf(x: f64, [mean, c]: [f64; 2]) -> Option<f64> {
        Some(tails(x, mean, c).0)
    }

    fn icdf(u: f64, [mean, c]: [f64; 2]) -> Option<f64> {
        Some(incomplete::count_quantile(u, mean.floor(), |x| tails(x, mean, c)))
    }

    fn mean([mean, _]: [f64; 2]) -> Option<f64> {
        Some(mean)
    }

    fn variance([mean, c]: [f64; 2]) -> Option<f64> {
        Some(mean + mean * (mean / c))
    }
}

/// The log mass at x > 0: q^c p^x / (x B(c, x)) for excess = c p - x q.
pub(super) fn log_mass(x: f64, c: f64, [q, p]: [f64; 2], excess: f64) -> f64 {
    ln_beta_kernel(c, x, q, p, excess) - x.ln()
}

/// A Poisson count at a rate drawn from the Gamma of shape `c`.
pub(super) fn draw(rng: &mut Rng, c: f64, ln_scale: f64) -> f64 {
    let rate = (ln_draw(rng, c) + ln_scale).exp();
    // A rate that has underflowed makes no events.
    if rate < f64::MIN_POSITIVE { 0.0 } else { Poisson::sample(rng, [rate]) }
}

/// The mass up to and including `x`, and the mass above.
fn tails(x: f64, mean: f64, c: f64) -> (f64, f64) {
    let (next, q, p) = (x.floor() + 1.0, c / (c + mean), mean / (c + mean));
    if x < 0.0 { (0.0, 1.0) } else { incomplete::beta(c, next, q, p, (mean - next) * q) }
}
