//! Smoothness (clumpiness): the light that stands out of the smoothed image.

use std::f64::consts::TAU;

use super::aperture::{Circle, Sum};
use super::noise::Noise;
use crate::data::picture::{Picture, boxcar_kernel};

/// The width of the boxcar and the radius of the centre that is left out, in Petrosian radii (Lotz et al. 2004).
const INNER: f64 = 0.25;

/// S = (sum max(I - I_s, 0) - area * sky) / sum I between 0.25 and `extent` Petrosian radii, I_s the image smoothed by a boxcar 0.25
/// Petrosian radii wide (Conselice 2003, ApJS 147, 1, without its factor 10; Lotz, Primack & Madau 2004, AJ 128, 163); `None` if that
/// flux is not positive. The width need not be whole, and is 1 pixel at least (S = 0).
///
/// The sky term is the mean of max(I - I_s, 0) over the noise.
pub(super) fn smoothness(
    picture: &Picture,
    center: (f64, f64),
    petrosian: f64,
    extent: f64,
    noise: Noise,
) -> Option<f64> {
    let side = INNER * petrosian;
    let smooth = picture.boxcar(side);
    let clumps = picture.values().iter().zip(smooth.values()).map(|(v, s)| (v - s).max(0.0)).collect();
    let clumps = Picture::from_values(clumps, picture.width(), picture.height());
    let ring = |picture: &Picture| -> Sum {
        Circle::new(center, extent * petrosian).sum(picture) - Circle::new(center, INNER * petrosian).sum(picture)
    };
    let (light, clumps) = (ring(picture), ring(&clumps));
    (light.flux > 0.0).then(|| (clumps.flux - light.area * sky(side, noise)) / light.flux)
}

/// The mean of max(n - n_s, 0) over noise n: the standard deviation of n - n_s over sqrt(2 pi).
fn sky(side: f64, noise: Noise) -> f64 {
    let half = boxcar_kernel(side);
    let total = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    let kernel: Vec<f64> = half[1..].iter().rev().chain(&half).map(|weight| weight / total).collect();
    // In two dimensions the kernel is the product of two of these.
    let variance = 1.0 - 2.0 * noise.with_pixel(&kernel, half.len() - 1).powi(2) + noise.filtered(&kernel).powi(2);
    noise.sigma * (variance.max(0.0) / TAU).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Noise = Noise { sigma: 0.0, rho: 0.0 };

    #[test]
    fn a_board_of_clumps_has_its_contrast() {
        // Every ninth pixel 10, the others 1: a 3 x 3 boxcar gives 2 everywhere, so a ninth of the pixels stands out by 8 over a mean 2.
        let value = |i: usize| if (i % 60) % 3 == 1 && (i / 60) % 3 == 1 { 10.0 } else { 1.0 };
        let board = Picture::from_values((0..3600).map(value).collect(), 60, 60);
        let found = smoothness(&board, (29.5, 29.5), 12.0, 1.5, SILENT).unwrap_or(f64::NAN);
        // The ring cuts the pattern at its two circles, some 130 of 990 pixels, at random phase.
        assert!((found - 8.0 / 9.0 / 2.0).abs() < 0.01, "{found}");
        let flat = Picture::from_values(vec![2.0; 3600], 60, 60);
        assert!(smoothness(&flat, (29.5, 29.5), 12.0, 1.5, SILENT).is_some_and(|s| s.abs() < 1e-14));
        assert_eq!(smoothness(&Picture::from_values(vec![-2.0; 3600], 60, 60), (29.5, 29.5), 12.0, 1.5, SILENT), None);
    }

    #[test]
    fn the_sky_of_a_three_pixel_boxcar_is_eight_ninths_of_the_variance() {
        let white = Noise { sigma: 2.0, rho: 0.0 };
        assert!((sky(3.0, white) - 2.0 * (8.0 / 9.0 / TAU).sqrt()).abs() < 1e-15);
        assert_eq!(sky(0.7, white), 0.0);
        // Noise that is the same in all pixels is smooth.
        assert!(sky(3.0, Noise { sigma: 2.0, rho: 1.0 }) < 1e-7);
    }
}
