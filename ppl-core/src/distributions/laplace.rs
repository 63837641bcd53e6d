//! Laplace: two exponentials back to back.

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = -|x - loc| / scale - ln(2 scale)
    pub Laplace: "laplace", [loc: real, scale: positive], Support::REAL;

    fn log_prob(x: f64, params: [f64; 2]) -> Partials<2> {
        Self::log_kernel(x, params).plus(Self::log_constant(x, params))
    }

    const CONSTANT_OF: &'static [usize] = &[2];

    fn log_constant(_: f64, [_, scale]: [f64; 2]) -> f64 {
        -(2.0 * scale).ln()
    }

    fn log_kernel(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        // At the kink the middle of the two slopes.
        let sign = if z == 0.0 { 0.0 } else { z.signum() };
        Partials {
            value: -z.abs(),
            dx: -sign / scale,
            dparams: [sign / scale, (z.abs() - 1.0) / scale],
        }
    }

    fn sample(rng: &mut Rng, params: [f64; 2]) -> f64 {
        Self::icdf(rng.sample(Open01), params).unwrap_or(f64::NAN)
    }

    fn pathwise(x: f64, [loc, scale]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(1.0), Some((x - loc) / scale)]
    }

    fn cdf(x: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        let tail = 0.5 * (-((x - loc) / scale).abs()).exp();
        Some(if x < loc { tail } else { 1.0 - tail })
    }

    fn icdf(p: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        Some(loc + scale * if p < 0.5 { (2.0 * p).ln() } else { -(2.0 * (1.0 - p)).ln() })
    }

    fn mean([loc, _]: [f64; 2]) -> Option<f64> {
        Some(loc)
    }

    fn variance([_, scale]: [f64; 2]) -> Option<f64> {
        Some(2.0 * scale * scale)
    }
}
