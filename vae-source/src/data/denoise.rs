//! Denoising by non-local means: a pixel becomes the mean of the pixels nearby whose surroundings look like its own.

use serde::{Deserialize, Serialize};

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
/// (doi:10.5201/ipol.2011.bcm_nlm), from where the 5 x 5 patch. The other defaults are those of the least residual on 64 x 64 mock
/// galaxies (Sersic, spiral arms, clumps, a point spread of 2 to 3 pixels; noise 1/50 and 1/25 of the peak, its lag-1 correlation 0,
/// 0.25 and 0.48), as rms(residual) / sigma, the mean of the six cases:
///
/// | variant | residual | |
/// |---|---|---|
/// | one pass, patch 5 x 5, window 15 x 15, strength 1 | 0.32 | from 0.25 (1/25, white) to 0.40 (1/50, correlation 0.48) |
/// | strength 0.4; 0.6; 0.8; 1.3 | 0.40; 0.37; 0.34; 0.32 | 1.3 takes 1 % more of the arms and clumps at 1/25 |
/// | patch 3 x 3; 7 x 7 | 0.35; 0.33 | |
/// | window 7 x 7; 11 x 11; 21 x 21; 29 x 29 | 0.36; 0.33; 0.33; 0.34 | |
/// | Gaussian patch 5 x 5, strength 1; 1.3 | 0.38; 0.34 | |
/// | means of whole patches (IPOL's patchwise) | 0.32 | twice the work |
/// | without the 2 sigma^2, strength 1; 1.3 | 0.37; 0.33 | |
/// | a second pass with weights from the first result | 0.32 to 0.33 | twice the work |
/// | a Gaussian blur of 0.7 px; 1 px | 0.57; 0.54 | takes 8 %; 15 % of the arms and clumps |
///
/// These are of one pass. The second was chosen on 30 simulated galaxies that pass the paper's cuts: rms(residual) over that of the
/// noise, pooled over the galaxies, the largest, the median within the galaxy (truth above 0.1), and what is left of the structure
/// finer than 4 pixels of a mock with arms and clumps at two levels of noise:
///
/// | variant | pooled | largest | within | structure, 1/50; 1/25 |
/// |---|---|---|---|---|
/// | one pass | 0.42 | 0.54 | 0.82 | 0.99; 0.98 |
/// | **two passes, smoothing 1.5, the second at 0.6** | 0.40 | 0.50 | 0.71 | 0.98; 0.92 |
/// | the second at 0.5; both at 0.8 | 0.41; 0.38 | 0.51; 0.48 | 0.73; 0.68 | 0.98; 0.94 and 0.97; 0.89 |
/// | smoothing 1.2, the second at 0.6 | 0.39 | 0.48 | 0.66 | 0.97; 0.90 |
/// | smoothing 2.5, the second at 0.5; 4, at 1 | 0.43; 0.40 | 0.56; 0.53 | 0.80; 0.76 | 0.99; 0.96 and 0.98; 0.93 |
/// | a third pass (smoothing 1, all at 1) | 0.38 | 0.48 | 0.64 | |
/// | one pass, each pixel weighed like its best partner | 0.41 | 0.55 | 0.77 | |
/// | one pass on patches less their means | 0.47 | 0.55 | 0.74 | |
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
    /// The window is 2 `search_radius` + 1 pixels a side. Default 7 (measured, see above; IPOL 2011 has 10).
    pub search_radius: usize,
    /// h in units of sigma. Default 1 (measured, see above; IPOL 2011 has 0.4 on photographs).
    pub strength: f64,
    /// Standard deviation of the Gaussian between the two passes, pixels; 0 for one pass. Default 1.5 (measured, see above).
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
    /// [`Error::OutOfRange`] if `sigma` or the strength is not positive and finite, or a radius is above 100.
    pub fn denoise(&self, image: &[f32], width: usize, height: usize, sigma: f32) -> Result<Vec<f32>> {
        self.check(f64::from(sigma))?;
        Error::check_pixels(image, width, height)?;
        // f64 throughout: the square of any f32 is then neither zero nor infinite.
        let image: Vec<f64> = image.iter().map(|&v| f64::from(v)).collect();
        let h = self.strength * f64::from(sigma);
        let mut out = self.pass(&image, width, height, sigma, h);
        if self.smoothing > 0.0 {
            let smooth = blurred(&out, width, height, self.smoothing);
            let rest: Vec<f64> = image.iter().zip(&smooth).map(|(image, smooth)| image - smooth).collect();
            out = self
                .pass(&rest, width, height, sigma, SECOND * h)
                .iter()
                .zip(&smooth)
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

/// h of the second pass in units of that of the first: what is left is faint, and soon lost (measured, see above).
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

/// The image blurred by a Gaussian of standard deviation `s` pixels, cut off at 4 of them, the image going on mirrored.
fn blurred(image: &[f64], width: usize, height: usize, s: f64) -> Vec<f64> {
    let reach = (4.0 * s + 0.5) as isize;
    let weights: Vec<f64> = (-reach..=reach).map(|k| (-0.5 * (k as f64 / s).powi(2)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let sum = |at: &dyn Fn(isize) -> f64| (-reach..=reach).zip(&weights).map(|(k, w)| w * at(k)).sum::<f64>() / total;
    let pixel = |k: usize| ((k % width).cast_signed(), (k / width).cast_signed());
    let rows: Vec<f64> = (0..image.len())
        .map(|k| {
            let (x, y) = pixel(k);
            sum(&|step| image[y.cast_unsigned() * width + mirror(x + step, width)])
        })
        .collect();
    (0..image.len())
        .map(|k| {
            let (x, y) = pixel(k);
            sum(&|step| rows[mirror(y + step, height) * width + x.cast_unsigned()])
        })
        .collect()
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
