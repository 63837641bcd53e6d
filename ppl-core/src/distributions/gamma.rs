//! Gamma: a positive number, the waiting time for `concentration` events.

use rand::RngExt as _;
use rand::distr::Open01;
use rand_distr::Distribution as _;

use super::family::{Partials, family};
use super::incomplete;
use super::stirling::{digamma_error, ln_poisson, ln_ratio};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = a ln rate - ln Gamma(a) + (a - 1) ln x - rate x, a = concentration
    pub Gamma: "gamma", [concentration: positive, rate: positive = 1.0], Support::POSITIVE;

    fn log_prob(x: f64, [a, rate]: [f64; 2]) -> Partials<2> {
        if x == 0.0 {
            let value = match a {
                a if a < 1.0 => f64::INFINITY,
                a if a > 1.0 => f64::NEG_INFINITY,
                _ => rate.ln(),
            };
            return Partials { value, ..Partials::IMPOSSIBLE };
        }
        // a - rate x to the last digit.
        let excess = (-rate).mul_add(x, a);
        let m = rate * x;
        let ln_m = if m < f64::MIN_POSITIVE { rate.ln() + x.ln() } else { m.ln() };
        by_excess(x, a, rate, (m, ln_m), excess, (excess - 1.0) / x)
    }

    fn sample(rng: &mut Rng, [a, rate]: [f64; 2]) -> f64 {
        // Kept off zero, where a concentration below one has no finite density.
        (ln_draw(rng, a) - rate.ln()).exp().max(f64::MIN_POSITIVE)
    }

    fn pathwise(x: f64, [a, rate]: [f64; 2]) -> [Option<f64>; 2] {
        let density = Self::log_prob(x, [a, rate]).value.exp();
        let masses = |a| incomplete::gamma(a, rate * x, (-rate).mul_add(x, a));
        [Some(incomplete::implicit(a, density, masses)), Some(-x / rate)]
    }

    fn cdf(x: f64, [a, rate]: [f64; 2]) -> Option<f64> {
        Some(incomplete::gamma(a, rate * x, (-rate).mul_add(x, a)).0)
    }

    fn icdf(p: f64, [a, rate]: [f64; 2]) -> Option<f64> {
        Some(match p {
            0.0 => 0.0,
            1.0 => f64::INFINITY,
            // In the logarithm of x over its mean.
            _ => a / rate * incomplete::quantile(p, 0.0, |u| incomplete::gamma(a, a * u.exp(), -a * u.exp_m1())).exp(),
        })
    }

    fn mean([a, rate]: [f64; 2]) -> Option<f64> {
        Some(a / rate)
    }

    fn variance([a, rate]: [f64; 2]) -> Option<f64> {
        Some(a / rate / rate)
    }
}

/// log p and its slopes for m events in `x` where `a = m + excess` are waited for; the slope by `x` is the caller's.
pub(super) fn by_excess(x: f64, a: f64, rate: f64, (m, ln_m): (f64, f64), excess: f64, dx: f64) -> Partials<2> {
    let value = ln_poisson(a, m, ln_m, excess) + a.ln() - x.ln();
    Partials { value, dx, dparams: [ln_ratio(a, ln_m, excess) - digamma_error(a), excess / rate] }
}

/// The logarithm of a draw at rate one: it does not underflow where a tiny concentration's draw would.
pub(super) fn ln_draw(rng: &mut Rng, a: f64) -> f64 {
    // Gamma(a) is Gamma(a + 1) u^(1/a) (Marsaglia & Tsang 2000, section 6).
    let boost = if a < 1.0 { rng.sample::<f64, _>(Open01).ln() / a } else { 0.0 };
    let shape = if a < 1.0 { a + 1.0 } else { a };
    rand_distr::Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| gamma.sample(rng).ln() + boost)
}
