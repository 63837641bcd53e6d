//! The data of one lens: image, noise, PSF and mask, read, checked and cut to what has to be modelled.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fits::Image;
use crate::grid::{Grid, Window};
use crate::mask::{Mask, MaskCounts};
use crate::noise::{Background, Noise, SigmaMap};
use crate::npy::read_any;
use crate::psf::{FWHM_PER_SIGMA, Psf};

/// The `data` entry of a system file. Paths are relative to the folder of that file; images are FITS or `.npy`, in surface
/// brightness per pixel, taken as they are.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFiles {
    /// The image. Absent in a system that is only simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
    /// Width and height in pixels, for a system that is only simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(usize, usize)>,
    /// Standard deviation of each pixel; 1e7 or more, or NaN, masks it. Or else `background_rms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<PathBuf>,
    /// The PSF, on the pixels of the image, odd sizes. Or else `psf_fwhm`, or neither for an image without blur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psf: Option<PathBuf>,
    /// Pixels to use: nonzero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<PathBuf>,
    /// Arcsec per pixel.
    pub pixel_scale: f64,
    /// Sub-pixels along each side of a pixel at which light is evaluated; default 1.
    #[serde(default = "one")]
    pub supersampling: usize,
    /// Pixels further than this from the centre, in arcsec, are not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_radius: Option<f64>,
    /// Standard deviation of the background, in the units of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_rms: Option<f64>,
    /// With `background_rms`: adds photon noise, variance model / exposure_time. Absent: the background alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_time: Option<f64>,
    /// Full width at half maximum of a Gaussian PSF, in arcsec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psf_fwhm: Option<f64>,
}

fn one() -> usize {
    1
}

/// What a likelihood needs, cut to the window that holds every used pixel and what the PSF scatters into it.
#[derive(Debug, Clone)]
pub struct ImageData {
    /// The image within the window; 0 in pixels that are not used.
    pub image: Image,
    /// The noise within the window.
    pub noise: Noise,
    /// The PSF, if the image is blurred.
    pub psf: Option<Psf>,
    /// Where the (sub-)pixels of the window are.
    pub grid: Grid,
    /// Used pixels of the *full* image.
    pub mask: Mask,
    /// What was read and excluded.
    pub report: DataReport,
}

impl ImageData {
    /// 1 / sigma of each pixel of the window where the model image is `model`; 0 where it is not used.
    pub fn inverse_sigma(&self, model: &[f32]) -> Vec<f32> {
        match &self.noise {
            Noise::Sigma(map) => map.inverse().to_vec(),
            Noise::Background(b) => {
                let sigma = |m: f32| (b.rms().powi(2) + f64::from(m.max(0.0)) / b.exposure()).sqrt() as f32;
                b.used().iter().zip(model).map(|(used, m)| if *used > 0.0 { 1.0 / sigma(*m) } else { 0.0 }).collect()
            }
        }
    }

    /// (data - model) / sigma of each pixel of the window; NaN where it is not used.
    pub fn residual(&self, model: &[f32]) -> Vec<f32> {
        let pixels = self.image.pixels.iter().zip(model).zip(self.inverse_sigma(model));
        pixels.map(|((d, m), w)| if w > 0.0 { (d - m) * w } else { f32::NAN }).collect()
    }

    /// The same data with other weights: 1 / sigma of each pixel of the window, 0 to leave it out.
    #[must_use]
    pub fn reweighted(&self, inverse_sigma: Vec<f32>) -> Self {
        Self { noise: Noise::Sigma(SigmaMap::from_inverse(inverse_sigma)), ..self.clone() }
    }
}

/// What a person should know of the data that were read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DataReport {
    /// (width, height) of the full image.
    pub size: (usize, usize),
    /// The part that is modelled.
    pub window: Window,
    /// Pixels excluded by each rule.
    pub mask: MaskCounts,
    /// The sum of the PSF before it was normalised.
    pub psf_sum: Option<f64>,
    /// Median of the used pixels: mostly sky.
    pub background: f64,
    /// 1.4826 times the median absolute deviation of the used pixels from it: an upper estimate of the sky noise.
    pub background_rms: f64,
    /// Robust maximum: 0.1 % of the used pixels (at least two) are brighter, so that a few bad pixels do not count.
    pub peak: f64,
    /// Median noise of the used pixels.
    pub median_sigma: f64,
}

