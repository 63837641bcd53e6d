//! Softplus and its slope, ln(1 + e^a) and 1 / (1 + e^-a): what every likelihood by log odds is made of.

use std::f64::consts::{LN_2, LOG2_E};

/// 1.5 * 2^52: adding it rounds a number below 2^51 to a whole one, which the last bits then hold.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, the first short enough for exact products with exponents.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// (ln(1 + e^a), 1 / (1 + e^-a)) from one exponential, both to a few 1e-16 of themselves.
///
/// No call and no branch, which coin flips as data would have mispredicted: a loop over whole chunks of elements is vectorised.
#[inline(always)]
pub(super) fn softplus(a: f64) -> (f64, f64) {
    // e^-|a| is too small to matter long before it underflows.
    let y = exp_minus(a.abs().min(700.0));
    // One where a >= 0, else y.
    let odds = y + f64::from(a >= 0.0) * (1.0 - y);
    (a.max(0.0) + ln_1p_unit(y), odds / (1.0 + y))
}

/// e^-t for 0 <= t <= 700: 2^n e^r with |r| <= ln 2 / 2, e^r by its series.
#[inline(always)]
fn exp_minus(t: f64) -> f64 {
    let shifted = ROUND - t * LOG2_E;
    let n = shifted - ROUND;
    let r = -t - n * LN_2_HIGH - n * LN_2_LOW;
    let (r2, r4) = (r * r, (r * r) * (r * r));
    // Pairs by Estrin's scheme, whose steps do not wait for each other. The next term is 2e-16.
    let low = (0.5 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    let high = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40_320.0 + r * (1.0 / 362_880.0));
    let rest = 1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0) + r2 * (1.0 / 479_001_600.0);
    let power = 1.0 + (r + r2 * (low + r4 * (high + r4 * rest)));
    f64::from_bits((shifted.to_bits() << 52).wrapping_add(power.to_bits()))
}

/// ln(1 + y) for 0 <= y <= 1; above sqrt(2) - 1 as ln 2 + ln((1 + y) / 2).
#[inline(always)]
fn ln_1p_unit(y: f64) -> f64 {
    let half = f64::from(y > 0.414_213_562_373_095_03);
    half * LN_2 + ln_1p(y - half * (0.5 * (y + 1.0)))
}

/// ln(1 + f) for 1 + f between sqrt(1/2) and sqrt(2), by fdlibm's polynomial.
#[inline(always)]
fn ln_1p(f: f64) -> f64 {
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
    fn both_are_exact_to_1e_15_of_themselves() {
        // Between the ends in steps that grow as the argument does, so that the bulk is dense.
        let points = (-20_000..=20_000).map(|i| 700.0 * (f64::from(i) / 20_000.0).powi(5));
        for a in points.chain([0.0, 1e-300, -1e-17, 0.881_373_587_019_543, -0.881_373_587_019_543, 36.7, -36.7]) {
            let (value, slope) = softplus(a);
            let e = (-a.abs()).exp();
            let expected = a.max(0.0) + e.ln_1p();
            assert!((value - expected).abs() <= 1e-15 * expected, "softplus({a}) = {value}, not {expected}");
            let expected = if a >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
            assert!((slope - expected).abs() <= 1e-15 * expected, "its slope at {a} is {slope}, not {expected}");
        }
        assert_eq!(softplus(1e300), (1e300, 1.0));
        assert!(softplus(-1e300).0 < 1e-300);
    }
}
