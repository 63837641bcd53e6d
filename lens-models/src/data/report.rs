//! What a person should know of the data that were read.

use crate::grid::Window;
use crate::mask::MaskCounts;

/// What a person should know of the data that were read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DataReport {
    /// (width, height) of the full image.
    pub size: (usize, usize),
    /// The part that is modelled.
    pub window: Window,
    /// Pixels excluded by each rule.
    pub mask: MaskCounts,
    /// The sum of the PSF before it was normalised.
    pub psf_sum: Option<f64>,
    /// Median of the used pixels: mostly sky.
    pub background: f64,
    /// 1.4826 times the median absolute deviation of the used pixels from it: an upper estimate of the sky noise.
    pub background_rms: f64,
    /// Robust maximum: 0.1 % of the used pixels (at least two) are brighter, so that a few bad pixels do not count.
    pub peak: f64,
    /// Median noise of the used pixels.
    pub median_sigma: f64,
}

impl std::fmt::Display for DataReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MaskCounts { total, used, not_finite, noise, radius, file } = self.mask;
        let Window { x0, y0, width, height } = self.window;
        write!(f, "image {} x {}: {used} of {total} pixels used", self.size.0, self.size.1)?;
        let reasons = [("NaN", not_finite), ("noise map", noise), ("mask_radius", radius), ("mask file", file)];
        let shown: Vec<String> =
            reasons.iter().filter(|(_, n)| *n > 0).map(|(why, n)| format!("{n} by {why}")).collect();
        if !shown.is_empty() {
            write!(f, " (masked: {})", shown.join(", "))?;
        }
        write!(f, "; modelled window {width} x {height} at ({x0}, {y0})")?;
        write!(f, "; peak {:.4}, background {:.4}, median noise {:.4}", self.peak, self.background, self.median_sigma)
    }
}

/// (median, 1.4826 MAD, robust maximum); zeros without values.
pub(super) fn levels(mut values: Vec<f32>) -> (f64, f64, f64) {
    let background = quantile(&mut values, 0.5);
    // At least two pixels are taken to be bad, however small the image.
    let brighter = (values.len() / 1000).max(2).min(values.len().saturating_sub(1));
    let fraction = 1.0 - brighter as f64 / (values.len().max(2) - 1) as f64;
    let peak = quantile(&mut values, fraction);
    values.iter_mut().for_each(|value| *value = (*value - background).abs());
    // 1.4826 makes it the standard deviation of a Gaussian.
    (f64::from(background), 1.4826 * f64::from(quantile(&mut values, 0.5)), f64::from(peak))
}

/// The value at a fraction of the sorted list (nearest rank); 0 without values.
pub(super) fn quantile(values: &mut [f32], fraction: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f64 * fraction).round() as usize;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_ignore_a_few_hot_pixels() {
        let mut values: Vec<f32> = (0..10_001).map(|i| i as f32).collect();
        values[17] = 1e9;
        let (background, rms, peak) = levels(values);
        assert_eq!(background, 5001.0);
        assert!((rms / (1.4826 * 2500.0) - 1.0).abs() < 1e-3);
        assert_eq!(peak, 9991.0);
        assert_eq!(levels(vec![]), (0.0, 0.0, 0.0));
        assert_eq!(levels(vec![3.0]).2, 3.0);
    }
}
