//! Which pixels of an image are fitted, and why the others are not.

use crate::error::{Error, Result};
use crate::fits::Image;
use crate::grid::Window;

/// Noise from which on a pixel counts as masked; surveys write 1e8 into pixels they do not trust.
pub const MASKED_NOISE: f32 = 1e7;

/// The pixels of an image that are used, row-major `[y][x]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    width: usize,
    height: usize,
    used: Vec<bool>,
    counts: MaskCounts,
}

/// How many pixels each rule excludes; a pixel excluded by two rules counts in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct MaskCounts {
    /// Pixels of the image.
    pub total: usize,
    /// Pixels that are fitted.
    pub used: usize,
    /// NaN or infinite in the image.
    pub not_finite: usize,
    /// Noise not finite or at least [`MASKED_NOISE`]; or no exposure.
    pub noise: usize,
    /// Further from the centre than `mask_radius`.
    pub radius: usize,
    /// Zero in the mask file.
    pub file: usize,
}

impl Mask {
    /// A mask that uses every pixel.
    pub fn all(width: usize, height: usize) -> Self {
        let total = width * height;
        Self { width, height, used: vec![true; total], counts: MaskCounts { total, used: total, ..Default::default() } }
    }

    /// Excludes NaN and infinite pixels of the image.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn exclude_not_finite(&mut self, image: &Image) -> Result<()> {
        self.check("image", image)?;
        self.counts.not_finite += self.exclude(|i| !image.pixels[i].is_finite());
        Ok(())
    }

    /// Excludes pixels whose noise is not finite or at least [`MASKED_NOISE`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn exclude_noise(&mut self, noise: &Image) -> Result<()> {
        self.check("noise map", noise)?;
        self.counts.noise += self.exclude(|i| !noise.pixels[i].is_finite() || noise.pixels[i] >= MASKED_NOISE);
        Ok(())
    }

    /// Excludes pixels whose exposure is not positive and finite.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn exclude_unexposed(&mut self, exposure: &Image) -> Result<()> {
        self.check("exposure map", exposure)?;
        self.counts.noise += self.exclude(|i| !(exposure.pixels[i] > 0.0 && exposure.pixels[i].is_finite()));
        Ok(())
    }

    /// Excludes pixels that are zero (or NaN) in a mask image: nonzero means use.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn exclude_zero(&mut self, mask: &Image) -> Result<()> {
        self.check("mask", mask)?;
        self.counts.file += self.exclude(|i| mask.pixels[i] == 0.0 || mask.pixels[i].is_nan());
        Ok(())
    }

    /// Excludes pixels whose centre is further than `radius` arcsec from (x, y), in arcsec from the centre of the image.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the radius is not positive.
    pub fn exclude_outside(&mut self, radius: f64, (x, y): (f64, f64), pixel_scale: f64) -> Result<()> {
        if radius.is_nan() || radius <= 0.0 {
            let allowed = "a positive number of arcsec";
            return Err(Error::OutOfRange { what: "mask_radius", value: radius, allowed });
        }
        let (width, height, reach) = (self.width, self.height, radius / pixel_scale);
        let (x, y) = (x / pixel_scale, y / pixel_scale);
        let offset = |index: usize, size: usize| index as f64 - (size as f64 - 1.0) / 2.0;
        self.counts.radius +=
            self.exclude(|i| (offset(i % width, width) - x).hypot(offset(i / width, height) - y) > reach);
        Ok(())
    }

    /// Whether each pixel is used, row-major `[y][x]`.
    pub fn used(&self) -> &[bool] {
        &self.used
    }

    /// What was excluded, and why.
    pub fn counts(&self) -> MaskCounts {
        self.counts
    }

    /// The smallest rectangle that holds every used pixel and, inside the image, all pixels whose light the PSF can
    /// scatter into one: grown by the half sizes of the PSF.
    ///
    /// # Errors
    /// [`Error::EmptyMask`] if no pixel is used.
    pub fn window(&self, half_width: usize, half_height: usize) -> Result<Window> {
        let MaskCounts { total, not_finite, noise, radius, file, .. } = self.counts;
        let empty = Error::EmptyMask { total, not_finite, noise, radius, file };
        let any_in_row = |y: usize| self.used[y * self.width..(y + 1) * self.width].contains(&true);
        let any_in_column = |x: usize| (0..self.height).any(|y| self.used[y * self.width + x]);
        let span = |size: usize, grow: usize, any: &dyn Fn(usize) -> bool| {
            let first = (0..size).find(|i| any(*i))?;
            let last = (first..size).rfind(|i| any(*i))?;
            let start = first.saturating_sub(grow);
            Some((start, (last + grow + 1).min(size) - start))
        };
        match (span(self.width, half_width, &any_in_column), span(self.height, half_height, &any_in_row)) {
            (Some((x0, width)), Some((y0, height))) => Ok(Window { x0, y0, width, height }),
            _ => Err(empty),
        }
    }

    fn check(&self, what: &'static str, image: &Image) -> Result<()> {
        let expected = (self.width, self.height);
        if image.size() == expected {
            return Ok(());
        }
        Err(Error::ShapeMismatch { what, got: image.size(), reference: "image", expected })
    }

    fn exclude(&mut self, rule: impl Fn(usize) -> bool) -> usize {
        let mut hits = 0;
        for (i, used) in self.used.iter_mut().enumerate() {
            if rule(i) {
                hits += 1;
                self.counts.used -= usize::from(*used);
                *used = false;
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, pixels: &[f32]) -> Image {
        Image::new(width, height, pixels.to_vec()).unwrap()
    }

    #[test]
    fn every_rule_excludes_and_is_counted() {
        let mut mask = Mask::all(3, 2);
        mask.exclude_not_finite(&image(3, 2, &[f32::NAN, 0.0, 0.0, 0.0, 0.0, f32::INFINITY])).unwrap();
        mask.exclude_noise(&image(3, 2, &[1e8, 1e8, 1.0, f32::NAN, 1.0, 1.0])).unwrap();
        mask.exclude_zero(&image(3, 2, &[1.0, 1.0, 0.0, 1.0, 2.0, 1.0])).unwrap();
        assert_eq!(mask.used(), [false, false, false, false, true, false]);
        let expected = MaskCounts { total: 6, used: 1, not_finite: 2, noise: 3, radius: 0, file: 1 };
        assert_eq!(mask.counts(), expected);
    }

    #[test]
    fn the_radius_is_in_arcsec_about_the_centre() {
        let mut mask = Mask::all(5, 5);
        mask.exclude_outside(0.1, (0.0, 0.0), 0.05).unwrap();
        // Two pixels: the 13 pixels of a discrete disc.
        assert_eq!(mask.counts().used, 13);
        assert!(mask.used()[2] && !mask.used()[1]);
        assert!(matches!(
            mask.exclude_outside(-1.0, (0.0, 0.0), 0.05),
            Err(Error::OutOfRange { what: "mask_radius", .. })
        ));
    }

    #[test]
    fn the_window_is_grown_by_the_psf_and_stops_at_the_edge() {
        let mut mask = Mask::all(20, 10);
        let mut keep = vec![0.0; 200];
        keep[20 + 8] = 1.0;
        keep[3 * 20 + 9] = 1.0;
        mask.exclude_zero(&image(20, 10, &keep)).unwrap();
        assert_eq!(mask.window(3, 2).unwrap(), Window { x0: 5, y0: 0, width: 8, height: 6 });
        assert_eq!(mask.window(0, 0).unwrap(), Window { x0: 8, y0: 1, width: 2, height: 3 });
    }

    #[test]
    fn an_empty_mask_says_why() {
        let mut mask = Mask::all(2, 2);
        mask.exclude_noise(&image(2, 2, &[1e8; 4])).unwrap();
        let error = mask.window(1, 1).unwrap_err();
        assert!(matches!(error, Error::EmptyMask { noise: 4, total: 4, .. }));
        assert!(error.to_string().contains("4 have noise >= 1e7"), "{error}");
        assert!(matches!(mask.exclude_zero(&image(2, 1, &[1.0; 2])), Err(Error::ShapeMismatch { .. })));
    }
}
