//! Pareto: a power law from `scale` on.

use rand_distr::Distribution as _;

use super::family::{Partials, family};
use crate::support::{Bound, Support};
use crate::rng::Rng;

family! {
    /// log p(x) = ln alpha + alpha ln(scale / x) - ln x for x >= scale
    pub Pareto: "pareto", [scale: positive, alpha: positive],
        Support::Interval { low: Bound::Param(0), high: Bound::At(f64::INFINITY) };

    fn log_prob(x: f64, [scale, alpha]: [f64; 2]) -> Partials<2> {
        // ln(scale / x), exact near the end.
        let ln = -((x - scale) / scale).ln_1p();
        Partials {
            value: alpha.ln() + alpha * ln - x.ln(),
            dx: -(alpha + 1.0) / x,
            dparams: [alpha / scale, 1.0 / alpha + ln],
        }
    }

    fn sample(rng: &mut Rng, [scale, alpha]: [f64; 2]) -> f64 {
        let waited: f64 = rand_distr::Exp1.sample(rng);
        (scale * (waited / alpha).exp()).min(f64::MAX)
    }

    fn pathwise(x: f64, [scale, alpha]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(x / scale), Some(-x * (x / scale).ln() / alpha)]
    }

    fn cdf(x: f64, [scale, alpha]: [f64; 2]) -> Option<f64> {
        Some(if x <= scale { 0.0 } else { -(-alpha * ((x - scale) / scale).ln_1p()).exp_m1() })
    }

    fn icdf(p: f64, [scale, alpha]: [f64; 2]) -> Option<f64> {
        Some(scale * (-(-p).ln_1p() / alpha).exp())
    }

    fn mean([scale, alpha]: [f64; 2]) -> Option<f64> {
        (alpha > 1.0).then(|| scale * alpha / (alpha - 1.0))
    }

    fn variance([scale, alpha]: [f64; 2]) -> Option<f64> {
        (alpha > 2.0).then(|| (scale / (alpha - 1.0)).powi(2) * alpha / (alpha - 2.0))
    }
}
