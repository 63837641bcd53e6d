//! The noise of an image, and what is left of it after a linear filter.

use std::f64::consts::FRAC_PI_2;

use super::segmentation::Pixels;
use crate::data::picture::Picture;

/// The sky begins this many pixels (along the axes) from the galaxy.
const MARGIN: usize = 3;
/// Fewer pairs of neighbours than this say nothing about their correlation.
const FEWEST: usize = 100;
/// No survey correlates its pixels more.
const HIGHEST: f64 = 0.8;

/// Gaussian noise of the same standard deviation everywhere; pixels (dx, dy) apart have the correlation rho^(dx^2 + dy^2).
///
/// That is white noise blurred by a Gaussian. Drizzled images are near it: the published noise of the COSMOS mosaic has 0.477, 0.051
/// and 0.229 at (1, 0), (2, 0) and (1, 1), where rho = 0.477 gives 0.052 and 0.228.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    pub(super) sigma: f64,
    pub(super) rho: f64,
}

impl Noise {
    /// With the correlation of the sky pixels of the image, those away from the `galaxy`; white if there are too few.
    ///
    /// Blomqvist's estimate, sin(pi / 2 * mean of sign(a b)) over neighbours a, b from which their median is taken: other objects in the
    /// sky move it little.
    pub(super) fn of(picture: &Picture, galaxy: &Pixels, sigma: f64) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let mut sky = vec![true; width * height];
        for &(x, y, _) in galaxy {
            let span = |at: usize, n: usize| at.saturating_sub(MARGIN)..(at + MARGIN + 1).min(n);
            for row in span(y as usize, height) {
                sky[row * width..][span(x as usize, width)].fill(false);
            }
        }
        let mut values: Vec<f64> = (0..width * height).filter(|i| sky[*i]).map(|i| picture.values()[i]).collect();
        if values.is_empty() {
            return Self { sigma, rho: 0.0 };
        }
        values.sort_unstable_by(f64::total_cmp);
        let median = 0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2]);

        // 1 above the median, -1 below, 0 at it and off the sky.
        let sign = |i: usize| {
            if sky[i] { picture.values()[i].partial_cmp(&median).map_or(0, |order| order as i64) } else { 0 }
        };
        let right = (0..width * height).filter(|i| i % width + 1 < width).map(|i| (i, i + 1));
        let up = (width..width * height).map(|i| (i - width, i));
        let pairs = right.chain(up).filter(|(a, b)| sky[*a] && sky[*b]);
        let (agree, count) = pairs.fold((0, 0), |(agree, count), (a, b)| (agree + sign(a) * sign(b), count + 1));
        let rho = if count < FEWEST { 0.0 } else { (FRAC_PI_2 * agree as f64 / count as f64).sin() };
        Self { sigma, rho: rho.clamp(0.0, HIGHEST) }
    }

    /// The variance of sum_i w_i n_i along one axis, for unit variance of the n_i.
    pub(super) fn filtered(self, weights: &[f64]) -> f64 {
        (0..weights.len()).map(|i| weights[i] * self.with_pixel(weights, i)).sum()
    }

    /// The covariance of sum_i w_i n_i with n_`at` along one axis.
    pub(super) fn with_pixel(self, weights: &[f64], at: usize) -> f64 {
        weights.iter().enumerate().map(|(i, w)| w * self.rho.powi((i.abs_diff(at) as i32).pow(2))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    /// White noise under a boxcar of width 1 + 2 w, whose weights along an axis are w, 1, w: a correlation of 2 w / (1 + 2 w^2).
    fn noise(side: usize, w: f64) -> Picture {
        let mut rng = ppl_core::rng::keyed(5, "noise", 0);
        let white = (0..side * side).map(|_| StandardNormal.sample(&mut rng)).collect();
        Picture::from_values(white, side, side).boxcar(1.0 + 2.0 * w)
    }

    #[test]
    fn the_correlation_of_the_sky_is_found_beside_a_galaxy() {
        for w in [0.0, 0.13, 0.28] {
            let mut values = noise(100, w).values().to_vec();
            let inside = |i: usize| (30..70).contains(&(i % 100)) && (30..70).contains(&(i / 100));
            let pixel = |i: usize| ((i % 100) as f64, (i / 100) as f64, 9.0);
            let galaxy: Pixels = (0..10_000).filter(|i| inside(*i)).map(pixel).collect();
            (0..10_000).filter(|i| inside(*i)).for_each(|i| values[i] += 9.0);
            let found = Noise::of(&Picture::from_values(values, 100, 100), &galaxy, 1.0).rho;
            let rho = 2.0 * w / (1.0 + 2.0 * w * w);
            // 16,000 pairs: a standard deviation of pi / 2 / sqrt(16000) = 0.012, and more where they are not independent.
            assert!((found - rho).abs() < 0.05, "{found} for {rho}");
        }
    }

    #[test]
    fn too_little_sky_is_taken_as_white() {
        assert_eq!(Noise::of(&noise(8, 0.5), &vec![(0.0, 0.0, 1.0)], 2.0), Noise { sigma: 2.0, rho: 0.0 });
        assert_eq!(Noise::of(&noise(3, 0.5), &vec![(1.0, 1.0, 1.0)], 2.0), Noise { sigma: 2.0, rho: 0.0 });
    }

    #[test]
    fn the_variance_of_a_filter_is_its_quadratic_form() {
        let noise = Noise { sigma: 1.0, rho: 0.5 };
        // 1/4 + 1/4 + 2 * 1/4 * 1/2; and (1, 1, 1) / 3: (3 + 4 * 0.5 + 2 * 0.5^4) / 9.
        assert!((noise.filtered(&[0.5, 0.5]) - 0.75).abs() < 1e-15);
        assert!((noise.filtered(&[1.0 / 3.0; 3]) - 5.125 / 9.0).abs() < 1e-15);
        assert!((noise.with_pixel(&[1.0 / 3.0; 3], 1) - 2.0 / 3.0).abs() < 1e-15);
    }
}
