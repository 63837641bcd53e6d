//! The natural logarithm without a call or a branch, so that a loop over it is vectorised.

/// ln 2 in two parts, the first short enough for exact products with exponents.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The bits of 1, and of the next number above sqrt(1/2).
const ONE: u64 = 0x3ff0_0000_0000_0000;
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
/// The bits of 2^52: with a small whole number in its last ones it is 2^52 + that number.
const TWO_52: u64 = 0x4330_0000_0000_0000;

/// ln x of a positive, finite x, to 1e-15 of itself: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2) (fdlibm).
#[inline]
pub(super) fn ln(x: f64) -> f64 {
    // Numbers below the smallest normal one are moved up by 2^54.
    let small = f64::from(x < f64::MIN_POSITIVE);
    let bits = (x * (1.0 + small * 18_014_398_509_481_983.0)).to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits(TWO_52 | (bits >> 52)) - (4_503_599_627_370_496.0 + 1023.0) - 54.0 * small;
    let f = f64::from_bits((bits & MANTISSA).wrapping_add(SQRT_HALF)) - 1.0;
    k * LN_2_HIGH + (ln_1p(f) + k * LN_2_LOW)
}

/// ln(1 + f) for 1 + f between sqrt(1/2) and sqrt(2), by fdlibm's polynomial.
#[inline]
pub(super) fn ln_1p(f: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let odd = 0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86);
    let series = even + z * (0.666_666_666_666_673_5 + w * odd);
    let square = 0.5 * f * f;
    f - (square - s * (square + series))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_exact_to_1e_15_of_itself_from_the_smallest_number_to_the_largest() {
        let points = (-20_000..=20_000).map(|i| (700.0 * (f64::from(i) / 20_000.0).powi(3)).exp());
        let ends = [f64::MIN_POSITIVE, f64::MAX, 5e-324, 1e-310, 1.0, 2.0, 0.5, 1.0 + f64::EPSILON, 1.0 - f64::EPSILON];
        for x in points.chain(ends).chain([std::f64::consts::SQRT_2, std::f64::consts::FRAC_1_SQRT_2]) {
            let (got, expected) = (ln(x), x.ln());
            assert!((got - expected).abs() <= 1e-15 * expected.abs(), "ln {x} = {got}, not {expected}");
        }
    }
}
