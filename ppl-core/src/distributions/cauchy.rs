//! Cauchy: so heavy in its tails that it has no mean.

use std::f64::consts::PI;

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

/// ln pi
const LN_PI: f64 = 1.144_729_885_849_400_2;

family! {
    /// log p(x) = -ln pi - ln scale - ln(1 + z^2), z = (x - loc) / scale
    pub Cauchy: "cauchy", [loc: real, scale: positive], Support::REAL;

    fn log_prob(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let d = x - loc;
        // No square of d or z, which overflows long before the density vanishes.
        let (z, inverse) = (d / scale, scale / d);
        let pull = 2.0 / (d + scale * inverse);
        let fall = if z.abs() < 1e8 { scale.ln() + (z * z).ln_1p() } else { 2.0 * d.abs().ln() - scale.ln() };
        let dscale = (2.0 / (1.0 + inverse * inverse) - 1.0) / scale;
        Partials { value: -LN_PI - fall, dx: -pull, dparams: [pull, dscale] }
    }

    fn sample(rng: &mut Rng, [loc, scale]: [f64; 2]) -> f64 {
        let u: f64 = rng.sample(Open01);
        loc + scale * (PI * (u - 0.5)).tan()
    }

    fn pathwise(x: f64, [loc, scale]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(1.0), Some((x - loc) / scale)]
    }

    fn cdf(x: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        // 1/2 + atan(z) / pi, in a form that keeps its digits in the lower tail.
        Some(f64::atan2(scale, loc - x) / PI)
    }

    fn icdf(p: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        let z = if p < 0.5 { -1.0 / (PI * p).tan() } else { 1.0 / (PI * (1.0 - p)).tan() };
        Some(loc + scale * z)
    }
}
