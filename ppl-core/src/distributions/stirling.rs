//! Gamma functions by their distance from Stirling's formula, so that large arguments lose no digits (Loader 2000).

use libm::lgamma as ln_gamma;

use super::normal::LN_SQRT_2PI;

/// Above this the asymptotic series is exact to the last digit; below it ln Gamma is small enough to subtract from.
const SERIES_FROM: f64 = 15.0;

/// ln Gamma(a) - [(a - 1/2) ln a - a + ln sqrt(2 pi)], for a > 0.
pub(super) fn stirling_error(a: f64) -> f64 {
    if a < SERIES_FROM {
        return ln_gamma(a) - ((a - 0.5) * a.ln() - a + LN_SQRT_2PI);
    }
    let r = 1.0 / (a * a);
    (1.0 / 12.0
        - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * 691.0 / 360_360.0)))))
        / a
}

/// ln Gamma(a + 1/2) - ln Gamma(a), for a > 0.
pub(super) fn ln_gamma_half_step(a: f64) -> f64 {
    a * (0.5 / a).ln_1p() - 0.5 + 0.5 * a.ln() + stirling_error(a + 0.5) - stirling_error(a)
}

/// a ln(a / m) + m - a, for a >= 0 and m >= 0: how far a mean of m is from a count of a.
pub(super) fn deviance(a: f64, m: f64) -> f64 {
    if a == 0.0 {
        return m;
    }
    if (a - m).abs() >= 0.1 * (a + m) {
        return a * (a / m).ln() + m - a;
    }
    // With v = (a - m) / (a + m), ln(a / m) = 2 atanh v: the first-order terms cancel on paper, not in floating point.
    let v = (a - m) / (a + m);
    let mut sum = (a - m) * v;
    let mut term = 2.0 * a * v;
    for j in 1..100 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// a ln m - m - ln Gamma(a + 1), for a >= 0: the Poisson log mass, also at a that is no whole number.
pub(super) fn ln_poisson(a: f64, m: f64) -> f64 {
    if a == 0.0 || m == f64::INFINITY {
        return -m;
    }
    if a < SERIES_FROM && m > 0.0 {
        return a * m.ln() - m - ln_gamma(a + 1.0);
    }
    -stirling_error(a) - deviance(a, m) - 0.5 * a.ln() - LN_SQRT_2PI
}

/// ln [x^a y^b / B(a, b)] for y = 1 - x: the Beta log density but for its factor 1 / (x y).
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    errors - deviance(a, n * x) - deviance(b, n * y) + 0.5 * (a.ln() + (b / n).ln()) - LN_SQRT_2PI
}
