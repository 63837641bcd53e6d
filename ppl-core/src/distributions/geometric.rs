//! Geometric: how many trials fail before the first success.

use rand_distr::Distribution as _;

use super::family::{Partials, family};
use super::incomplete;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln probs + x ln(1 - probs)
    pub Geometric: "geometric", [probs: unit], Support::COUNT;

    fn log_prob(x: f64, [p]: [f64; 1]) -> Partials<1> {
        let (value, dp) = match x {
            0.0 => (p.ln(), 1.0 / p),
            _ => (p.ln() + x * (-p).ln_1p(), (-(x + 1.0)).mul_add(p, 1.0) / p / (1.0 - p)),
        };
        Partials { value, dx: 0.0, dparams: [dp] }
    }

    fn sample(rng: &mut Rng, [p]: [f64; 1]) -> f64 {
        let waited: f64 = rand_distr::Exp1.sample(rng);
        (waited / -(-p).ln_1p()).floor().min(f64::MAX)
    }

    fn cdf(x: f64, [p]: [f64; 1]) -> Option<f64> {
        Some(tails(x, p).0)
    }

    fn icdf(u: f64, [p]: [f64; 1]) -> Option<f64> {
        Some(incomplete::count_quantile(u, (1.0 / p).floor(), |x| tails(x, p)))
    }

    fn mean([p]: [f64; 1]) -> Option<f64> {
        Some((1.0 - p) / p)
    }

    fn variance([p]: [f64; 1]) -> Option<f64> {
        Some((1.0 - p) / p / p)
    }
}

/// The mass up to and including `x`, and the mass above.
fn tails(x: f64, p: f64) -> (f64, f64) {
    let ln_above = if x < 0.0 { 0.0 } else { (x.floor() + 1.0) * (-p).ln_1p() };
    (-ln_above.exp_m1(), ln_above.exp())
}
