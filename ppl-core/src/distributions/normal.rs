//! Normal: the Gaussian on the real line.

use rand_distr::Distribution as _;
use statrs::function::erf;

use super::family::{Family, Parameter, Partials, constructor, positive, real};
use super::support::Support;
use crate::rng::Rng;

/// log p(x) = -(x - loc)^2 / (2 scale^2) - ln scale - ln(2 pi) / 2
#[derive(Clone, Copy, Debug)]
pub struct Normal;

constructor!(Normal: loc, scale);

/// ln sqrt(2 pi)
pub(super) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

impl Family<2> for Normal {
    const NAME: &'static str = "normal";
    const PARAMS: [Parameter; 2] = [real("loc"), positive("scale")];
    const SUPPORT: Support = Support::REAL;

    fn log_prob(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        Partials {
            value: -0.5 * z * z - scale.ln() - LN_SQRT_2PI,
            dx: -z / scale,
            dparams: [z / scale, (z * z - 1.0) / scale],
        }
    }

    fn sample(rng: &mut Rng, [loc, scale]: [f64; 2]) -> f64 {
        let z: f64 = rand_distr::StandardNormal.sample(rng);
        loc + scale * z
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
