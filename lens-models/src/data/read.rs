//! Reading the files of a `data` entry from disk.

use std::path::Path;

use super::ImageData;
use super::assemble::Inputs;
use super::files::DataFiles;
use crate::error::{Error, Result};
use crate::fits::Image;
use crate::image_file::{read_header, read_image};
use crate::mask::MASKED_NOISE;
use crate::noise::{Correlation, Patch};
use crate::psf::{FWHM_PER_SIGMA, Psf};
use crate::regions;

/// What `noise_reach` is where it is not given.
const REACH: usize = 2;

impl DataFiles {
    /// Reads and checks everything; `folder` is the one of the system file.
    ///
    /// NaN pixels are masked, and their number said as a warning.
    ///
    /// # Errors
    /// The file that is missing, truncated or damaged; both shapes of images that do not match; a PSF that is even-sized
    /// or cannot be normalised; zero or negative noise in a used pixel; a mask that leaves nothing; keys that conflict.
    pub fn read(&self, folder: impl AsRef<Path>) -> Result<ImageData> {
        let folder = folder.as_ref();
        self.check_keys()?;
        let missing =
            || Error::MissingKey { place: "`data`".to_owned(), key: "image", hint: "the path of a FITS or .npy image" };
        let path = folder.join(self.image.as_ref().ok_or_else(missing)?);
        let image = read_image(&path)?;
        let files = self.with_scale_of(&path)?;
        let (noise, exposure, psf) = (files.read_noise(folder)?, files.read_exposure(folder)?, files.read_psf(folder)?);
        let mask = match &self.mask {
            Some(path) if regions::is_region(path) => Some(regions::read(&folder.join(path), image.size())?),
            path => path.as_ref().map(|path| read_image(folder.join(path))).transpose()?,
        };
        let correlation = files.read_correlation(folder)?;
        files.assemble(Inputs { image, noise, exposure, correlation, psf, mask })
    }

    /// The map of the noise, if there is one.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn read_noise(&self, folder: &Path) -> Result<Option<Image>> {
        if let Some(path) = &self.inverse_variance {
            let mut map = read_image(folder.join(path))?;
            // A negative variance stays NaN: it masks the pixel, as 0 does.
            map.pixels.iter_mut().for_each(|w| *w = if *w == 0.0 { f32::INFINITY } else { 1.0 / w.sqrt() });
            return Ok(Some(map));
        }
        self.noise.as_ref().map(|path| read_image(folder.join(path))).transpose()
    }

    /// The correlation of the noise, if there is a file of it.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn read_correlation(&self, folder: &Path) -> Result<Option<Correlation>> {
        let Some(path) = self.noise_correlation.as_ref().map(|path| folder.join(path)) else { return Ok(None) };
        Correlation::new(&read_image(&path)?).map(Some).map_err(|error| error.in_file(&path))
    }

    /// The same, or that of the patch of the image that the files name.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub(crate) fn find_correlation(&self, folder: &Path, noise: Option<&Image>) -> Result<Option<Correlation>> {
        let (Some(patch), Some(image)) = (self.noise_patch, &self.image) else { return self.read_correlation(folder) };
        self.measured(&read_image(folder.join(image))?, noise, patch).map(Some)
    }

    /// The correlation in a patch of the image. That the pixels scatter more there than their noise says is a warning.
    pub(super) fn measured(&self, image: &Image, noise: Option<&Image>, patch: Patch) -> Result<Correlation> {
        let rms = self.background_rms.unwrap_or(f64::NAN);
        let sigma = |i: usize| match noise.map(|map| f64::from(map.pixels[i])) {
            Some(sigma) if sigma < f64::from(MASKED_NOISE) => sigma,
            Some(_) => f64::NAN,
            None => rms,
        };
        let (correlation, scatter) = Correlation::of_patch(image, sigma, patch, self.noise_reach.unwrap_or(REACH))?;
        let near = correlation.at(1, 0).max(correlation.at(0, 1));
        tracing::info!(
            "noise_patch: the correlation of neighbours is {near:.3}, the scatter {scatter:.3} of the noise"
        );
        if (scatter - 1.0).abs() > 0.1 {
            tracing::warn!(
                "{}the pixels of noise_patch scatter {scatter:.2} times as much as their noise says; the noise is taken as it is given",
                self.said()
            );
        }
        Ok(correlation)
    }

    /// The map of the exposure, if there is one.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn read_exposure(&self, folder: &Path) -> Result<Option<Image>> {
        self.exposure_map.as_ref().map(|path| read_image(folder.join(path))).transpose()
    }

    /// The same with the pixel scale that the header of the image has, where none is given; one that differs is a warning.
    fn with_scale_of(&self, image: &Path) -> Result<Self> {
        let header = read_header(image)?.and_then(|header| header.pixel_scale());
        if let (Some(given), Some(header)) = (self.pixel_scale, header)
            && (given / header - 1.0).abs() > 1e-3
        {
            let name = image.display();
            tracing::warn!(
                "{}pixel_scale is {given} arcsec, but the header of {name} says {header:.5}; {given} is taken",
                self.said()
            );
        }
        Ok(Self { pixel_scale: self.pixel_scale.or(header), ..self.clone() })
    }

    /// The PSF alone.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn read_psf(&self, folder: &Path) -> Result<Option<Psf>> {
        if let Some(path) = &self.psf {
            let path = folder.join(path);
            return Psf::of_band(read_image(&path)?, &self.said()).map(Some).map_err(|error| error.in_file(&path));
        }
        let Some(fwhm) = self.psf_fwhm else { return Ok(None) };
        if !(fwhm > 0.0 && fwhm.is_finite()) {
            return Err(Error::OutOfRange { what: "psf_fwhm", value: fwhm, allowed: "a positive number of arcsec" });
        }
        let (sigma, scale) = (fwhm / FWHM_PER_SIGMA, self.scale()? / self.psf_supersampling.max(1) as f64);
        Psf::gaussian(sigma, scale, Psf::gaussian_size(sigma, scale)).map(Some)
    }
}
