//! Denoising by non-local means: a pixel becomes the mean of the pixels nearby whose surroundings look like its own.

use serde::{Deserialize, Serialize};

use crate::data::picture::Picture;
use crate::error::{Error, Result};

/// Non-local means, pixelwise, with flat patches.
///
/// The new value of pixel x is a weighted mean over the pixels y of a square window about x (cut off at the border of the image),
///
/// ```text
/// out(x) = sum_y w(x, y) v(y) / sum_y w(x, y)
/// w(x, y) = exp(-max(d^2(x, y) - 2 sigma^2, 0) / h^2),   h = strength * sigma
/// d^2(x, y) = mean over the patch of (v(x + t) - v(y + t))^2
/// ```
///
/// where a patch that reaches over the border goes on mirrored there. 2 sigma^2 is what d^2 is for two patches that differ by their
/// noise only.
///
/// In the steep middle of a galaxy no two patches are alike, and one pass leaves most of the noise there. So there are two: the first
/// result, blurred by a Gaussian, is taken from the image; what is left has little but structure and noise, and is denoised in its
/// turn with a smaller h; then the blurred part is put back. This is ours; with `smoothing` 0 there is the first pass alone, as published.
///
/// Buades, Coll & Morel 2005, CVPR 2, 60 (doi:10.1109/CVPR.2005.38); Buades, Coll & Morel 2011, IPOL 1, 208
/// (doi:10.5201/ipol.2011.bcm_nlm), from where the 5 x 5 patch. The other defaults were chosen on mock galaxies of known truth; the
/// example `galaxy_denoise` measures them on simulated ones.
///
/// ```
/// # fn main() -> vae_source::Result<()> {
/// use vae_source::data::NonLocalMeans;
///
/// let image = [1.0, 1.02, 0.99, 1.0, 0.98, 1.01, 1.0, 1.0, 0.99];
/// let denoised = NonLocalMeans::default().denoise(&image, 3, 3, 0.015)?;
/// assert!(denoised.iter().all(|v| (v - 1.0).abs() < 0.006));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NonLocalMeans {
    /// A patch is 2 `patch_radius` + 1 pixels a side. Default 2 (IPOL 2011, table 1).
    pub patch_radius: usize,
    /// The window is 2 `search_radius` + 1 pixels a side. Default 7 (IPOL 2011 has 10).
    pub search_radius: usize,
    /// h in units of sigma. Default 1 (IPOL 2011 has 0.4, on photographs).
    pub strength: f64,
    /// Standard deviation of the Gaussian between the two passes, pixels; 0 for one pass. Default 1.5.
    pub smoothing: f64,
}

impl Default for NonLocalMeans {
    fn default() -> Self {
        Self { patch_radius: 2, search_radius: 7, strength: 1.0, smoothing: 1.5 }
    }
}

impl NonLocalMeans {
    /// The image without most of its noise: `height` rows of `width` values, as the given `image`; `sigma` is the standard deviation
    /// of the noise of one pixel, in the unit of the image.
    ///
    /// # Errors
    /// [`Error::PixelCount`] if the image has not `width * height` pixels, [`Error::NotFinite`] if one of them is NaN or infinite,
    /// [`Error::OutOfRange`] if `sigma` or the strength is not positive and finite, a radius is above 100, or the smoothing
    /// outside 0 to 25.
    pub fn denoise(&self, image: &[f32], width: usize, height: usize, sigma: f32) -> Result<Vec<f32>> {
        self.check(f64::from(sigma))?;
        Error::check_pixels(image, width, height)?;
        // f64 throughout: the square of any f32 is then neither zero nor infinite.
        let image: Vec<f64> = image.iter().map(|&v| f64::from(v)).collect();
        let h = self.strength * f64::from(sigma);
        let mut out = self.pass(&image, width, height, sigma, h);
        if self.smoothing > 0.0 {
            let smooth = Picture::from_values(out, width, height).gaussian(self.smoothing);
            let rest: Vec<f64> = image.iter().zip(smooth.values()).map(|(image, smooth)| image - smooth).collect();
            out = self
                .pass(&rest, width, height, sigma, SECOND * h)
                .iter()
                .zip(smooth.values())
                .map(|(rest, smooth)| rest + smooth)
                .collect();
        }
        Ok(out.into_iter().map(|v| v as f32).collect())
    }

    /// Non-local means as published, with its h.
    fn pass(&self, values: &[f64], width: usize, height: usize, sigma: f32, h: f64) -> Vec<f64> {
        let patched = Mirrored::new(values, width, height, self.patch_radius);
        let noise = 2.0 * f64::from(sigma).powi(2);
        let scale = -1.0 / (h * h);

        // Every pixel is in its own window, at distance 0.
        let mut total = values.to_vec();
        let mut weight = vec![1.0; values.len()];
        let mut distance = Vec::new();
        for (dx, dy) in half_window(self.search_radius, width, height) {
            patched.distances(dx, dy, &mut distance);
            // x runs over the pixels that have a partner x + (dx, dy) in the image; each pair serves both of its pixels.
            let columns = width - dx.unsigned_abs();
            let first = dx.min(0).unsigned_abs();
            for y in 0..height - dy {
                let row = y * width + first;
                let partner = ((y + dy) * width + first).wrapping_add_signed(dx);
                for (i, squared) in distance[y * columns..(y + 1) * columns].iter().enumerate() {
                    let w = ((squared - noise).max(0.0) * scale).exp();
                    total[row + i] += w * values[partner + i];
                    weight[row + i] += w;
                    total[partner + i] += w * values[row + i];
                    weight[partner + i] += w;
                }
            }
        }
        total.iter().zip(&weight).map(|(total, weight)| total / weight).collect()
    }

