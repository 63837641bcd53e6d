//! Normal: the Gaussian on the real line.

use rand_distr::Distribution as _;
use statrs::function::erf;

use super::family::{Partials, family};
use crate::support::Support;
use crate::rng::Rng;

/// ln sqrt(2 pi)
pub(super) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

family! {
    /// log p(x) = -(x - loc)^2 / (2 scale^2) - ln scale - ln(2 pi) / 2
    pub Normal: "normal", [loc: real, scale: positive], Support::REAL;

    fn log_prob(x: f64, params: [f64; 2]) -> Partials<2> {
        Self::log_kernel(x, params).plus(Self::log_constant(x, params))
    }

    const CONSTANT_OF: &'static [usize] = &[2];

    fn log_constant(_: f64, [_, scale]: [f64; 2]) -> f64 {
        -scale.ln() - LN_SQRT_2PI
    }

    fn log_kernel(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        Partials { value: -0.5 * z * z, dx: -z / scale, dparams: [z / scale, (z * z - 1.0) / scale] }
    }

    fn sample(rng: &mut Rng, [loc, scale]: [f64; 2]) -> f64 {
        let z: f64 = rand_distr::StandardNormal.sample(rng);
        loc + scale * z
    }

    fn pathwise(x: f64, [loc, scale]: [f64; 2]) -> [Option<f64>; 2] {
        let z = (x - loc) / scale;
        [Some(1.0), Some(z)]
    }

    fn cdf(x: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        Some(0.5 * libm::erfc((loc - x) / (scale * std::f64::consts::SQRT_2)))
    }

    fn icdf(p: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        Some(loc - scale * std::f64::consts::SQRT_2 * erf::erfc_inv(2.0 * p))
    }

    fn mean([loc, _]: [f64; 2]) -> Option<f64> {
        Some(loc)
    }

    fn variance([_, scale]: [f64; 2]) -> Option<f64> {
        Some(scale * scale)
    }
}
