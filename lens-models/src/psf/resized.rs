//! A PSF of another size, or of other pixels: trimmed, cropped, for means over pixels, on wider pixels.

use super::Psf;
use crate::error::{Error, Result};
use crate::fits::Image;

/// The value at the middle of the second of three cells from their means, less a 24th of the second difference.
const OF_MEANS: [f64; 3] = [-1.0 / 24.0, 26.0 / 24.0, -1.0 / 24.0];

impl Psf {
    /// The smallest centred odd part that keeps the fraction `keep` of the flux, normalised again.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a fraction outside (0, 1].
    pub fn trimmed(&self, keep: f64) -> Result<Self> {
        if !(keep > 0.0 && keep <= 1.0) {
            return Err(Error::OutOfRange { what: "the kept fraction", value: keep, allowed: "in (0, 1]" });
        }
        if keep == 1.0 {
            return Ok(self.clone());
        }
        let (half_width, half_height) = self.half_size();
        let part = |half: usize| {
            let (w, h) = (half.min(half_width), half.min(half_height));
            let rows = self.kernel.pixels.chunks_exact(self.width()).skip(half_height - h).take(2 * h + 1);
            let pixels = rows.flat_map(|row| row[half_width - w..=half_width + w].iter().copied()).collect();
            Image { width: 2 * w + 1, height: 2 * h + 1, pixels }
        };
        let flux = |image: &Image| image.pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
        let mut parts = (0..half_width.max(half_height)).map(part);
        // Only parts with flux can be normalised; the loss itself is asked for, so it is no cause for a warning.
        let mut part = parts.find(|part| flux(part) >= keep).unwrap_or_else(|| self.kernel.clone());
        let sum = flux(&part);
        part.pixels.iter_mut().for_each(|pixel| *pixel = (f64::from(*pixel) / sum) as f32);
        Self::new(part)
    }

    /// The central part of an odd size, normalised again, and the fraction of the flux that is left out.
    ///
    /// # Errors
    /// [`Error::PsfEven`], [`Error::PsfSum`] for a part without flux.
    pub fn cropped(&self, (width, height): (usize, usize)) -> Result<(Self, f64)> {
        let (width, height) = (width.min(self.width()), height.min(self.height()));
        let (x0, y0) = ((self.width() - width) / 2, (self.height() - height) / 2);
        let rows = self.kernel.pixels.chunks_exact(self.width()).skip(y0).take(height);
        let pixels: Vec<f32> = rows.flat_map(|row| row[x0..x0 + width].iter().copied()).collect();
        let sum: f64 = pixels.iter().map(|pixel| f64::from(*pixel)).sum();
        // The loss is told by whoever asked, so it is no cause for a warning of its own.
        let pixels = pixels.iter().map(|pixel| (f64::from(*pixel) / sum) as f32).collect();
        Ok((Self::new(Image { width, height, pixels })?, 1.0 - sum))
    }

    /// The kernel for means over its pixels instead of values at their centres.
    ///
    /// A kernel is itself averaged over its pixels; applied to light that is too, it would blur by a pixel twice. That pixel is taken out
    /// by the second difference in x and in y. (One of five cells, of the fourth order, is off by 1.5 to 2 times as much behind a bulge and
    /// behind a PSF as wide as a cell: [`Sampling::deposit`](crate::sampling::Sampling::deposit) keeps no more than second moments.)
    ///
    /// # Errors
    /// As [`Psf::new`].
    pub fn of_means(&self) -> Result<Self> {
        let Image { width, height, ref pixels } = self.kernel;
        let at = |x: usize, y: usize| f64::from(pixels[y * width + x]);
        // Beyond its border the kernel is taken to go on flat, so that a cut is not sharpened.
        let beside = |i: usize, step: usize, end: usize| (i + step).saturating_sub(1).min(end - 1);
        let along = |x: usize, y: usize| (0..3).map(|k| OF_MEANS[k] * at(beside(x, k, width), y)).sum::<f64>();
        let sharp = |x: usize, y: usize| (0..3).map(|k| OF_MEANS[k] * along(x, beside(y, k, height))).sum();
        let values: Vec<f64> = (0..width * height).map(|i| sharp(i % width, i / width)).collect();
        let sum: f64 = values.iter().sum();
        let pixels = values.iter().map(|value| (value / sum) as f32).collect();
        Ok(Self { raw_sum: self.raw_sum, ..Self::new(Image { width, height, pixels })? })
    }