    fn check(&self, sigma: f64) -> Result<()> {
        for (what, value) in [("the noise of a pixel", sigma), ("the strength of non-local means", self.strength)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange { what, value, allowed: "positive and finite" });
            }
        }
        if !(0.0..=MAX_RADIUS as f64 / 4.0).contains(&self.smoothing) {
            let (what, value) = ("the smoothing of non-local means", self.smoothing);
            return Err(Error::OutOfRange { what, value, allowed: "0 to 25 pixels" });
        }
        for (what, radius) in [("the patch radius", self.patch_radius), ("the search radius", self.search_radius)] {
            if radius > MAX_RADIUS {
                return Err(Error::OutOfRange { what, value: radius as f64, allowed: "0 to 100" });
            }
        }
        Ok(())
    }
}

/// h of the second pass in units of that of the first: what is left is faint, and soon lost.
const SECOND: f64 = 0.6;

/// Above it a run takes hours, and is a mistake.
const MAX_RADIUS: usize = 100;

/// One of each pair of opposite offsets within the window, the offset zero left out: dy > 0, or dy = 0 and dx > 0.
fn half_window(radius: usize, width: usize, height: usize) -> impl Iterator<Item = (isize, usize)> {
    let right = radius.min(width.saturating_sub(1)).cast_signed();
    let down = radius.min(height.saturating_sub(1));
    (0..=down).flat_map(move |dy| (-right..=right).map(move |dx| (dx, dy))).filter(|&(dx, dy)| dy > 0 || dx > 0)
}

/// The image with a mirrored rim as wide as the radius of a patch.
struct Mirrored {
    values: Vec<f64>,
    width: usize,
    height: usize,
    radius: usize,
}

impl Mirrored {
    fn new(image: &[f64], width: usize, height: usize, radius: usize) -> Self {
        let inside = |i: usize, n: usize| mirror(i.cast_signed() - radius.cast_signed(), n);
        let values = (0..height + 2 * radius)
            .flat_map(|y| (0..width + 2 * radius).map(move |x| image[inside(y, height) * width + inside(x, width)]))
            .collect();
        Self { values, width, height, radius }
    }

    /// d^2 between the patches of each pixel and of the pixel (dx, dy) from it, where both are in the image: `height - dy` rows of
    /// `width - |dx|` values. A sum over shifted arrays, first along the columns, then along the rows.
    fn distances(&self, dx: isize, dy: usize, out: &mut Vec<f64>) {
        let (span, side) = (self.width + 2 * self.radius, 2 * self.radius + 1);
        let (columns, rows) = (self.width - dx.unsigned_abs(), self.height - dy);
        let wide = columns + 2 * self.radius;
        let first = dx.min(0).unsigned_abs();
        let mean = 1.0 / (side * side) as f64;

        let squares: Vec<f64> = (0..rows + 2 * self.radius)
            .flat_map(|y| {
                let here = y * span + first;
                let there = ((y + dy) * span + first).wrapping_add_signed(dx);
                let pair = self.values[here..here + wide].iter().zip(&self.values[there..there + wide]);
                pair.map(|(a, b)| (a - b) * (a - b))
            })
            .collect();
        let mut sums = vec![0.0; wide];
        out.clear();
        for y in 0..rows {
            sums.fill(0.0);
            for row in squares[y * wide..(y + side) * wide].chunks_exact(wide) {
                sums.iter_mut().zip(row).for_each(|(sum, square)| *sum += square);
            }
            let start = out.len();
            out.resize(start + columns, 0.0);
            for shift in 0..side {
                out[start..].iter_mut().zip(&sums[shift..]).for_each(|(total, sum)| *total += sum * mean);
            }
        }
    }
}

/// The place within 0..n of index i of an array that goes on mirrored at its ends, without repeating them.
fn mirror(i: isize, n: usize) -> usize {
    let period = 2 * (n.cast_signed() - 1);
    if period == 0 {
        return 0;
    }
    let i = i.rem_euclid(period);
    i.min(period - i).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_does_not_repeat_the_ends() {
        assert_eq!([-4, -1, 0, 2, 3, 4, 7].map(|i| mirror(i, 4)), [2, 1, 0, 2, 3, 2, 1]);
        assert_eq!(mirror(-3, 1), 0);
    }

    #[test]
    fn the_half_window_and_its_opposite_are_the_window_without_its_centre() {
        let mut all: Vec<_> = half_window(3, 10, 3).map(|(dx, dy)| (dx, dy.cast_signed())).collect();
        all.extend(half_window(3, 10, 3).map(|(dx, dy)| (-dx, -dy.cast_signed())));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 7 * 5 - 1);
    }
}
