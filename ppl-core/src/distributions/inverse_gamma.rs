//! InverseGamma: the inverse of a Gamma, the conjugate prior of a variance.

use super::family::{Partials, family};
use super::gamma::{by_excess, ln_draw};
use super::incomplete;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = a ln rate - ln Gamma(a) - (a + 1) ln x - rate / x, a = concentration
    pub InverseGamma: "inverse_gamma", [concentration: positive, rate: positive = 1.0], Support::POSITIVE;

    fn log_prob(x: f64, [a, rate]: [f64; 2]) -> Partials<2> {
        if x == 0.0 || x == f64::INFINITY {
            return Partials::IMPOSSIBLE;
        }
        // That of the Gamma at y = 1 / x times |dy / dx| = 1 / x^2, where p(y) has the factor 1 / y.
        let m = rate / x;
        let ln_m = if m < f64::MIN_POSITIVE { rate.ln() - x.ln() } else { m.ln() };
        let excess = excess(x, a, rate);
        by_excess(x, a, rate, (m, ln_m), excess, -(excess + 1.0) / x)
    }

    fn sample(rng: &mut Rng, [a, rate]: [f64; 2]) -> f64 {
        (rate.ln() - ln_draw(rng, a)).exp().min(f64::MAX)
    }

    fn pathwise(x: f64, [a, rate]: [f64; 2]) -> [Option<f64>; 2] {
        let density = Self::log_prob(x, [a, rate]).value.exp();
        let masses = |a| tails(a, rate / x, excess(x, a, rate));
        [Some(incomplete::implicit(a, density, masses)), Some(x / rate)]
    }

    fn cdf(x: f64, [a, rate]: [f64; 2]) -> Option<f64> {
        Some(if x <= 0.0 { 0.0 } else { tails(a, rate / x, excess(x, a, rate)).0 })
    }

    fn icdf(p: f64, [a, rate]: [f64; 2]) -> Option<f64> {
        Some(match p {
            0.0 => 0.0,
            1.0 => f64::INFINITY,
            // In the logarithm of x over rate / a.
            _ => rate / a * incomplete::quantile(p, 0.0, |u| tails(a, a * (-u).exp(), -a * (-u).exp_m1())).exp(),
        })
    }

    fn mean([a, rate]: [f64; 2]) -> Option<f64> {
        (a > 1.0).then(|| rate / (a - 1.0))
    }

    fn variance([a, rate]: [f64; 2]) -> Option<f64> {
        (a > 2.0).then(|| (rate / (a - 1.0)).powi(2) / (a - 2.0))
    }
}

/// a - rate / x, with what the rounding of the quotient leaves out.
fn excess(x: f64, a: f64, rate: f64) -> f64 {
    let m = rate / x;
    (a - m) - (-m).mul_add(x, rate) / x
}

/// The mass below and above x = 1 / y, at rate one, for excess = a - y.
fn tails(a: f64, y: f64, excess: f64) -> (f64, f64) {
    let (above, below) = incomplete::gamma(a, y, excess);
    (below, above)
}