    /// The kernel on pixels `factor` times as wide, each the sum of those in it; those on a border between two count by half.
    ///
    /// # Errors
    /// As [`Psf::new`].
    pub fn on_wider_pixels(&self, factor: usize) -> Result<Self> {
        if factor <= 1 {
            return Ok(self.clone());
        }
        let (half_width, half_height) = self.half_size();
        // Twice the offset from the middle, over twice the factor, rounded; a border goes to both sides.
        let places = |half: usize| -> (usize, Vec<[usize; 2]>) {
            let reach = (2 * half + factor) / (2 * factor);
            let of = |i: usize| {
                let twice = 2 * (i + reach * factor) as i64 - 2 * half as i64;
                let (low, high) =
                    ((twice + factor as i64 - 1) / (2 * factor as i64), (twice + factor as i64) / (2 * factor as i64));
                [low as usize, high as usize]
            };
            (2 * reach + 1, (0..2 * half + 1).map(of).collect())
        };
        let ((width, columns), (height, rows)) = (places(half_width), places(half_height));
        let mut sums = vec![0.0; width * height];
        for (i, value) in self.kernel.pixels.iter().enumerate() {
            let (x, y) = (columns[i % self.width()], rows[i / self.width()]);
            x.iter().for_each(|x| y.iter().for_each(|y| sums[y * width + x] += 0.25 * f64::from(*value)));
        }
        let pixels = sums.iter().map(|sum| *sum as f32).collect();
        Ok(Self { raw_sum: self.raw_sum, ..Self::new(Image { width, height, pixels })? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::uneven;
    use super::*;

    #[test]
    fn cropping_keeps_the_middle_and_tells_what_is_lost() {
        let psf = Psf::gaussian(0.1, 0.05, 41).unwrap();
        let (part, lost) = psf.cropped((5, 99)).unwrap();
        assert_eq!((part.width(), part.height()), (5, 41));
        let kept: f64 = (0..41 * 5).map(|i| f64::from(psf.kernel()[(i / 5) * 41 + 18 + i % 5])).sum();
        assert!((lost - (1.0 - kept)).abs() < 1e-12 && lost > 0.1, "{lost}");
        assert!((part.kernel().iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_kernel_for_means_blurs_by_its_pixel_once() {
        let variance = |psf: &Psf| {
            let (w, half) = (psf.width(), psf.width() / 2);
            psf.kernel()
                .iter()
                .enumerate()
                .map(|(i, k)| f64::from(*k) * ((i % w) as f64 - half as f64).powi(2))
                .sum::<f64>()
        };
        let psf = Psf::gaussian(0.1, 0.05, 25).unwrap();
        // A pixel has the variance 1/12, and sigma is two of them: 4 + 1/12 before, as means have their own.
        assert!((variance(&psf) - 4.0 - 1.0 / 12.0).abs() < 1e-4, "{}", variance(&psf));
        let sharp = psf.of_means().unwrap();
        assert!((variance(&sharp) - 4.0).abs() < 1e-4, "{}", variance(&sharp));
        let exact = |i: usize| (-0.5 * ((i as f64 - 12.0) / 2.0).powi(2)).exp();
        let sum: f64 = (0..25).map(exact).sum();
        let worst = (0..625)
            .map(|i| (f64::from(sharp.kernel()[i]) - exact(i % 25) * exact(i / 25) / sum / sum).abs())
            .fold(0.0, f64::max);
        // What is left is 1/1920 - 1/576 - 1/288 of the fourth derivative, 3 / sigma^4 of the peak, along x and along y: 1.8e-3 of it.
        assert!(worst < 2e-3 * exact(12).powi(2) / sum / sum, "{worst:e}");
    }

    #[test]
    fn a_kernel_on_wider_pixels_keeps_its_flux_where_it_is() {
        for (size, factor) in [(25, 3), (25, 2), (27, 4), (1, 3), (3, 5)] {
            let psf = uneven(size, size);
            let wide = psf.on_wider_pixels(factor).unwrap();
            let mean = |psf: &Psf| {
                let (w, half) = (psf.width(), (psf.width() / 2) as f64);
                psf.kernel().iter().enumerate().map(|(i, k)| f64::from(*k) * ((i % w) as f64 - half)).sum::<f64>()
            };
            // A pixel is at most half of its width from the middle of its own.
            assert!((mean(&psf) / factor as f64 - mean(&wide)).abs() < 0.5, "{size} {factor}");
            assert!(wide.width() * factor >= size && (wide.width() - 1) * factor <= size + factor, "{size} {factor}");
        }
        let fine = Psf::gaussian(0.1, 0.05 / 3.0, 75).unwrap();
        let (wide, own) = (fine.on_wider_pixels(3).unwrap(), Psf::gaussian(0.1, 0.05, 25).unwrap());
        assert_eq!(wide.width(), 25);
        assert!(wide.kernel().iter().zip(own.kernel()).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn trimming_keeps_the_flux_asked_for() {
        let psf = Psf::gaussian(0.1, 0.05, 41).unwrap();
        let part = psf.trimmed(0.999).unwrap();
        let (margin, at) =
            (20 - part.width() / 2, |m: usize| (m..41 - m).flat_map(move |y| (m..41 - m).map(move |x| y * 41 + x)));
        let kept = |m: usize| at(m).map(|i| f64::from(psf.kernel()[i])).sum::<f64>();
        assert!(part.width() % 2 == 1 && kept(margin) >= 0.999 && kept(margin + 1) < 0.999, "{}", part.width());
        assert!((part.kernel().iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(psf.trimmed(1.0).unwrap().width(), 41);
        assert!(matches!(psf.trimmed(0.0), Err(Error::OutOfRange { .. })));
    }
}
