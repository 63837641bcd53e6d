//! Mean, variance and standard deviation of draws, exact on constants.

/// The mean; NaN of no values.
///
/// Summed as offsets from the first value, so that equal values give that value to the last bit and a
/// stuck chain has a variance of exactly zero.
pub fn mean(values: &[f64]) -> f64 {
    let Some(&first) = values.first() else { return f64::NAN };
    if !first.is_finite() {
        return values.iter().sum::<f64>() / values.len() as f64;
    }
    first + values.iter().map(|x| x - first).sum::<f64>() / values.len() as f64
}

/// sum (x - mean)^2 / (n - 1); NaN of fewer than two values.
pub(crate) fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// The standard deviation with n - 1, as ArviZ's summary has it; NaN of fewer than two values.
pub fn sd(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_exactly_no_variance() {
        let stuck = [0.1; 1001];
        assert_eq!(mean(&stuck), 0.1);
        assert_eq!(sd(&stuck), 0.0);
    }

    #[test]
    fn moments_of_a_known_set() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(variance(&[1.0, 2.0, 6.0]), 7.0);
        assert!(mean(&[]).is_nan() && sd(&[1.0]).is_nan());
        assert_eq!(mean(&[f64::INFINITY, 1.0]), f64::INFINITY);
    }
}
