//! Assembling the data of one lens from images in memory: masked, checked, and cut to the window that is modelled.

use super::ImageData;
use super::files::DataFiles;
use super::report::{DataReport, levels, quantile};
use crate::error::{Error, Result};
use crate::fits::Image;
use crate::grid::{Grid, Window};
use crate::mask::Mask;
use crate::noise::{Background, Correlation, Noise, SigmaMap};
use crate::psf::Psf;
use crate::sampling::Sampling;

/// The images of one lens, in memory; all but the PSF of one size.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The image.
    pub image: Image,
    /// Standard deviation of each pixel, if there is a map.
    pub noise: Option<Image>,
    /// Exposure time of each pixel, if there is a map.
    pub exposure: Option<Image>,
    /// Of the noise, if it was not measured in the image.
    pub correlation: Option<Correlation>,
    /// The PSF.
    pub psf: Option<Psf>,
    /// Pixels to use: nonzero.
    pub mask: Option<Image>,
}

impl Inputs {
    /// An image and nothing else.
    pub fn new(image: Image) -> Self {
        Inputs { image, noise: None, exposure: None, correlation: None, psf: None, mask: None }
    }
}

/// Pixels below which the width of a Gaussian PSF on whole pixels leaves an image wrong by a per cent and more of a compact source.
const NARROW: f64 = 1.4;

/// The most (sub-)pixels that an image may have: a few gigabytes for the arrays of a model of them.
const MOST_POINTS: usize = 1 << 26;

/// Refuses an image of too many (sub-)pixels before anything is made of them.
pub(crate) fn check_size(points: usize) -> Result<()> {
    if points <= MOST_POINTS {
        return Ok(());
    }
    let allowed = "at most 67108864 (8192 x 8192): crop the image, narrow the mask or lower `supersampling`";
    Err(Error::OutOfRange { what: "the number of pixels, or of sub-pixels", value: points as f64, allowed })
}

