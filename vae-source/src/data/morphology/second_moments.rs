//! Centroid and axis ratio: the first and second moments of the light.

/// The smallest variance along an axis [pixels^2]: that of a pixel of even brightness.
const PIXEL: f64 = 1.0 / 12.0;

/// The centroid of (x, y, flux); `None` if the flux is not positive.
pub(super) fn centroid(pixels: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let [flux, x, y] = pixels.iter().fold([0.0; 3], |[s, a, b], (x, y, f)| [s + f, a + x * f, b + y * f]);
    (flux > 0.0).then(|| (x / flux, y / flux))
}

/// q = b / a, the root of the ratio of the eigenvalues of the covariance of (x, y) weighted by the flux, each of them 1/12 pixel^2 at
/// least; `None` if the flux is not positive.
pub(super) fn axis_ratio(pixels: &[(f64, f64, f64)]) -> Option<f64> {
    let (cx, cy) = centroid(pixels)?;
    let [flux, xx, xy, yy] = pixels.iter().fold([0.0; 4], |[s, a, b, c], (x, y, f)| {
        let (dx, dy) = (x - cx, y - cy);
        [s + f, a + f * dx * dx, b + f * dx * dy, c + f * dy * dy]
    });
    let [xx, xy, yy] = [xx, xy, yy].map(|m| m / flux);
    let (middle, half) = (0.5 * (xx + yy), (0.5 * (xx - yy)).hypot(xy));
    Some(((middle - half).max(PIXEL) / (middle + half).max(PIXEL)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_an_elliptical_gaussian_are_its_own() {
        let (a, q, angle) = (5.0_f64, 0.4, 0.7_f64);
        let pixels: Vec<_> = (0..101 * 101)
            .map(|i| {
                let (x, y) = ((i % 101) as f64, (i / 101) as f64);
                let (dx, dy) = (x - 50.3, y - 49.2);
                let (u, v) = (dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin());
                (x, y, (-0.5 * (u * u + v * v / (q * q)) / (a * a)).exp())
            })
            .collect();
        // Sums over a Gaussian wider than a pixel equal its integrals to 1e-12 and better.
        assert!(axis_ratio(&pixels).is_some_and(|found| (found - q).abs() < 1e-9));
        assert!(centroid(&pixels).is_some_and(|(x, y)| (x - 50.3).abs() < 1e-9 && (y - 49.2).abs() < 1e-9));
    }

    #[test]
    fn a_line_is_as_thin_as_a_pixel_and_a_pixel_is_round() {
        let line: Vec<_> = (0..5).map(|x| (f64::from(x), 0.0, 1.0)).collect();
        assert!(axis_ratio(&line).is_some_and(|q| (q - (1.0_f64 / 24.0).sqrt()).abs() < 1e-15));
        assert_eq!(axis_ratio(&[(3.0, 2.0, 1.0)]), Some(1.0));
        assert_eq!(axis_ratio(&[(0.0, 0.0, -1.0)]), None);
    }
}