impl std::fmt::Display for DataReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MaskCounts { total, used, not_finite, noise, radius, file } = self.mask;
        let Window { x0, y0, width, height } = self.window;
        write!(f, "image {} x {}: {used} of {total} pixels used", self.size.0, self.size.1)?;
        let reasons = [("NaN", not_finite), ("noise map", noise), ("mask_radius", radius), ("mask file", file)];
        let shown: Vec<String> =
            reasons.iter().filter(|(_, n)| *n > 0).map(|(why, n)| format!("{n} by {why}")).collect();
        if !shown.is_empty() {
            write!(f, " (masked: {})", shown.join(", "))?;
        }
        write!(f, "; modelled window {width} x {height} at ({x0}, {y0})")?;
        write!(f, "; peak {:.4}, background {:.4}, median noise {:.4}", self.peak, self.background, self.median_sigma)
    }
}

impl DataFiles {
    /// The keys of the `data` entry.
    pub const KEYS: &[&str] = &[
        "image",
        "noise",
        "psf",
        "mask",
        "pixel_scale",
        "supersampling",
        "mask_radius",
        "background_rms",
        "exposure_time",
        "psf_fwhm",
        "size",
    ];

    /// Reads and checks everything; `folder` is the one of the system file.
    ///
    /// NaN pixels are masked, and their number said as a warning.
    ///
    /// # Errors
    /// The file that is missing, truncated or damaged; both shapes of images that do not match; a PSF that is even-sized
    /// or cannot be normalised; zero or negative noise in a used pixel; a mask that leaves nothing; keys that conflict.
    pub fn read(&self, folder: impl AsRef<Path>) -> Result<ImageData> {
        let folder = folder.as_ref();
        let open = |path: &Option<PathBuf>| path.as_ref().map(|path| read_any(folder.join(path))).transpose();
        self.check_keys()?;
        let missing =
            || Error::MissingKey { place: "`data`".to_owned(), key: "image", hint: "the path of a FITS or .npy image" };
        let image = read_any(folder.join(self.image.as_ref().ok_or_else(missing)?))?;
        let (noise, psf, mask) = (open(&self.noise)?, self.read_psf(folder)?, open(&self.mask)?);
        let inputs = Inputs { image, noise, psf, mask };
        self.assemble(inputs)
    }

