//! Weibull: a lifetime whose hazard is a power of the age.

use libm::lgamma as ln_gamma;
use rand_distr::Distribution as _;
use statrs::function::gamma::gamma;

use super::family::{Partials, family};
use super::stirling::ln_ratio;
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln k - ln scale + (k - 1) ln z - z^k, z = x / scale, k = concentration
    pub Weibull: "weibull", [scale: positive, concentration: positive], Support::POSITIVE;

    fn log_prob(x: f64, [scale, k]: [f64; 2]) -> Partials<2> {
        if x == 0.0 {
            let value = match k {
                k if k < 1.0 => f64::INFINITY,
                k if k > 1.0 => f64::NEG_INFINITY,
                _ => -scale.ln(),
            };
            return Partials { value, ..Partials::IMPOSSIBLE };
        }
        let ln_z = ln_ratio(scale, x.ln(), scale - x);
        let hazard = (k * ln_z).exp();
        // 1 - z^k, exact near the mode.
        let rest = -(k * ln_z).exp_m1();
        Partials {
            value: k.ln() - scale.ln() + (k - 1.0) * ln_z - hazard,
            dx: (k * rest - 1.0) / x,
            dparams: [-k * rest / scale, 1.0 / k + ln_z * rest],
        }
    }

    fn sample(rng: &mut Rng, [scale, k]: [f64; 2]) -> f64 {
        let waited: f64 = rand_distr::Exp1.sample(rng);
        // Kept off zero, where a concentration below one has no finite density.
        (scale * waited.powf(1.0 / k)).max(f64::MIN_POSITIVE)
    }

    fn pathwise(x: f64, [scale, k]: [f64; 2]) -> [Option<f64>; 2] {
        [Some(x / scale), Some(-x * (x / scale).ln() / k)]
    }

    fn cdf(x: f64, [scale, k]: [f64; 2]) -> Option<f64> {
        Some(if x <= 0.0 { 0.0 } else { -(-(x / scale).powf(k)).exp_m1() })
    }

    fn icdf(p: f64, [scale, k]: [f64; 2]) -> Option<f64> {
        Some(scale * (-(-p).ln_1p()).powf(1.0 / k))
    }

    fn mean([scale, k]: [f64; 2]) -> Option<f64> {
        Some(scale * gamma(1.0 + 1.0 / k))
    }

    fn variance([scale, k]: [f64; 2]) -> Option<f64> {
        Some((scale * gamma(1.0 + 1.0 / k)).powi(2) * ln_second_moment(1.0 / k).exp_m1())
    }
}

/// Riemann's zeta function of 2, 3, .., 11.
const ZETA: [f64; 10] = [
    1.644_934_066_848_226_4,
    1.202_056_903_159_594_3,
    1.082_323_233_711_138_2,
    1.036_927_755_143_37,
    1.017_343_061_984_449_2,
    1.008_349_277_381_922_8,
    1.004_077_356_197_944_3,
    1.002_008_392_826_082_2,
    1.000_994_575_127_818_1,
    1.000_494_188_604_119_5,
];

/// ln [Gamma(1 + 2 e) / Gamma(1 + e)^2]: of order e^2, by the series of ln Gamma around one where a difference would lose that.
fn ln_second_moment(e: f64) -> f64 {
    if e > 0.02 {
        return ln_gamma(1.0 + 2.0 * e) - 2.0 * ln_gamma(1.0 + e);
    }
    let term = |(i, zeta): (usize, &f64)| {
        let j = i as i32 + 2;
        zeta / f64::from(j) * ((-2.0 * e).powi(j) - 2.0 * (-e).powi(j))
    };
    ZETA.iter().enumerate().map(term).sum()
}
