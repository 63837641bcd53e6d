//! Blob: a round Gaussian of light on the sky; clumps and tidal tails are made of them.

/// A Gaussian.
#[derive(Debug, Clone, Copy)]
pub struct Blob {
    /// Place, arcsec from the centre of the image.
    pub centre: [f64; 2],
    /// Standard deviation, arcsec.
    pub sigma: f64,
    /// Its light.
    pub flux: f64,
}

impl Blob {
    /// Adds the blob to an image of `width` pixels a row, `scale` arcsec each, whose centre is (0, 0).
    ///
    /// Pixels hold the exact integral of the Gaussian, so a blob smaller than a pixel keeps its light.
    pub fn add_to(&self, image: &mut [f64], width: usize, scale: f64) {
        let height = image.len() / width.max(1);
        let columns = self.share(self.centre[0], width, scale);
        let rows = self.share(self.centre[1], height, scale);
        for (y, across) in rows {
            for &(x, along) in &columns {
                image[y * width + x] += self.flux * across * along;
            }
        }
    }

    /// The pixels of one axis that it reaches, and the share of its light in each.
    fn share(&self, centre: f64, n: usize, scale: f64) -> Vec<(usize, f64)> {
        let edge = |i: f64| (i - 0.5 * n as f64) * scale;
        let below =
            |i: f64| 0.5 * statrs::function::erf::erfc((centre - edge(i)) / (self.sigma * std::f64::consts::SQRT_2));
        let pixel = |x: f64| (x / scale + 0.5 * n as f64).floor().clamp(0.0, n as f64);
        let (first, last) = (pixel(centre - 4.5 * self.sigma), pixel(centre + 4.5 * self.sigma));
        let mut shares = Vec::new();
        let mut lower = below(first);
        for i in first as usize..=(last as usize).min(n.saturating_sub(1)) {
            let upper = below(i as f64 + 1.0);
            shares.push((i, upper - lower));
            lower = upper;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_keeps_its_light_and_its_place_at_any_size() {
        for sigma in [0.002, 0.03, 0.2] {
            let blob = Blob { centre: [0.113, -0.2], sigma, flux: 2.0 };
            let (width, height, scale) = (80, 90, 0.03);
            let mut image = vec![0.0; width * height];
            blob.add_to(&mut image, width, scale);
            let sum: f64 = image.iter().sum();
            let x: f64 = image.iter().enumerate().map(|(k, v)| v * ((k % width) as f64 + 0.5 - 40.0) * scale).sum();
            let y: f64 = image.iter().enumerate().map(|(k, v)| v * ((k / width) as f64 + 0.5 - 45.0) * scale).sum();
            assert!((sum - 2.0).abs() < 1e-4, "{sigma}: {sum}");
            // A blob inside one pixel is known to half a pixel.
            let tolerance = if sigma < scale { 0.5 * scale } else { 1e-3 };
            assert!((x / sum - 0.113).abs() < tolerance && (y / sum + 0.2).abs() < tolerance, "{sigma}: {x} {y}");
        }
    }

    #[test]
    fn a_blob_outside_adds_nothing() {
        let mut image = vec![0.0; 16];
        Blob { centre: [9.0, 9.0], sigma: 0.1, flux: 1.0 }.add_to(&mut image, 4, 0.1);
        assert!(image.iter().all(|v| *v < 1e-12));
    }
}
