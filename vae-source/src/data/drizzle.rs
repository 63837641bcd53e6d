//! Drizzle: how the noise of neighbouring pixels goes together in drizzled HST images.

use lens_models::fits::Image;

/// Drizzling shares each detector pixel over neighbouring ones (Fruchter & Hook 2002), a short moving average along each axis.
/// These weights give correlations of 0.48 and 0.05 at one and two pixels, those of the COSMOS images at 0.03" (the noise
/// correlation function of GREAT3 has 0.476 and 0.051, see `scripts/cosmos_numbers.py`).
pub(super) const TAPS: [f64; 3] = [1.0, 0.63, 0.071];

/// Correlation at 0, 1, 2 pixels along one axis.
fn along() -> [f64; 3] {
    let [a, b, c] = TAPS;
    let square = a * a + b * b + c * c;
    [1.0, (a * b + b * c) / square, a * c / square]
}

/// The correlation of the noise at each offset, 5 x 5, 1 at the centre: the `correlation` of a [`Stamp`](super::Stamp).
pub(super) fn correlation() -> Image {
    let along = along();
    let at = |k: usize| along[k.abs_diff(2)];
    let pixels = (0..25).map(|k| (at(k / 5) * at(k % 5)) as f32).collect();
    Image { width: 5, height: 5, pixels }
}

/// The sum of all correlations: what the variance of a wide patch's mean is larger by than with white noise.
pub(super) fn correlated_area() -> f64 {
    let [_, one, two] = along();
    (1.0 + 2.0 * (one + two)).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correlation_is_that_of_the_cosmos_images() {
        let rho = correlation();
        // Rows of acs_I_unrot_sci_20_cf.fits about its centre, its plateau of 0.006 left out.
        for (offset, expected) in [(12, 1.0), (13, 0.476), (14, 0.051), (18, 0.229), (19, 0.029), (24, 0.010)] {
            assert!((rho.pixels[offset] - expected).abs() < 0.01, "{offset}: {}", rho.pixels[offset]);
        }
        let sum: f64 = rho.pixels.iter().map(|p| f64::from(*p)).sum();
        assert!((sum - correlated_area()).abs() < 1e-6);
    }
}
