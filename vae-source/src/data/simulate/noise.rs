//! Noise: unit noise with the correlation of drizzled images.

use ppl_core::rng::Rng;
use rand::RngExt as _;
use rand_distr::StandardNormal;

use crate::data::drizzle::TAPS;

/// Correlated noise of unit variance.
#[must_use]
pub fn unit_noise(rng: &mut Rng, width: usize, height: usize) -> Vec<f64> {
    let norm = TAPS.iter().map(|w| w * w).sum::<f64>();
    let (wide, high) = (width + 2, height + 2);
    let white: Vec<f64> = (0..wide * high).map(|_| rng.sample(StandardNormal)).collect();
    let mut rows = vec![0.0; width * high];
    for y in 0..high {
        for x in 0..width {
            rows[y * width + x] = (0..3).map(|k| TAPS[k] * white[y * wide + x + k]).sum::<f64>();
        }
    }
    let mut noise = vec![0.0; width * height];
    for y in 0..height {
        for x in 0..width {
            noise[y * width + x] = (0..3).map(|k| TAPS[k] * rows[(y + k) * width + x]).sum::<f64>() / norm;
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::drizzle::{correlated_area, correlation};
    use ppl_core::rng::keyed;

    #[test]
    fn noise_has_unit_variance_and_the_correlation_it_says() {
        let n = 600;
        let noise = unit_noise(&mut keyed(1, "noise", 0), n, n);
        let mean = |dx: usize, dy: usize| {
            let mut sum = 0.0;
            for y in 0..n - dy {
                for x in 0..n - dx {
                    sum += noise[y * n + x] * noise[(y + dy) * n + x + dx];
                }
            }
            sum / ((n - dx) * (n - dy)) as f64
        };
        let expected = correlation();
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 2)] {
            let rho = f64::from(expected.pixels[(2 + dy) * 5 + 2 + dx]);
            // 360,000 pixels, 4.4 of which count as one: 0.0035 a standard error.
            assert!((mean(dx, dy) - rho).abs() < 0.015, "{dx} {dy}: {} {rho}", mean(dx, dy));
        }
        let sum: f64 = expected.pixels.iter().map(|p| f64::from(*p)).sum();
        assert!((sum - correlated_area()).abs() < 1e-6);
    }
}
