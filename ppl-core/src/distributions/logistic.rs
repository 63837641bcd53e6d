//! Logistic: the number whose distribution function is the logistic function.

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use crate::support::Support;
use crate::autodiff::sigmoid;
use crate::rng::Rng;

family! {
    /// log p(x) = -z - 2 ln(1 + e^-z) - ln scale, z = (x - loc) / scale
    pub Logistic: "logistic", [loc: real, scale: positive], Support::REAL;

    fn log_prob(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        // The density is even in z.
        let fall = (-z.abs()).exp();
        let slope = ((1.0 - fall) / (1.0 + fall)).copysign(z);
        Partials {
            value: -z.abs() - 2.0 * fall.ln_1p() - scale.ln(),
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
        Some(sigmoid((x - loc) / scale))
    }

    fn icdf(p: f64, [loc, scale]: [f64; 2]) -> Option<f64> {
        Some(loc + scale * (p / (1.0 - p)).ln())
    }

    fn mean([loc, _]: [f64; 2]) -> Option<f64> {
        Some(loc)
    }

    fn variance([_, scale]: [f64; 2]) -> Option<f64> {
        Some((std::f64::consts::PI * scale).powi(2) / 3.0)
    }
}
