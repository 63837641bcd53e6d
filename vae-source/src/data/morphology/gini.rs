//! Gini: how unevenly the light is spread over the pixels.

/// G = sum_i (2 i - n - 1) |f_i| / ((n - 1) sum |f_i|) over the n fluxes in growing order, i from 1 (Lotz, Primack & Madau 2004, AJ
/// 128, 163, eq. 6): 0 if all are equal, 1 if one pixel has it all; `None` for fewer than two pixels or no flux.
pub(super) fn gini(fluxes: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = fluxes.iter().map(|f| f.abs()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let total: f64 = sorted.iter().sum();
    let weighted: f64 = sorted.iter().enumerate().map(|(i, f)| (2.0 * (i as f64 + 1.0) - n - 1.0) * f).sum();
    (n > 1.0 && total > 0.0).then(|| weighted / ((n - 1.0) * total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pixels_have_zero_one_pixel_has_one_and_a_ramp_a_third() {
        let close = |found: Option<f64>, expected: f64| found.is_some_and(|g| (g - expected).abs() < 1e-14);
        assert!(close(gini(&[3.0; 7]), 0.0));
        assert!(close(gini(&[0.0, 0.0, 5.0, 0.0]), 1.0));
        assert!(close(gini(&[4.0, 1.0, 3.0, 2.0, -5.0]), 1.0 / 3.0));
        assert_eq!(gini(&[1.0]), None);
        assert_eq!(gini(&[0.0; 4]), None);
    }
}
