//! Exponential and logarithm of one f32 or of several, by the bits of the number.

use super::Real;

/// One f32, or several, whose bits can be taken apart.
pub(super) trait Bits: Real<Scalar = f32> {
    /// The smaller of two; a NaN in `self` stays.
    fn at_most(self, top: Self) -> Self;
    /// 2^n, of n + 1.5 * 2^23: the low bits of that number are those of the integer n.
    fn power_of_two(self) -> Self;
    /// (e, m) with self = 2^e m and m in [sqrt(1/2), sqrt(2)).
    fn split(self) -> (Self, Self);
    /// `value` where self > 0, else NaN.
    fn if_positive(self, value: Self) -> Self;
}

/// What is taken from the bits of a number before its exponent is cut out, so that its fraction begins at sqrt(1/2).
pub(super) const SQRT_HALF: u32 = 0x3f35_04f3;
/// The bits of a fraction.
pub(super) const FRACTION: u32 = 0x007f_ffff;
/// The bits of 1.
pub(super) const ONE: u32 = 0x3f80_0000;

/// e^x with a relative error below 2e-7 for |x| < 87; saturates at both ends of f32's normal range. NaN stays NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by the minimax polynomial of Cephes' `expf`.
#[inline(always)]
pub(super) fn exp<R: Bits>(x: R) -> R {
    let c = R::broadcast;
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits: no float-to-int conversion.
    let round = c(12_582_912.0);
    let x = x.at_least(c(-87.0)).at_most(c(88.0));
    let shifted = x.mul_add(c(std::f32::consts::LOG2_E), round);
    let n = shifted - round;
    let r = n.mul_add(c(-0.693_359_4), x);
    let r = n.mul_add(c(2.121_944_4e-4), r);
    let mut p = c(1.987_569_1e-4);
    for k in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, c(k));
    }
    let e = p.mul_add(r * r, r) + c(1.0);
    e * shifted.power_of_two()
}

/// ln x with a relative error below 2e-7 for positive normal x. NaN and negative numbers give NaN.
///
/// x = 2^e (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)), and ln(1 + m) by the minimax polynomial of Cephes' `logf`.
#[inline(always)]
pub(super) fn ln<R: Bits>(x: R) -> R {
    let c = R::broadcast;
    let (e, m) = x.split();
    let m = m - c(1.0);
    let mut p = c(7.037_683_6e-2);
    for k in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        0.333_333_3,
    ] {
        p = p.mul_add(m, c(k));
    }
    let m2 = m * m;
    let y = m * m2 * p;
    let y = e.mul_add(c(-2.121_944_4e-4), y);
    let y = m2.mul_add(c(-0.5), y);
    let y = e.mul_add(c(0.693_359_4), m + y);
    x.if_positive(y)
}

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    fn exp_is_good_to_2e_7_over_its_range() {
        for i in 0..2_000_000 {
            let x = -86.9 + 174.0 * (i as f32 / 2e6);
            let truth = f64::from(x).exp();
            let error = (f64::from(exp(x)) / truth - 1.0).abs();
            assert!(error < 2e-7, "exp({x}) = {}, relative error {error}", exp(x));
        }
    }

    #[test]
    fn ln_is_good_to_2e_7_over_its_range() {
        let check = |x: f32| {
            let truth = f64::from(x).ln();
            let error = (f64::from(ln(x)) - truth).abs();
            assert!(error <= 2e-7 * truth.abs(), "ln({x}) = {}, not {truth}", ln(x));
        };
        // Every 997th normal number, and every one within 1e-4 of the zero of ln.
        (0x0080_0000..0x7f80_0000_u32).step_by(997).for_each(|bits| check(f32::from_bits(bits)));
        (0.9999_f32.to_bits()..1.0001_f32.to_bits()).for_each(|bits| check(f32::from_bits(bits)));
    }

    #[test]
    fn exp_saturates_and_nan_stays_nan() {
        assert!(exp(-1e30_f32) > 0.0 && exp(-1e30_f32) < 2e-38);
        assert!(exp(1e30_f32).is_finite() && exp(1e30_f32) > 1e38);
        assert_eq!(exp(0.0_f32), 1.0);
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan() && ln(-1.0_f32).is_nan());
    }
}
