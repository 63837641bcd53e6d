//! Noise level: what is left of the noise of a pixel when an image is downscaled.

use lens_models::fits::Image;

use super::downscale::{Overlap, overlaps};

/// The noise of a pixel of an image of `from` x `from` pixels brought to `side` x `side`, over that of one before.
///
/// A new pixel is sum_p w_p x_p with the weights of [`downscale`](super::downscale), so that its variance is
/// sum_pq w_p w_q rho(p - q) with the correlation coefficient rho: that of `correlation` (1 at the centre of the image, 0
/// outside of it), or that of white noise. The weights differ between pixels where `from` is no multiple of `side`; this is the
/// root of the mean variance.
pub fn noise_ratio(from: usize, side: usize, correlation: Option<&Image>) -> f64 {
    let together = autocorrelation(&overlaps(from, side));
    let white = together[0] * together[0];
    let Some(rho) = correlation else { return white.sqrt() };
    let (center_x, center_y) = (rho.width / 2, rho.height / 2);
    let at = |distance: usize| together.get(distance).copied().unwrap_or(0.0);
    let variance: f64 = rho
        .pixels
        .iter()
        .enumerate()
        .map(|(i, rho_i)| {
            let (dx, dy) = ((i % rho.width).abs_diff(center_x), (i / rho.width).abs_diff(center_y));
            at(dx) * at(dy) * f64::from(*rho_i)
        })
        .sum();
    // No noise has a correlation with a variance that is not positive; one that was measured badly may.
    if variance > 0.0 { variance.sqrt() } else { white.sqrt() }
}

/// sum_p w_p w_(p + d) for each distance d along one axis, the mean over the new pixels.
fn autocorrelation(pixels: &[Overlap]) -> Vec<f64> {
    let longest = pixels.iter().map(|pixel| pixel.weights.len()).max().unwrap_or(0);
    let product = |d: usize| -> f64 {
        let one = |w: &[f64]| w.iter().zip(w.iter().skip(d)).map(|(a, b)| a * b).sum::<f64>();
        pixels.iter().map(|pixel| one(&pixel.weights)).sum()
    };
    (0..longest.max(1)).map(|d| product(d) / pixels.len().max(1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::downscale::downscale;
    use approx::assert_relative_eq;
    use ppl_core::rng::keyed;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn white_noise_falls_with_the_root_of_the_area() {
        assert_relative_eq!(noise_ratio(64, 64, None), 1.0);
        assert_relative_eq!(noise_ratio(256, 64, None), 0.25, max_relative = 1e-14);
        // Two pixels of weights 2/3 and 1/3 on each axis.
        assert_relative_eq!(noise_ratio(3, 2, None), 5.0 / 9.0, max_relative = 1e-14);
    }

    #[test]
    fn noise_that_goes_together_stays_and_noise_that_cancels_goes() {
        let all = |value: f32| Image { width: 9, height: 9, pixels: vec![value; 81] };
        assert_relative_eq!(noise_ratio(8, 2, Some(&all(1.0))), 1.0, max_relative = 1e-14);
        // Blocks of 2 x 1: (1 + rho) / 2 of the variance remains along x, 1/2 along y.
        let along_x = Image { width: 3, height: 1, pixels: vec![-0.6, 1.0, -0.6] };
        assert_relative_eq!(noise_ratio(8, 4, Some(&along_x)).powi(2), 0.4 / 2.0 / 2.0, max_relative = 1e-7);
        let impossible = Image { width: 3, height: 1, pixels: vec![-2.0, 1.0, -2.0] };
        assert_eq!(noise_ratio(8, 4, Some(&impossible)), noise_ratio(8, 4, None));
    }

    #[test]
    fn the_noise_of_simulated_correlated_images_is_the_one_predicted() {
        // Each pixel is the sum of a 2 x 2 block of white noise, halved: rho is 1, 1/2, 1/4.
        let (n, side, images) = (50, 16, 400);
        let mut rng = keyed(5, "noise", 0);
        let mut total = 0.0;
        for _ in 0..images {
            let white: Vec<f64> = (0..(n + 1) * (n + 1)).map(|_| StandardNormal.sample(&mut rng)).collect();
            let at = |x: usize, y: usize| white[y * (n + 1) + x];
            let mixed = |i: usize| {
                let (x, y) = (i % n, i / n);
                (0.5 * (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1))) as f32
            };
            let small = downscale(&Image { width: n, height: n, pixels: (0..n * n).map(mixed).collect() }, side);
            total += small.pixels.iter().map(|p| f64::from(*p).powi(2)).sum::<f64>();
        }
        let rho = Image { width: 3, height: 3, pixels: vec![0.25, 0.5, 0.25, 0.5, 1.0, 0.5, 0.25, 0.5, 0.25] };
        let measured = (total / (images * side * side) as f64).sqrt();
        // 102,400 pixels tell a sigma to 1 / sqrt(2 * 102400) = 0.22 %, a little less well as neighbours go together.
        assert_relative_eq!(noise_ratio(n, side, Some(&rho)), measured, max_relative = 0.01);
    }
}
