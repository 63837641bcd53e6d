//! Carlson: the elliptic integrals R_C(1, y) and R_D(y, y, 1) that stand for arctan and artanh in one smooth function.

use super::Real;

/// R_C(1, y) and the quotient that its derivatives are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carlson<R> {
    /// R_C(1, y): arctan(sqrt(y - 1)) / sqrt(y - 1) above y = 1, artanh(sqrt(1 - y)) / sqrt(1 - y) below, 1 at it.
    pub rc: R,
    /// (1 - R_C(1, y)) / (y - 1) = R_D(y, y, 1) / 3, which is 1/3 at y = 1. dR_C / dy = (fall - 1 / y) / 2.
    pub fall: R,
}

/// Halvings of the distance of the arguments: after six, the series below is exact to 3e-15 for 1e-10 < y < 1e8.
const STEPS: usize = 6;

/// Both integrals at y > 0, to the rounding of the numbers for 1e-10 < y < 1e8, finite for 1e-25 < y < 1e12.
///
/// By duplication, which has sums of positive terms alone and one square root a step (Carlson 1995,
/// doi:10.1007/BF02198293; the series are DLMF 19.36.1 and 19.36.2): no branch at y = 1, so that lanes may differ.
///
/// ```
/// let at = lens_models::number::carlson(2.0_f64);
/// assert!((at.rc - 1.0_f64.atan()).abs() < 1e-15 && (at.fall - (1.0 - at.rc)).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn carlson<R: Real>(y: R) -> Carlson<R> {
    let c = R::constant;
    let (one, half, quarter) = (c(1.0), c(0.5), c(0.25));
    // a^2 is the argument that begins as 1, b^2 that which begins as y.
    let (mut a, mut b, mut sum, mut weight) = (one, y.sqrt(), c(0.0), one);
    for _ in 0..STEPS {
        let lambda = b * (a + a + b);
        sum = sum + weight / (a * a.mul_add(a, lambda));
        weight = weight * quarter;
        a = half * (a + b);
        b = (a * b).sqrt();
    }
    let (x, y) = (a * a, b * b);
    let mean = (x + y + y) * c(1.0 / 3.0);
    let s = (y - mean) / mean;
    let mut series = c(159.0 / 208.0);
    for k in [9.0 / 22.0, 3.0 / 8.0, 1.0 / 7.0, 3.0 / 10.0] {
        series = s.mul_add(series, c(k));
    }
    let rc = (s * s).mul_add(series, one) / mean.sqrt();

    let mean = (c(3.0) * x + y + y) * c(0.2);
    let u = (mean - y) / mean;
    let z = c(-2.0 / 3.0) * u;
    let (u2, z2) = (u * u, z * z);
    let e2 = u2 - c(6.0) * z2;
    let e3 = (c(3.0) * u2 - c(8.0) * z2) * z;
    let e4 = c(3.0) * (u2 - z2) * z2;
    let e5 = u2 * z2 * z;
    let series = one - c(3.0 / 14.0) * e2 + c(1.0 / 6.0) * e3 + c(9.0 / 88.0) * e2 * e2
        - c(3.0 / 22.0) * e4
        - c(9.0 / 52.0) * e2 * e3
        + c(3.0 / 26.0) * e5;
    let fall = sum + weight * series / (c(3.0) * mean * mean.sqrt());
    Carlson { rc, fall }
}

#[cfg(test)]
mod tests {
    use super::{Carlson, carlson};
    use crate::number::Real;

    fn worst<R: Real>(of: impl Fn(f64) -> Carlson<R>, number: impl Fn(R) -> f64) -> f64 {
        let mut worst = 0.0_f64;
        // Not within 0.02 of y = 1 for the quotient, where the closed form loses its digits.
        for k in 0..4_000 {
            let y = f64::from(10.0_f64.powf(-7.0 + 0.003 * f64::from(k)) as f32);
            let root = (y - 1.0).abs().sqrt();
            let rc = if y > 1.0 { root.atan() / root } else { ((1.0 + root) / y.sqrt()).ln() / root };
            let got = of(y);
            worst = worst.max((number(got.rc) / rc - 1.0).abs());
            if root > 0.15 {
                worst = worst.max((number(got.fall) * (y - 1.0) / (1.0 - rc) - 1.0).abs());
            }
        }
        worst
    }

    #[test]
    fn it_is_the_closed_form_in_f64_and_in_lanes() {
        // Rounding of the closed form, and of the quotient near 1.
        assert!(worst(carlson::<f64>, |v| v) < 1e-13);
        // Some ten roundings of 6e-8 each.
        assert!(worst(|y| carlson(y as f32), |v| v.into()) < 6e-7);
    }

    #[test]
    fn it_is_smooth_at_one() {
        let at = carlson(1.0_f64);
        assert!((at.rc - 1.0).abs() < 1e-15 && (at.fall - 1.0 / 3.0).abs() < 1e-15);
        let (h, slope) = (1e-3, 0.5 * (at.fall - 1.0));
        let difference = (carlson(1.0_f64 + h).rc - carlson(1.0 - h).rc) / (2.0 * h);
        // h^2 / 6 of a third derivative of 0.9.
        assert!((difference - slope).abs() < 2e-7, "{difference} is not {slope}");
    }
}
