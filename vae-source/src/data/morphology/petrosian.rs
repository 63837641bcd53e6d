//! The Petrosian radius: where the surface brightness has fallen to a fifth of its mean inside.

use super::aperture::{Circle, first_crossing};
use crate::data::picture::Picture;

/// The ratio of surface brightnesses at the Petrosian radius (Bershady et al. 2000; Conselice 2003; Lotz et al. 2004).
const ETA: f64 = 0.2;
/// The annulus about radius r reaches from 0.8 r to 1.25 r (Blanton et al. 2001, AJ 121, 2358): wide, so that noise moves it little.
const ANNULUS: (f64, f64) = (0.8, 1.25);

/// The mean of the image in the annulus about radius `r`.
pub(super) fn annulus_mean(picture: &Picture, center: (f64, f64), r: f64) -> f64 {
    let [inner, outer] = [ANNULUS.0, ANNULUS.1].map(|factor| Circle::new(center, factor * r).sum(picture));
    (outer - inner).mean()
}

/// The smallest radius [pixels], from 1, at which the mean of the annulus is eta = 0.2 times the mean of the circle; if there is none
/// within the image, the radius of the largest circle inside the image.
pub(super) fn radius(picture: &Picture, center: (f64, f64)) -> f64 {
    let edge = |at: f64, n: usize| (at + 0.5).min(n as f64 - 0.5 - at);
    let largest = edge(center.0, picture.width()).min(edge(center.1, picture.height())).max(1.0);
    let radii = (0..).map(|k| 1.25_f64.powf(0.25 * f64::from(k))).take_while(|r| *r < largest);
    let excess = |r: f64| annulus_mean(picture, center, r) - ETA * Circle::new(center, r).sum(picture).mean();
    first_crossing(radii.chain([largest]), excess).unwrap_or(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_radius_of_a_gaussian_is_the_root_of_its_closed_form() {
        let sigma = 6.0_f64;
        let at = |i: usize| (i % 81) as f64 - 40.0;
        let gauss = |x: f64, y: f64| (-0.5 * (x * x + y * y) / (sigma * sigma)).exp();
        let values = (0..81 * 81).map(|i| gauss(at(i), at(i / 81))).collect();
        let found = radius(&Picture::from_values(values, 81, 81), (40.0, 40.0));
        // Squares of constant brightness for pixels widen the Gaussian by their own variance, 1/12; what is of fourth order in pixel /
        // sigma, 1e-3, and falls on the edge of a circle remains.
        let u = found * found / (2.0 * (sigma * sigma + 1.0 / 12.0));
        let (a, b) = (ANNULUS.0.powi(2), ANNULUS.1.powi(2));
        let eta = ((-a * u).exp() - (-b * u).exp()) / (b - a) / (1.0 - (-u).exp());
        assert!((eta - ETA).abs() < 1e-4, "eta {eta} at {found}");
    }

    #[test]
    fn an_image_without_an_edge_gives_the_largest_circle_inside() {
        let flat = Picture::from_values(vec![1.0; 30 * 20], 30, 20);
        assert_eq!(radius(&flat, (14.5, 9.5)), 10.0);
    }
}
