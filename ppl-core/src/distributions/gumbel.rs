//! Gumbel: the largest of many numbers.

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

family! {
    /// log p(x) = -z - e^-z - ln scale, z = (x - loc) / scale
    pub Gumbel: "gumbel", [loc: real, scale: positive], Support::REAL;

    fn log_prob(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        // 1 - e^-z, exact near the mode.
        let slope = -(-z).exp_m1();
        Partials {
            value: -z - (-z).exp() - scale.ln(),
            dx: -slope / scale,
            dparams: [slope / scale, (z * slope - 1.0) / scale],
        }
    }

    fn sample(rng: &mut Rng, params: [f64; 2]) -> f64 {
        Self::icdf(rng.sample(Open01), params).unwrap_or(f64::NAN)
    }

    fn pathwise(x: f64, [loc, scale]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(1.0), Some((x - loc) / scale)]
    }

    fn cdf(x: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        Some((-(-(x - loc) / scale).exp()).exp())
    }

    fn icdf(p: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        // -ln p by what is left of one, where p is near one.
        let ln = if p < 0.5 { p.ln() } else { (p - 1.0).ln_1p() };
        Some(loc - scale * (-ln).ln())
    }

    fn mean([loc, scale]: [f64; 2]) -> Option<f64> {
        Some(loc + scale * EULER)
    }

    fn variance([_, scale]: [f64; 2]) -> Option<f64> {
        Some((std::f64::consts::PI * scale).powi(2) / 6.0)
    }
}
