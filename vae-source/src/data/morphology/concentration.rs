//! Concentration and half-light radius: the radii of circles that hold given fractions of the light.

use super::aperture::{Circle, first_crossing};
use crate::data::picture::Picture;

/// The radius [pixels] of the smallest circle about `center` that holds this fraction of the flux within radius `total`; `None` if that
/// flux is not positive.
pub(super) fn radius_of_fraction(picture: &Picture, center: (f64, f64), total: f64, fraction: f64) -> Option<f64> {
    let flux = |r: f64| Circle::new(center, r).sum(picture).flux;
    let wanted = fraction * flux(total);
    if wanted <= 0.0 {
        return None;
    }
    let steps = 64;
    let radii = (1..=steps).map(|k| total * f64::from(k) / f64::from(steps));
    // At 0 the flux is 0, which `first_crossing` cannot be asked for: a circle of radius 0 has no shares.
    first_crossing([1e-6 * total].into_iter().chain(radii), |r| wanted - flux(r))
}

/// C = 5 log10(r_80 / r_20) (Bershady, Jangren & Conselice 2000, AJ 119, 2645; Conselice 2003, ApJS 147, 1).
pub(super) fn concentration(r_20: f64, r_80: f64) -> f64 {
    5.0 * (r_80 / r_20).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The image of side `n` of a round profile about its centre, each pixel the mean over 11 x 11 points.
    fn round(n: usize, profile: impl Fn(f64) -> f64) -> Picture {
        let fine = 11;
        let middle = 0.5 * (n as f64 - 1.0);
        let at = |i: usize, k: usize| i as f64 - middle + (k as f64 + 0.5) / fine as f64 - 0.5;
        let mean = |x: usize, y: usize| {
            let points = (0..fine * fine).map(|k| profile(at(x, k % fine).hypot(at(y, k / fine))));
            points.sum::<f64>() / (fine * fine) as f64
        };
        Picture::from_values((0..n * n).map(|i| mean(i % n, i / n)).collect(), n, n)
    }

    #[test]
    fn the_radii_of_a_gaussian_are_those_of_its_closed_form() {
        let (sigma, total) = (6.0_f64, 20.0_f64);
        let picture = round(64, |r| (-0.5 * (r / sigma).powi(2)).exp());
        let all = 1.0 - (-0.5 * (total / sigma).powi(2)).exp();
        for fraction in [0.2, 0.5, 0.8] {
            let expected = sigma * (-2.0 * (1.0 - fraction * all).ln()).sqrt();
            let found = radius_of_fraction(&picture, (31.5, 31.5), total, fraction).unwrap_or(f64::NAN);
            // Flux is even within a pixel: of second order in pixel / sigma, with its mean over the circle taken out.
            assert!((found / expected - 1.0).abs() < 3e-3, "{fraction}: {found} for {expected}");
        }
    }

    #[test]
    fn an_exponential_disc_has_its_concentration_and_half_light_radius() {
        // 1 - (1 + x) exp(-x) = 0.2, 0.5, 0.8 at x = r / scale of these; the total reaches to 12 scales, short by 8e-5.
        let [x_20, x_50, x_80] = [0.824_388_3, 1.678_347_0, 2.994_308_3];
        let scale = 8.0;
        let picture = round(200, |r| (-r / scale).exp());
        let radius = |fraction| radius_of_fraction(&picture, (99.5, 99.5), 12.0 * scale, fraction).unwrap_or(f64::NAN);
        // 8e-5 of the flux moves r_80 by 2e-4 of itself; the pixels move r_20 by some 1e-3.
        assert!((radius(0.5) / (x_50 * scale) - 1.0).abs() < 1e-3, "{}", radius(0.5));
        let expected = 5.0 * (x_80 / x_20).log10();
        let found = concentration(radius(0.2), radius(0.8));
        assert!((found - expected).abs() < 5e-3, "{found} for {expected}");
    }

    #[test]
    fn an_image_without_flux_has_no_radius() {
        assert_eq!(radius_of_fraction(&Picture::from_values(vec![-1.0; 81], 9, 9), (4.0, 4.0), 4.0, 0.5), None);
    }
}
