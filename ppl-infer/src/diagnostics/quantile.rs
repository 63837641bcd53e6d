//! Quantiles by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996).

/// The `probability` quantile of values in any order; NaN of no values or where one is NaN.
pub fn quantile(values: &[f64], probability: f64) -> f64 {
    quantile_of_sorted(&sorted(values), probability)
}

/// The middle value, or the mean of the two middle values.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A sorted copy; NaN goes last.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The quantile at position 1 + (n - 1) p of ascending values.
///
/// The position is summed in the order of SciPy's `mquantiles`, which ArviZ calls: the tail ESS counts draws at or below the
/// quantile, so where the position falls on a draw its last bit decides.
pub(crate) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let n = sorted.len();
    if n == 0 || sorted[n - 1].is_nan() || probability.is_nan() {
        return f64::NAN;
    }
    if n == 1 {
        return sorted[0];
    }
    let p = probability.clamp(0.0, 1.0);
    let position = n as f64 * p + (1.0 - p);
    let below = position.floor().clamp(1.0, (n - 1) as f64);
    let weight = (position - below).clamp(0.0, 1.0);
    let (low, high) = (sorted[below as usize - 1], sorted[below as usize]);
    // Between ties (and infinities) nothing is interpolated: rounding must not move the quantile off them.
    if low == high { low } else { (1.0 - weight) * low + weight * high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 1.0), 4.0);
        assert_eq!(median(&values), 2.5);
        assert!((quantile(&values, 0.25) - 1.75).abs() < 1e-15);
    }

    #[test]
    fn a_quantile_of_ties_is_the_tied_value() {
        for n in 2..200 {
            for p in [0.05, 0.16, 0.5, 0.84, 0.95] {
                assert_eq!(quantile(&vec![0.1; n], p), 0.1);
            }
        }
    }

    #[test]
    fn no_values_or_a_nan_give_nan_and_one_value_gives_itself() {
        assert!(quantile(&[], 0.5).is_nan());
        assert!(quantile(&[1.0, f64::NAN], 0.5).is_nan());
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }
}
