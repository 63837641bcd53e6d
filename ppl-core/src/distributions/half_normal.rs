//! HalfNormal: the absolute value of a Normal around zero.

use std::f64::consts::{LN_2, PI, SQRT_2};

use statrs::function::erf;

use super::family::{Partials, family};
use super::normal::Normal;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln 2 + log Normal(x | 0, scale) for x >= 0
    pub HalfNormal: "half_normal", [scale: positive], Support::POSITIVE;

    fn log_prob(x: f64, params: [f64; 1]) -> Partials<1> {
        Self::log_kernel(x, params).plus(Self::log_constant(x, params))
    }

    const CONSTANT_OF: &'static [usize] = &[1];

    fn log_constant(x: f64, [scale]: [f64; 1]) -> f64 {
        LN_2 + Normal::log_constant(x, [0.0, scale])
    }

    fn log_kernel(x: f64, [scale]: [f64; 1]) -> Partials<1> {
        let normal = Normal::log_kernel(x, [0.0, scale]);
        Partials { value: normal.value, dx: normal.dx, dparams: [normal.dparams[1]] }
    }

    fn sample(rng: &mut Rng, [scale]: [f64; 1]) -> f64 {
        Normal::sample(rng, [0.0, scale]).abs()
    }

    fn pathwise(x: f64, [scale]: [f64; 1]) -> [Option<f64>; 1] {
        [Some(x / scale)]
    }

    fn cdf(x: f64, [scale]: [f64; 1]) -> Option<f64> {
        Some(if x <= 0.0 { 0.0 } else { libm::erf(x / (scale * SQRT_2)) })
    }

    fn icdf(p: f64, [scale]: [f64; 1]) -> Option<f64> {
        Some(scale * SQRT_2 * erf::erf_inv(p))
    }

    fn mean([scale]: [f64; 1]) -> Option<f64> {
        Some(scale * (2.0 / PI).sqrt())
    }

    fn variance([scale]: [f64; 1]) -> Option<f64> {
        Some(scale * scale * (1.0 - 2.0 / PI))
    }
}
