//! A picture: the pixels of an image, ready for sums over runs of a row and for smoothing.

use crate::error::{Error, Result};

/// An image in f64, `[y][x]`; the centre of pixel (x, y) is at (x, y).
#[derive(Debug, Clone)]
pub(super) struct Picture {
    values: Vec<f64>,
    width: usize,
    height: usize,
    /// For each row, the sums of its first 0, 1, .. `width` pixels.
    runs: Vec<f64>,
}

impl Picture {
    pub(super) fn new(pixels: &[f32], width: usize, height: usize) -> Result<Self> {
        Error::check_pixels(pixels, width, height)?;
        Ok(Self::from_values(pixels.iter().map(|&v| f64::from(v)).collect(), width, height))
    }

    /// `values` are `height` rows of `width`.
    pub(super) fn from_values(values: Vec<f64>, width: usize, height: usize) -> Self {
        debug_assert_eq!(values.len(), width * height);
        let mut runs = Vec::with_capacity(height * (width + 1));
        for row in values.chunks(width) {
            let mut sum = 0.0;
            runs.push(sum);
            runs.extend(row.iter().map(|v| {
                sum += v;
                sum
            }));
        }
        Self { values, width, height, runs }
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn get(&self, x: usize, y: usize) -> f64 {
        self.values[y * self.width + x]
    }

    /// The sum of the pixels `from..to` of row `y`.
    pub(super) fn run(&self, y: usize, from: usize, to: usize) -> f64 {
        let row = &self.runs[y * (self.width + 1)..][..=self.width];
        row[to] - row[from]
    }

    /// Convolved with a Gaussian of this standard deviation [pixels], cut at 4 of them.
    pub(super) fn gaussian(&self, sigma: f64) -> Self {
        let reach = (4.0 * sigma + 0.5) as usize;
        let half: Vec<f64> = (0..=reach).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
        self.convolved(&half)
    }

    /// Convolved with a square of this side [pixels], which need not be whole: the edge pixels then count in part.
    pub(super) fn boxcar(&self, side: f64) -> Self {
        self.convolved(&boxcar_kernel(side))
    }

    /// Convolved along both axes with the symmetric kernel of these values at 0, 1, 2, .. pixels, after it is divided by its sum; the
    /// image goes on mirrored at its borders (d c b a | a b c d | d c b a).
    fn convolved(&self, half: &[f64]) -> Self {
        let total = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        let kernel: Vec<f64> = half.iter().map(|v| v / total).collect();
        let (w, h) = (self.width, self.height);
        let mut rows = vec![0.0; w * h];
        for (y, row) in rows.chunks_mut(w).enumerate() {
            for (k, weight) in signed(&kernel) {
                let from = mirror(y.cast_signed() + k, h) * w;
                row.iter_mut().zip(&self.values[from..from + w]).for_each(|(out, v)| *out += weight * v);
            }
        }
        let reach = kernel.len() - 1;
        let mut values = Vec::with_capacity(w * h);
        let mut line = vec![0.0; w + 2 * reach];
        for row in rows.chunks(w) {
            for (i, v) in line.iter_mut().enumerate() {
                *v = row[mirror(i.cast_signed() - reach.cast_signed(), w)];
            }
            values.extend((0..w).map(|x| {
                let middle = x + reach;
                let sides = kernel[1..]
                    .iter()
                    .enumerate()
                    .map(|(k, weight)| weight * (line[middle - k - 1] + line[middle + k + 1]));
                kernel[0] * line[middle] + sides.sum::<f64>()
            }));
        }
        Self::from_values(values, w, h)
    }
}

/// The overlap of a segment of this length, centred on pixel 0, with the pixels 0, 1, 2, ..; of length 1 at least.
pub(super) fn boxcar_kernel(side: f64) -> Vec<f64> {
    let half = 0.5 * side.max(1.0);
    let last = (half - 0.5).ceil() as usize;
    (0..=last).map(|k| (half - (k as f64 - 0.5)).clamp(0.0, 1.0)).collect()
}

/// The kernel at all its offsets, those below zero too.
fn signed(half: &[f64]) -> impl Iterator<Item = (isize, f64)> {
    let reach = half.len().cast_signed() - 1;
    (-reach..=reach).map(|k| (k, half[k.unsigned_abs()]))
}

/// The place within 0..n of index i of an array that goes on mirrored at its ends, with the end pixels repeated.
fn mirror(i: isize, n: usize) -> usize {
    let i = i.rem_euclid(2 * n.cast_signed()).unsigned_abs();
    i.min(2 * n - 1 - i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_repeats_the_end_pixels() {
        assert_eq!([-4, -1, 0, 2, 3, 5, 6].map(|i| mirror(i, 3)), [2, 0, 0, 2, 2, 0, 0]);
    }

    #[test]
    fn a_kernel_keeps_a_constant_and_spreads_a_point() {
        let flat = Picture::from_values(vec![3.0; 20], 5, 4);
        for smooth in [flat.gaussian(2.0), flat.boxcar(7.5)] {
            assert!(smooth.values().iter().all(|v| (v - 3.0).abs() < 1e-14));
        }
        let mut values = vec![0.0; 81];
        values[40] = 1.0;
        let point = Picture::from_values(values, 9, 9);
        // 2.5 pixels are 0.75 + 1 + 0.75.
        let boxed = point.boxcar(2.5);
        assert!((boxed.get(4, 4) - 0.16).abs() < 1e-15 && (boxed.get(5, 3) - 0.09).abs() < 1e-15);
        assert_eq!(boxed.get(6, 4), 0.0);
        let blurred = point.gaussian(0.8);
        assert!((blurred.get(5, 4) / blurred.get(4, 4) - (-0.5 / 0.64_f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn a_run_is_the_sum_of_its_pixels() {
        let picture = Picture::from_values(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 3, 2);
        assert_eq!((picture.run(0, 1, 3), picture.run(1, 0, 3), picture.run(1, 2, 2)), (6.0, 56.0, 0.0));
    }
}
