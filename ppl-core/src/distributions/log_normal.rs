//! LogNormal: a positive number whose logarithm is Normal.

use super::family::{Partials, family};
use super::normal::Normal;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = log Normal(ln x | loc, scale) - ln x
    pub LogNormal: "log_normal", [loc: real, scale: positive], Support::POSITIVE;

    fn log_prob(x: f64, params: [f64; 2]) -> Partials<2> {
        Self::log_kernel(x, params).plus(Self::log_constant(x, params))
    }

    const CONSTANT_OF: &'static [usize] = &[2];

    fn log_constant(x: f64, params: [f64; 2]) -> f64 {
        Normal::log_constant(x, params)
    }

    fn log_kernel(x: f64, params: [f64; 2]) -> Partials<2> {
        if x == 0.0 {
            return Partials::IMPOSSIBLE;
        }
        let normal = Normal::log_kernel(x.ln(), params);
        Partials { value: normal.value - x.ln(), dx: (normal.dx - 1.0) / x, dparams: normal.dparams }
    }

    fn sample(rng: &mut Rng, params: [f64; 2]) -> f64 {
        Normal::sample(rng, params).exp()
    }

    fn pathwise(x: f64, [loc, scale]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(x), Some(x * (x.ln() - loc) / scale)]
    }

    fn cdf(x: f64, params: [f64; 2]) -> Option<f64> {
        if x <= 0.0 { Some(0.0) } else { Normal::cdf(x.ln(), params) }
    }

    fn icdf(p: f64, params: [f64; 2]) -> Option<f64> {
        Normal::icdf(p, params).map(f64::exp)
    }

    fn mean([loc, scale]: [f64; 2]) -> Option<f64> {
        Some((loc + 0.5 * scale * scale).exp())
    }

    fn variance([loc, scale]: [f64; 2]) -> Option<f64> {
        Some((scale * scale).exp_m1() * (2.0 * loc + scale * scale).exp())
    }
}
