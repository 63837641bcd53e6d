//! TruncatedNormal: a Normal cut off outside an interval.

use rand::RngExt as _;
use rand::distr::Open01;

use super::family::{Partials, family};
use super::normal_mass::{Interval, Origin};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = log Normal(x | loc, scale) - ln[Phi(b) - Phi(a)] for low <= x <= high,
    /// with a = (low - loc) / scale and b = (high - loc) / scale; either bound may be infinite
    pub TruncatedNormal: "truncated_normal",
        [loc: real, scale: positive, low: bound = f64::NEG_INFINITY, high: bound = f64::INFINITY], Support::between(2, 3);

    fn log_prob(x: f64, params: [f64; 4]) -> Partials<4> {
        let scale = params[1];
        let (z, from_ends) = place(x, params);
        let interval = interval(params);
        let mass = interval.mass();
        // All by the end nearest to the middle: far out, z^2 and the logarithm of the mass are large and nearly equal.
        let (origin, t) = interval.seen_from(mass.origin, z, from_ends);
        let [at_low, at_high] = mass.at_ends.map(|density| density / scale);
        Partials {
            value: -t * (origin + 0.5 * t) - mass.ratio.ln() - scale.ln(),
            dx: -z / scale,
            // log p = -z^2 / 2 - ln of its own integral, so that each slope is a value less its mean.
            dparams: [(t - mass.mean) / scale, (t * (2.0 * origin + t) - mass.square) / scale, at_low, -at_high],
        }
    }

    fn sample(rng: &mut Rng, params: [f64; 4]) -> f64 {
        let u: f64 = rng.sample(Open01);
        Self::icdf(u, params).unwrap_or(f64::NAN)
    }

    /// Phi(z) = (1 - u) Phi(a) + u Phi(b) at the fixed u = F(x).
    fn pathwise(x: f64, params: [f64; 4]) -> [Option<f64>; 4] {
        let (z, from_ends) = place(x, params);
        let Interval { low: a, high: b, .. } = interval(params);
        let u = interval(params).below(z, from_ends);
        // Weights times the density at an end over that at z; nothing comes from an infinite end.
        let over = |weight: f64, end: f64| if end.is_finite() { weight * (0.5 * (z - end) * (z + end)).exp() } else { 0.0 };
        let (at_low, at_high) = (over(1.0 - u, a), over(u, b));
        let times = |weight: f64, end: f64| if weight == 0.0 { 0.0 } else { weight * end };
        let dscale = z - times(at_low, a) - times(at_high, b);
        [Some(1.0 - at_low - at_high), Some(dscale), Some(at_low), Some(at_high)]
    }

    fn cdf(x: f64, params: [f64; 4]) -> Option<f64> {
        let [_, _, low, high] = params;
        let (z, from_ends) = place(x, params);
        Some(match x {
            _ if x <= low => 0.0,
            _ if x >= high => 1.0,
            _ => interval(params).below(z, from_ends),
        })
    }

    fn icdf(p: f64, params: [f64; 4]) -> Option<f64> {
        let [_, _, low, high] = params;
        if p <= 0.0 || p >= 1.0 {
            return Some(if p <= 0.0 { low } else { high });
        }
        let (origin, t) = interval(params).quantile(p);
        // Not `clamp`, which panics where ends that move have crossed.
        Some(point(origin, t, params).max(low).min(high))
    }

    fn mean(params: [f64; 4]) -> Option<f64> {
        let (origin, mean, _) = interval(params).moments();
        Some(point(origin, mean, params))
    }

    fn variance(params: [f64; 4]) -> Option<f64> {
        Some(params[1].powi(2) * interval(params).moments().2)
    }
}

/// The interval as deviations from the Normal's middle.
fn interval([loc, scale, low, high]: [f64; 4]) -> Interval {
    Interval { low: (low - loc) / scale, high: (high - loc) / scale, width: (high - low) / scale }
}

/// The same of a value, and its distances from the two ends.
fn place(x: f64, [loc, scale, low, high]: [f64; 4]) -> (f64, [f64; 2]) {
    ((x - loc) / scale, [(x - low) / scale, (high - x) / scale])
}

/// The value at `t` deviations from the origin.
fn point(origin: Origin, t: f64, [loc, scale, low, high]: [f64; 4]) -> f64 {
    scale * t
        + match origin {
            Origin::Low => low,
            Origin::Zero => loc,
            Origin::High => high,
        }
}
