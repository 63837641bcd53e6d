//! The data of one lens: image, noise, PSF and mask, read, checked and cut to what has to be modelled.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fits::Image;
use crate::grid::{Grid, Window};
use crate::image_file::{read_header, read_image};
use crate::mask::{MASKED_NOISE, Mask, MaskCounts};
use crate::noise::{Background, Correlation, Noise, Patch, SigmaMap};
use crate::psf::{FWHM_PER_SIGMA, Psf};
use crate::regions;
use crate::registration::Registration;
use crate::sampling::Sampling;

/// The `data` entry of a system file. Paths are relative to the folder of that file; images are FITS or `.npy`, in surface
/// brightness per pixel, taken as they are.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFiles {
    /// What an entry is called where there are several: a band, or an exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The image. Absent in a system that is only simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
    /// Width and height in pixels, for a system that is only simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(usize, usize)>,
    /// Standard deviation of each pixel; 1e7 or more, or NaN, masks it. Or else `inverse_variance` or `background_rms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<PathBuf>,
    /// One over the variance of each pixel; 0 masks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse_variance: Option<PathBuf>,
    /// The PSF, odd sizes, on the pixels of the image or on finer ones: `psf_supersampling`. Or else `psf_fwhm`, or neither for an
    /// image without blur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psf: Option<PathBuf>,
    /// Pixels to use: nonzero in an image, or the regions of a DS9 file, `.reg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<PathBuf>,
    /// Arcsec per pixel. Absent: what the header of the image says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_scale: Option<f64>,
    /// Sub-pixels along each side of a pixel at which light is evaluated. Absent: as many in each pixel as make the image right to a
    /// tenth of the noise, chosen by a fit or a simulation from its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersampling: Option<usize>,
    /// The PSF is on pixels this many times finer than those of the image, and blurs them before they are averaged; default 1. Each of its
    /// pixels is the mean of the PSF over it; where light is averaged over them too, they are taken out of it once ([`Psf::of_means`]).
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub psf_supersampling: usize,
    /// Pixels further than this from `mask_center`, in arcsec, are not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_radius: Option<f64>,
    /// (x, y) in arcsec of the centre of `mask_radius`; default that of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_center: Option<(f64, f64)>,
    /// Standard deviation of the background, in the units of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_rms: Option<f64>,
    /// With `background_rms`: adds photon noise, variance model / exposure_time. Absent: the background alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_time: Option<f64>,
    /// With `background_rms`: the exposure time of each pixel; 0 masks it. Or else `exposure_time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_map: Option<PathBuf>,
    /// The correlation of the noise by the distance of two pixels, odd sizes, 1 in its middle. Or else `noise_patch`, or neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_correlation: Option<PathBuf>,
    /// A rectangle of the image without light in which this correlation is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_patch: Option<Patch>,
    /// The largest distance in pixels at which it is; default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_reach: Option<usize>,
    /// Full width at half maximum of a Gaussian PSF, in arcsec; it is integrated over the pixels of `psf_supersampling`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psf_fwhm: Option<f64>,
}

