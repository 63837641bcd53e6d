//! Gamma functions by their distance from Stirling's formula, so that large arguments lose no digits (Loader 2000).

use libm::lgamma as ln_gamma;
use statrs::function::gamma::digamma;

use super::normal::LN_SQRT_2PI;

/// Above this the asymptotic series are exact to the last digit; below it the functions are small enough to subtract from.
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

/// digamma(a) - ln a, for a > 0.
pub(super) fn digamma_error(a: f64) -> f64 {
    if a < SERIES_FROM {
        return digamma(a) - a.ln();
    }
    let r = 1.0 / (a * a);
    -0.5 / a - r / 12.0 + digamma_tail(r)
}

/// The terms of digamma's series from a^-4 on, r = a^-2.
fn digamma_tail(r: f64) -> f64 {
    r * r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * (1.0 / 240.0 - r * (1.0 / 132.0 - r * 691.0 / 32_760.0))))
}

/// `digamma_error(a + k) - digamma_error(a)`, for a > 0 and k >= 0: of order k / a^2, which a difference would lose.
pub(super) fn digamma_error_step(a: f64, k: f64) -> f64 {
    let b = a + k;
    if a < SERIES_FROM {
        return digamma_error(b) - digamma_error(a);
    }
    let (inv_a, inv_b) = (1.0 / a, 1.0 / b);
    let first = k * inv_a * inv_b;
    first * (0.5 + (inv_a + inv_b) / 12.0) + digamma_tail(inv_b * inv_b) - digamma_tail(inv_a * inv_a)
}

/// digamma(a + 1/2) - digamma(a) - 1 / (2 a), for a > 0: of order a^-2, which a difference would lose.
pub(super) fn digamma_half_step(a: f64) -> f64 {
    // f(a) = f(a + 1) + 1 / (4 a (a + 1/2) (a + 1)): nothing cancels.
    let (mut a, mut sum) = (a, 0.0);
    while a < SERIES_FROM {
        sum += 0.25 / (a * (a + 0.5) * (a + 1.0));
        a += 1.0;
    }
    let r = 1.0 / (a * a);
    let series = 1.0 / 64.0
        - r * (1.0 / 128.0
            - r * (17.0 / 2048.0 - r * (31.0 / 2048.0 - r * (691.0 / 16_384.0 - r * 5461.0 / 32_768.0))));
    sum + r * (0.125 - r * series)
}

/// a ln(a / m) - excess, for a >= 0, m >= 0 and excess = a - m: how far a mean of m is from a count of a.
///
/// The caller gives the excess because it often knows it to more digits than a - m has.
pub(super) fn deviance(a: f64, m: f64, excess: f64) -> f64 {
    if a == 0.0 {
        return m;
    }
    if excess.abs() >= 0.1 * (a + m) {
        return a * (a / m).ln() - excess;
    }
    // With v = (a - m) / (a + m), ln(a / m) = 2 atanh v: the first-order terms cancel on paper, not in floating point.
    let v = excess / (a + m);
    let mut sum = excess * v;
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

/// ln(m / a), for a > 0 and excess = a - m.
pub(super) fn ln_ratio(a: f64, ln_m: f64, excess: f64) -> f64 {
    if excess.abs() < 0.5 * a { (-excess / a).ln_1p() } else { ln_m - a.ln() }
}

/// a ln m - m - ln Gamma(a + 1), for a >= 0 and excess = a - m: the Poisson log mass, also at a that is no whole number.
pub(super) fn ln_poisson(a: f64, m: f64, ln_m: f64, excess: f64) -> f64 {
    if a == 0.0 || m == f64::INFINITY {
        return -m;
    }
    if a < SERIES_FROM {
        return a * ln_m - m - ln_gamma(a + 1.0);
    }
    -stirling_error(a) - deviance(a, m, excess) - 0.5 * a.ln() - LN_SQRT_2PI
}

/// ln [x^a y^b / B(a, b)] for y = 1 - x and beside = a y - b x: the Beta log density but for its factor 1 / (x y).
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64, beside: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    errors - deviance(a, n * x, beside) - deviance(b, n * y, -beside) + 0.5 * (a.ln() + (b / n).ln()) - LN_SQRT_2PI
}

/// a y - b x to the last digit (Kahan's difference of products).
pub(super) fn beside(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let bx = b * x;
    a.mul_add(y, -bx) - b.mul_add(x, -bx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_meet_the_recurrences_where_they_begin() {
        // psi(a + 1) = psi(a) + 1 / a holds each function across its own border, to the digits of digamma near ln 15.
        for a in [14.2, 14.999, 15.0, 15.7] {
            let by_hand = digamma(a + 0.5) - digamma(a) - 0.5 / a;
            approx::assert_abs_diff_eq!(digamma_half_step(a), by_hand, epsilon = 3e-15);
            approx::assert_abs_diff_eq!(digamma_error(a), digamma(a) - a.ln(), epsilon = 3e-15);
            let step = digamma(a + 3.0) - (a + 3.0).ln() - digamma(a) + a.ln();
            approx::assert_abs_diff_eq!(digamma_error_step(a, 3.0), step, epsilon = 5e-15);
        }
        let below = digamma_half_step(15.0 - 1e-9) - digamma_half_step(15.0 + 1e-9);
        // The derivative there is -1 / (4 a^3) + 1 / (16 a^5) - ..
        approx::assert_abs_diff_eq!(below, 2e-9 * 0.25 / 15f64.powi(3), epsilon = 3e-16);
    }
}
