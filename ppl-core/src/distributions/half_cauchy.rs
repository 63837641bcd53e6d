//! HalfCauchy: the absolute value of a Cauchy around zero.

use std::f64::consts::{LN_2, PI};

use super::cauchy::Cauchy;
use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln 2 + log Cauchy(x | 0, scale) for x >= 0
    pub HalfCauchy: "half_cauchy", [scale: positive], Support::POSITIVE;

    fn log_prob(x: f64, [scale]: [f64; 1]) -> Partials<1> {
        let cauchy = Cauchy::log_prob(x, [0.0, scale]);
        Partials { value: LN_2 + cauchy.value, dx: cauchy.dx, dparams: [cauchy.dparams[1]] }
    }

    fn sample(rng: &mut Rng, [scale]: [f64; 1]) -> f64 {
        Cauchy::sample(rng, [0.0, scale]).abs()
    }

    fn pathwise(x: f64, [scale]: [f64; 1]) -> [Option<f64>; 1] {
        [Some(x / scale)]
    }

    fn cdf(x: f64, [scale]: [f64; 1]) -> Option<f64> {
        Some(if x <= 0.0 { 0.0 } else { 2.0 * f64::atan2(x, scale) / PI })
    }

    fn icdf(p: f64, [scale]: [f64; 1]) -> Option<f64> {
        let half = 0.5 * PI;
        Some(scale * if p < 0.5 { (half * p).tan() } else { 1.0 / (half * (1.0 - p)).tan() })
    }
}