    /// [`DataFiles::read`] with images that are already in memory; the paths are not looked at.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn assemble(&self, inputs: Inputs) -> Result<ImageData> {
        let Inputs { mut image, noise, psf, mask: mask_image } = inputs;
        let size = image.size();
        let full = Grid::new(size.0, size.1, self.pixel_scale, 1)?;
        let mut mask = Mask::all(size.0, size.1);
        mask.exclude_not_finite(&image)?;
        noise.as_ref().map_or(Ok(()), |noise| mask.exclude_noise(noise))?;
        mask_image.as_ref().map_or(Ok(()), |file| mask.exclude_zero(file))?;
        self.mask_radius.map_or(Ok(()), |radius| mask.exclude_outside(radius, full.pixel_scale()))?;
        let count = mask.counts().not_finite;
        if count > 0 {
            let name = self.image.as_ref().map_or_else(|| "the image".into(), |p| p.display().to_string());
            tracing::warn!(count, "{count} pixels of {name} are not finite; they are masked");
        }
        let (half_width, half_height) = psf.as_ref().map_or((0, 0), Psf::half_size);
        let window = mask.window(half_width, half_height)?;
        let grid = Grid::windowed(size.0, size.1, self.pixel_scale, self.supersampling, window)?;
        let (noise, median_sigma) = self.noise(noise, size, &mask, window)?;
        let values = image.pixels.iter().zip(mask.used()).filter(|(_, used)| **used).map(|(value, _)| *value).collect();
        let (background, background_rms, peak) = levels(values);
        let psf_sum = psf.as_ref().map(Psf::raw_sum);
        let report =
            DataReport { size, window, mask: mask.counts(), psf_sum, background, background_rms, peak, median_sigma };
        image.pixels.iter_mut().zip(mask.used()).filter(|(_, used)| !**used).for_each(|(value, _)| *value = 0.0);
        let pixels = window.crop(&image.pixels, size.0);
        let image = Image { width: window.width, height: window.height, pixels };
        Ok(ImageData { image, noise, psf, grid, mask, report })
    }

    fn check_keys(&self) -> Result<()> {
        let place = || "`data`".to_owned();
        let conflicts = [
            ("noise", self.noise.is_some(), "background_rms", self.background_rms.is_some()),
            ("noise", self.noise.is_some(), "exposure_time", self.exposure_time.is_some()),
            ("psf", self.psf.is_some(), "psf_fwhm", self.psf_fwhm.is_some()),
        ];
        for (first, one, second, other) in conflicts {
            if one && other {
                return Err(Error::ConflictingKeys { place: place(), first, second });
            }
        }
        if self.noise.is_none() && self.background_rms.is_none() {
            let hint = "or else `background_rms`, best with `exposure_time`";
            return Err(Error::MissingKey { place: place(), key: "noise", hint });
        }
        Ok(())
    }

    /// The same without a mask: every pixel is modelled.
    #[must_use]
    pub(crate) fn clone_without_mask(&self) -> Self {
        DataFiles { mask: None, mask_radius: None, ..self.clone() }
    }

    /// The PSF alone.
    ///
    /// # Errors
    /// As [`DataFiles::read`].
    pub fn read_psf(&self, folder: &Path) -> Result<Option<Psf>> {
        if let Some(path) = &self.psf {
            let path = folder.join(path);
            return Psf::new(read_any(&path)?).map(Some).map_err(|error| error.in_file(&path));
        }
        let Some(fwhm) = self.psf_fwhm else { return Ok(None) };
        let sigma = fwhm / FWHM_PER_SIGMA;
        Psf::gaussian(sigma, self.pixel_scale, Psf::gaussian_size(sigma, self.pixel_scale)).map(Some)
    }

    /// The noise and its median over the used pixels.
    fn noise(&self, map: Option<Image>, size: (usize, usize), mask: &Mask, window: Window) -> Result<(Noise, f64)> {
        if let Some(map) = map {
            let noise = SigmaMap::new(&map.pixels, size, mask, window).map_err(|error| match &self.noise {
                Some(path) => error.in_file(path),
                None => error,
            })?;
            let used = map.pixels.iter().zip(mask.used()).filter(|(_, used)| **used).map(|(sigma, _)| *sigma);
            return Ok((Noise::Sigma(noise), f64::from(quantile(&mut used.collect::<Vec<_>>(), 0.5))));
        }
        let Some(rms) = self.background_rms else {
            let hint = "or else `background_rms`, best with `exposure_time`";
            return Err(Error::MissingKey { place: "`data`".to_owned(), key: "noise", hint });
        };
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

/// The images of one lens, in memory; all but the PSF of one size.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The image.
    pub image: Image,
    /// Standard deviation of each pixel, if there is a map.
    pub noise: Option<Image>,
    /// The PSF.
    pub psf: Option<Psf>,
    /// Pixels to use: nonzero.
    pub mask: Option<Image>,
}

/// (median, 1.4826 MAD, robust maximum); zeros without values.
fn levels(mut values: Vec<f32>) -> (f64, f64, f64) {
    let background = quantile(&mut values, 0.5);
    // At least two pixels are taken to be bad, however small the image.
    let brighter = (values.len() / 1000).max(2).min(values.len().saturating_sub(1));
    let fraction = 1.0 - brighter as f64 / (values.len().max(2) - 1) as f64;
    let peak = quantile(&mut values, fraction);
    values.iter_mut().for_each(|value| *value = (*value - background).abs());
    // 1.4826 makes it the standard deviation of a Gaussian.
    (f64::from(background), 1.4826 * f64::from(quantile(&mut values, 0.5)), f64::from(peak))
}

/// The value at a fraction of the sorted list (nearest rank); 0 without values.
fn quantile(values: &mut [f32], fraction: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f64 * fraction).round() as usize;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_ignore_a_few_hot_pixels() {
        let mut values: Vec<f32> = (0..10_001).map(|i| i as f32).collect();
        values[17] = 1e9;
        let (background, rms, peak) = levels(values);
        assert_eq!(background, 5001.0);
        assert!((rms / (1.4826 * 2500.0) - 1.0).abs() < 1e-3);
        assert_eq!(peak, 9991.0);
        assert_eq!(levels(vec![]), (0.0, 0.0, 0.0));
        assert_eq!(levels(vec![3.0]).2, 3.0);
    }
}