impl DataFiles {
    /// [`DataFiles::read`] with images that are already in memory; the paths are not looked at.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn assemble(&self, inputs: Inputs) -> Result<ImageData> {
        let Inputs { mut image, noise, exposure, correlation, psf, mask: mask_image } = inputs;
        self.check_sampling()?;
        let size = image.size();
        let psf = psf.map(|psf| self.fitting(psf, size)).transpose()?;
        let scale = self.scale()?;
        // The scale and the size are looked at before anything is made of them.
        Grid::new(1, 1, scale, 1)?;
        let mut mask = Mask::all(size.0, size.1);
        mask.exclude_not_finite(&image)?;
        noise.as_ref().map_or(Ok(()), |noise| mask.exclude_noise(noise))?;
        exposure.as_ref().map_or(Ok(()), |map| mask.exclude_unexposed(map))?;
        mask_image.as_ref().map_or(Ok(()), |file| mask.exclude_zero(file))?;
        let center = self.mask_center.unwrap_or_default();
        self.mask_radius.map_or(Ok(()), |radius| mask.exclude_outside(radius, center, scale))?;
        let count = mask.counts().not_finite;
        if count > 0 {
            let name = self.image.as_ref().map_or_else(|| "the image".into(), |p| p.display().to_string());
            tracing::warn!(count, "{}{count} pixels of {name} are not finite; they are masked", self.said());
        }
        let cells = self.psf_supersampling;
        if let Some(fwhm) = self.psf_fwhm.filter(|fwhm| cells == 1 && *fwhm < NARROW * scale) {
            tracing::warn!(
                "{}psf_fwhm is {:.1} pixels, too narrow for a PSF on whole ones; give \"psf_supersampling\": 3",
                self.said(),
                fwhm / scale
            );
        }
        // A kernel that was measured on whole pixels is taken as it is.
        let known = cells > 1 || self.psf_fwhm.is_some();
        let means = known && self.supersampling.is_none_or(|k| k > cells);
        let psf = if means { psf.map(|psf| psf.of_means()).transpose()? } else { psf };
        let (half_width, half_height) = psf.as_ref().map_or((0, 0), Psf::half_size);
        let window = mask.window(half_width.div_ceil(cells), half_height.div_ceil(cells))?;
        let per_cell = self.supersampling.map_or(1, |k| k / cells);
        check_size(window.len().saturating_mul((per_cell * cells).pow(2)))?;
        let mut grid =
            Grid::windowed(size.0, size.1, scale, if cells > 1 { 1 } else { per_cell }, window)?.with_cells(cells);
        if cells > 1 && per_cell > 1 {
            grid = grid.with_sampling(Sampling::Each(vec![per_cell as u8; grid.cells_in_window()].into()));
        }
        let correlation = match (correlation, self.noise_patch) {
            (None, Some(patch)) => Some(self.measured(&image, noise.as_ref(), patch)?),
            (correlation, _) => correlation,
        };
        let (noise, median_sigma) = self.noise(noise, exposure, size, &mask, window)?;
        let noise = noise.correlated(correlation.as_ref(), window)?;
        let values = image.pixels.iter().zip(mask.used()).filter(|(_, used)| **used).map(|(value, _)| *value).collect();
        let (background, background_rms, peak) = levels(values);
        let psf_sum = psf.as_ref().map(Psf::raw_sum);
        let report =
            DataReport { size, window, mask: mask.counts(), psf_sum, background, background_rms, peak, median_sigma };
        image.pixels.iter_mut().zip(mask.used()).filter(|(_, used)| !**used).for_each(|(value, _)| *value = 0.0);
        let pixels = window.crop(&image.pixels, size.0);
        let image = Image { width: window.width, height: window.height, pixels };
        let adaptive = self.supersampling.is_none();
        Ok(ImageData { image, noise, psf, grid, adaptive, mask, report })
    }

    /// The PSF without what is wider or higher than the image, which is said: it would blur the light of places that are not modelled.
    fn fitting(&self, psf: Psf, (width, height): (usize, usize)) -> Result<Psf> {
        let odd = |pixels: usize| (pixels * self.psf_supersampling).saturating_sub(1) | 1;
        let fits = (odd(width).min(psf.width()), odd(height).min(psf.height()));
        if fits == (psf.width(), psf.height()) {
            return Ok(psf);
        }
        let (wide, high) = (psf.width(), psf.height());
        let (cropped, lost) = psf.cropped(fits)?;
        tracing::warn!(
            "{}the PSF of {wide} x {high} pixels is larger than the image; it is cropped to {} x {}, which leaves out {:.2} % of its flux",
            self.said(),
            fits.0,
            fits.1,
            100.0 * lost
        );
        Ok(cropped)
    }

    /// The noise and its median over the used pixels.
    fn noise(
        &self,
        map: Option<Image>,
        exposure: Option<Image>,
        size: (usize, usize),
        mask: &Mask,
        window: Window,
    ) -> Result<(Noise, f64)> {
        if let Some(map) = map {
            let noise = SigmaMap::new(&map.pixels, size, mask, window).map_err(|error| {
                match &self.noise.as_ref().or(self.inverse_variance.as_ref()) {
                    Some(path) => error.in_file(path),
                    None => error,
                }
            })?;
            let used = map.pixels.iter().zip(mask.used()).filter(|(_, used)| **used).map(|(sigma, _)| *sigma);
            return Ok((Noise::Sigma(noise), f64::from(quantile(&mut used.collect::<Vec<_>>(), 0.5))));
        }
        let Some(rms) = self.background_rms else {
            let hint = "or else `background_rms`, best with `exposure_time`";
            return Err(Error::MissingKey { place: "`data`".to_owned(), key: "noise", hint });
        };
        if let Some(map) = exposure {
            let noise = Background::with_map(rms, &map.pixels, size, mask, window);
            return Ok((Noise::Background(noise?), rms));
        }
        if let Some(exposure) = self.exposure_time {
            return Ok((Noise::Background(Background::new(rms, exposure, size, mask, window)?), rms));
        }
        if !(rms > 0.0 && rms < 1e7) {
            return Err(Error::OutOfRange { what: "background_rms", value: rms, allowed: "positive and below 1e7" });
        }
        let sigma = vec![rms as f32; size.0 * size.1];
        Ok((Noise::Sigma(SigmaMap::new(&sigma, size, mask, window)?), rms))
    }
}
