//! The number b_n of Sersic's law: half of the light lies within the half-light radius.

use statrs::function::gamma::{digamma, ln_gamma};

/// b_n and its derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BnWithSlope {
    /// b_n.
    pub b: f64,
    /// db_n / dn.
    pub db_dn: f64,
}

/// The exact b_n: P(2n, b) = 1/2 with P the regularised lower incomplete gamma function; to 1e-13 relative, the error of
/// statrs' ln_gamma. NaN unless 0 < n < 100.
///
/// ```
/// assert!((lens_models::light::sersic_bn(4.0).b - 7.669249442500804).abs() < 1e-12);
/// ```
pub fn sersic_bn(n: f64) -> BnWithSlope {
    if !(n > 0.0 && n < 100.0) {
        return BnWithSlope { b: f64::NAN, db_dn: f64::NAN };
    }
    let a = 2.0 * n;
    // Ciotti & Bertin 1999 (astro-ph/9911078) eq. 18, good to 1e-4 at n = 0.5 and useless below n = 0.3.
    let start = a - 1.0 / 3.0 + 4.0 / (405.0 * n) + 46.0 / (25_515.0 * n * n);
    let mut ln_b = if n > 0.3 { start.ln() } else { (0.5_f64.ln() + ln_gamma(a + 1.0)) / a };
    // ln P is concave in ln b, so Newton's method comes from below and cannot leave after its first step.
    for _ in 0..60 {
        let at = IncompleteGamma::new(a, ln_b.exp());
        let step = (at.p / 0.5).ln() * at.p / at.dp_dln_x;
        ln_b -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    let b = ln_b.exp();
    let at = IncompleteGamma::new(a, b);
    // P(2n, b(n)) = 1/2 for all n: 2 dP/da + dP/db b' = 0.
    BnWithSlope { b, db_dn: -2.0 * at.dp_da * b / at.dp_dln_x }
}

/// lenstronomy's b_n = 1.9992 n - 0.3271, at least 1e-5 (`sersic_utils.py`).
pub fn sersic_bn_lenstronomy(n: f64) -> BnWithSlope {
    let b = 1.9992 * n - 0.3271;
    if b < 1e-5 { BnWithSlope { b: 1e-5, db_dn: 0.0 } } else { BnWithSlope { b, db_dn: 1.9992 } }
}

/// P(a, x) and its derivatives, by the series x^a e^-x / Gamma(a) sum_k x^k / (a (a+1) .. (a+k)).
struct IncompleteGamma {
    p: f64,
    dp_da: f64,
    dp_dln_x: f64,
}

impl IncompleteGamma {
    /// For x < a + 1 or so, where all terms are positive and fall from the first.
    fn new(a: f64, x: f64) -> Self {
        let (mut term, mut harmonic) = (1.0 / a, 1.0 / a);
        let (mut sum, mut slope) = (term, -term * harmonic);
        for k in 1..10_000 {
            let next = a + f64::from(k);
            term *= x / next;
            harmonic += 1.0 / next;
            sum += term;
            slope -= term * harmonic;
            if term * harmonic < 1e-17 * slope.abs() && term < 1e-17 * sum {
                break;
            }
        }
        let front = (a * x.ln() - x - ln_gamma(a)).exp();
        let p = front * sum;
        Self { p, dp_da: p * (x.ln() - digamma(a)) + front * slope, dp_dln_x: front }
    }
}

#[cfg(test)]
mod tests {
    use super::{sersic_bn, sersic_bn_lenstronomy};

    #[test]
    fn half_of_the_light_is_inside() {
        for i in 0..100 {
            let n = 0.1 + 0.15 * f64::from(i);
            let half = statrs::function::gamma::gamma_lr(2.0 * n, sersic_bn(n).b);
            // statrs' own incomplete gamma function is good to a few 1e-14.
            assert!((half - 0.5).abs() < 1e-13, "n = {n}: {half}");
        }
    }

    #[test]
    fn slope_is_the_central_difference() {
        for n in [0.21, 0.3, 0.5, 1.0, 2.3, 4.0, 7.7, 10.0] {
            let h = 1e-3 * n;
            let b = |i: f64| sersic_bn(n + i * h).b;
            // Five points: the error is h^4 b^(5) / 30 plus rounding, 1e-15 b / h.
            let difference = (8.0 * (b(1.0) - b(-1.0)) - (b(2.0) - b(-2.0))) / (12.0 * h);
            let slope = sersic_bn(n).db_dn;
            assert!((slope - difference).abs() < 1e-10, "n = {n}: {slope} against {difference}");
        }
        assert_eq!(sersic_bn_lenstronomy(1.0).db_dn, 1.9992);
    }

    #[test]
    fn nonsense_gives_nan_and_lenstronomy_has_a_floor() {
        for n in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(sersic_bn(n).b.is_nan());
        }
        assert_eq!(sersic_bn_lenstronomy(0.1).b, 1e-5);
    }
}