/// What `noise_reach` is where it is not given.
const REACH: usize = 2;

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
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
    /// Whether nobody said how many sub-pixels there are to be, so that whoever knows the model chooses: the grid has one in each
    /// cell until then.
    pub adaptive: bool,
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
            Noise::Correlated(noise) => noise.map().inverse().to_vec(),
            Noise::Background(b) => {
                let inverse = |(share, m): (&f32, &f32)| {
                    if *share > 0.0 { 1.0 / b.sigma(*m, *share) as f32 } else { 0.0 }
                };
                b.shares().iter().zip(model).map(inverse).collect()
            }
        }
    }

    /// (data - model) / sigma of each pixel of the window; NaN where it is not used.
    pub fn residual(&self, model: &[f32]) -> Vec<f32> {
        let pixels = self.image.pixels.iter().zip(model).zip(self.inverse_sigma(model));
        pixels.map(|((d, m), w)| if w > 0.0 { (d - m) * w } else { f32::NAN }).collect()
    }

    /// The same data with other sub-pixels, which are not to be chosen again.
    ///
    /// # Panics
    /// If the sampling is of another number of cells than the grid has.
    #[must_use]
    pub fn resampled(&self, sampling: Sampling) -> Self {
        Self { grid: self.grid.with_sampling(sampling), adaptive: false, ..self.clone() }
    }

    /// The same data seen at one point a pixel, through a PSF on whole pixels: for a look, at a fraction of the cost.
    ///
    /// # Errors
    /// As [`Psf::new`].
    pub fn coarse(&self) -> Result<Self> {
        let cells = self.grid.cells();
        let psf = self.psf.as_ref().map(|psf| psf.on_wider_pixels(cells)).transpose()?;
        let grid = self.grid.clone().with_cells(1).with_sampling(Sampling::Uniform(1));
        Ok(Self { psf, grid, adaptive: false, ..self.clone() })
    }

    /// The same data with their pixels at other places on the sky.
    #[must_use]
    pub fn registered(&self, registration: Registration) -> Self {
        Self { grid: self.grid.registered(registration), ..self.clone() }
    }

    /// The same data with other weights: 1 / sigma of each pixel of the window, 0 to leave it out; without correlation.
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
    /// Those of its keys that are paths.
    pub const PATHS: &[&str] =
        &["image", "noise", "inverse_variance", "exposure_map", "noise_correlation", "psf", "mask"];

    /// The files that they name, in this order.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let DataFiles { image, noise, inverse_variance, exposure_map, noise_correlation, psf, mask, .. } = self;
        [image, noise, inverse_variance, exposure_map, noise_correlation, psf, mask].into_iter().flatten()
    }

    /// The keys of the `data` entry.
    pub const KEYS: &[&str] = &[
        "image",
        "noise",
        "inverse_variance",
        "psf",
        "mask",
        "pixel_scale",
        "supersampling",
        "psf_supersampling",
        "mask_radius",
        "mask_center",
        "background_rms",
        "exposure_time",
        "exposure_map",
        "noise_correlation",
        "noise_patch",
        "noise_reach",
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
        let means = cells > 1 && self.supersampling.is_none_or(|k| k > cells);
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
    fn measured(&self, image: &Image, noise: Option<&Image>, patch: Patch) -> Result<Correlation> {
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

    fn scale(&self) -> Result<f64> {
        self.pixel_scale.ok_or_else(|| Error::MissingKey {
            place: "`data`".to_owned(),
            key: "pixel_scale",
            hint: "arcsec per pixel, as the header of the image does not say it",
        })
    }

    /// What a warning about it begins with: its name, where there are several.
    fn said(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("band `{name}`: "))
    }

    fn check_keys(&self) -> Result<()> {
        let place = || "`data`".to_owned();
        let conflicts = [
            ("noise", self.noise.is_some(), "background_rms", self.background_rms.is_some()),
            ("noise", self.noise.is_some(), "inverse_variance", self.inverse_variance.is_some()),
            ("inverse_variance", self.inverse_variance.is_some(), "background_rms", self.background_rms.is_some()),
            ("noise", self.noise.is_some(), "exposure_time", self.exposure_time.is_some()),
            ("noise", self.noise.is_some(), "exposure_map", self.exposure_map.is_some()),
            ("inverse_variance", self.inverse_variance.is_some(), "exposure_map", self.exposure_map.is_some()),
            ("exposure_time", self.exposure_time.is_some(), "exposure_map", self.exposure_map.is_some()),
            ("psf", self.psf.is_some(), "psf_fwhm", self.psf_fwhm.is_some()),
            ("noise_correlation", self.noise_correlation.is_some(), "noise_patch", self.noise_patch.is_some()),
        ];
        for (first, one, second, other) in conflicts {
            if one && other {
                return Err(Error::ConflictingKeys { place: place(), first, second });
            }
        }
        if self.noise_reach.is_some() && self.noise_patch.is_none() {
            let hint = "as `noise_reach` says how far in it the correlation is measured";
            return Err(Error::MissingKey { place: place(), key: "noise_patch", hint });
        }
        if self.noise.is_none() && self.inverse_variance.is_none() && self.background_rms.is_none() {
            let hint = "or else `background_rms`, best with `exposure_time`";
            return Err(Error::MissingKey { place: place(), key: "noise", hint });
        }
        Ok(())
    }

    fn check_sampling(&self) -> Result<()> {
        let (cells, range) = (self.psf_supersampling, 1..=16);
        let refused = |what, value: usize, allowed| Err(Error::OutOfRange { what, value: value as f64, allowed });
        match self.supersampling {
            _ if !range.contains(&cells) => refused("psf_supersampling", cells, "a whole number from 1 to 16"),
            Some(k) if !range.contains(&k) => refused("supersampling", k, "a whole number from 1 to 16"),
            Some(k) if k % cells > 0 => refused("supersampling", k, "a multiple of psf_supersampling"),
            _ => Ok(()),
        }
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
            return Psf::of_band(read_image(&path)?, &self.said()).map(Some).map_err(|error| error.in_file(&path));
        }
        let Some(fwhm) = self.psf_fwhm else { return Ok(None) };
        let (sigma, scale) = (fwhm / FWHM_PER_SIGMA, self.scale()? / self.psf_supersampling.max(1) as f64);
        Psf::gaussian(sigma, scale, Psf::gaussian_size(sigma, scale)).map(Some)
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
    fn every_key_of_a_path_is_one_of_the_paths() {
        let json: serde_json::Map<_, _> = DataFiles::PATHS.iter().map(|key| ((*key).into(), (*key).into())).collect();
        let files: DataFiles = serde_json::from_value(json.into()).unwrap();
        assert_eq!(files.paths().map(|path| path.to_str().unwrap()).collect::<Vec<_>>(), DataFiles::PATHS);
    }

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
