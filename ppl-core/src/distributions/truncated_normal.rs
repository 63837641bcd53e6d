//! TruncatedNormal: a Normal cut off outside an interval.

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Family, Parameter, Partials, bound, constructor, positive, real};
use super::normal::Normal;
use super::normal_mass::{hazard, ln_mass, moments, quantile};
use super::support::Support;
use crate::rng::Rng;

/// log p(x) = log Normal(x | loc, scale) - ln[Phi(b) - Phi(a)] for low <= x <= high,
/// with a = (low - loc) / scale and b = (high - loc) / scale; either bound may be infinite
#[derive(Clone, Copy, Debug)]
pub struct TruncatedNormal;

constructor!(TruncatedNormal: loc, scale, low, high);

/// The bounds as deviations from the Normal's middle.
fn ends([loc, scale, low, high]: [f64; 4]) -> (f64, f64) {
    ((low - loc) / scale, (high - loc) / scale)
}

impl Family<4> for TruncatedNormal {
    const NAME: &'static str = "truncated_normal";
    const PARAMS: [Parameter; 4] =
        [real("loc"), positive("scale"), bound("low").or(f64::NEG_INFINITY), bound("high").or(f64::INFINITY)];
    const SUPPORT: Support = Support::between(2, 3);

    fn log_prob(x: f64, params: [f64; 4]) -> Partials<4> {
        let [loc, scale, low, high] = params;
        let (a, b) = ends(params);
        let ln_mass = ln_mass(a, b);
        let normal = Normal::log_prob(x, [loc, scale]);
        let slope = |bound: f64, end: f64| if bound.is_finite() { hazard(end, ln_mass) / scale } else { 0.0 };
        let (at_low, at_high) = (slope(low, a), slope(high, b));
        let pull = if low.is_finite() { a * at_low } else { 0.0 } - if high.is_finite() { b * at_high } else { 0.0 };
        Partials {
            value: normal.value - ln_mass,
            dx: normal.dx,
            dparams: [normal.dparams[0] + at_high - at_low, normal.dparams[1] - pull, at_low, -at_high],
        }
    }

    fn sample(rng: &mut Rng, params: [f64; 4]) -> f64 {
        let u: f64 = rng.sample(Open01);
        Self::icdf(u, params).unwrap_or(f64::NAN)
    }

    fn cdf(x: f64, params: [f64; 4]) -> Option<f64> {
        let [loc, scale, low, high] = params;
        let (a, b) = ends(params);
        Some(if x <= low {
            0.0
        } else if x >= high {
            1.0
        } else {
            (ln_mass(a, (x - loc) / scale) - ln_mass(a, b)).exp()
        })
    }

    fn icdf(p: f64, params: [f64; 4]) -> Option<f64> {
        let [loc, scale, low, high] = params;
        let (a, b) = ends(params);
        Some((loc + scale * quantile(p, a, b)).clamp(low, high))
    }

    fn mean(params: [f64; 4]) -> Option<f64> {
        let (a, b) = ends(params);
        Some(params[0] + params[1] * moments(a, b).0)
    }

    fn variance(params: [f64; 4]) -> Option<f64> {
        let (a, b) = ends(params);
        Some(params[1].powi(2) * moments(a, b).1)
    }
}
