//! Observation: image, noise and PSF of the standard as the `data` of a system file, and back.

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::exchange::entry::Entry;

/// How far a field of view may be off the centre, in pixels.
const CENTRED: f64 = 1e-6;

/// The data that a file of the standard names; their paths lie beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Arcsec per pixel.
    pub pixel_scale: f64,
    /// The image.
    pub image: Option<String>,
    /// Its noise.
    pub noise: Option<NoiseFile>,
    /// Its PSF.
    pub psf: Option<PsfFile>,
    /// Pixels to use: 1, and 0 elsewhere.
    pub mask: Option<String>,
}

/// The noise of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseFile {
    /// A standard deviation for each pixel.
    Map(String),
    /// One for all.
    Uniform(f64),
}

/// A PSF.
#[derive(Debug, Clone, PartialEq)]
pub enum PsfFile {
    /// An image, and its width and height, of pixels so many times finer than those of the image.
    Pixels(String, (usize, usize), usize),
    /// A Gaussian of this full width at half maximum, arcsec.
    Gaussian(f64),
}

/// The `data` of a system file; notes say what is left out.
pub(super) fn read(file: &Entry<'_>, scale: f64, notes: &mut Vec<String>) -> Result<Json> {
    let observation = file.need("observation", "the image and its noise")?;
    let mut data = Map::new();
    data.insert("pixel_scale".to_owned(), json!(scale));
    if let Some(pixels) = observation.get("pixels")? {
        centred(&pixels, scale)?;
        match path(&pixels)? {
            Some(image) => drop(data.insert("image".to_owned(), json!(image))),
            None => {
                let count = |key| pixels.get(key)?.map_or(Ok(0.0), |n| n.number());
                let size = [count("num_pix_x")? as u64, count("num_pix_y")? as u64];
                if size.iter().all(|n| *n > 0) {
                    data.insert("size".to_owned(), json!(size));
                }
            }
        }
    }
    if let Some(noise) = observation.get("noise")?
        && let Some(kind) = noise.get("type")?
    {
        match kind.text()? {
            "UniformGaussianNoise" => {
                let rms = noise.need("std_dev", "the standard deviation")?.number()?;
                data.insert("background_rms".to_owned(), json!(rms));
            }
            "NoiseMap" => {
                if let Some(map) = noise.get("noise_map")?
                    && let Some(map) = path(&map)?
                {
                    data.insert("noise".to_owned(), json!(map));
                }
            }
            other => notes.push(format!("the noise, {other}, has no counterpart: give `noise` or `background_rms`")),
        }
    }
    psf(file, scale, &mut data, notes)?;
    for likelihood in file.list_of("likelihoods")? {
        if let Some(mask) = likelihood.get("mask")?
            && let Some(mask) = path(&mask)?
        {
            data.insert("mask".to_owned(), json!(mask));
        }
    }
    Ok(Json::Object(data))
}

fn psf(file: &Entry<'_>, scale: f64, data: &mut Map<String, Json>, notes: &mut Vec<String>) -> Result<()> {
    let Some(psf) = file.need("instrument", "its `pixel_size`")?.get("psf")? else { return Ok(()) };
    let Some(kind) = psf.get("type")? else { return Ok(()) };
    match kind.text()? {
        "GaussianPSF" => {
            // In units of a pixel.
            let fwhm = psf.need("fwhm", "full width at half maximum in pixels")?.number()? * scale;
            if fwhm > 0.0 {
                data.insert("psf_fwhm".to_owned(), json!(fwhm));
            }
        }
        "PixelatedPSF" => {
            let Some(pixels) = psf.get("pixels")? else { return Ok(()) };
            let Some(image) = path(&pixels)? else { return Ok(()) };
            data.insert("psf".to_owned(), json!(image));
            if let (Some(view), Some(count)) = (pixels.get("field_of_view_x")?, pixels.get("num_pix_x")?) {
                let [left, right] = view.pair()?;
                let ratio = scale * count.number()? / (right - left).abs();
                let finer = ratio.round();
                if ratio.is_finite() && (ratio - finer).abs() > 1e-3 * ratio {
                    let expected = format!("pixels a whole number of times finer than the image's, not {ratio:.4}");
                    return Err(Error::WrongForm { place: pixels.place, expected });
                }
                if finer > 1.0 {
                    data.insert("psf_supersampling".to_owned(), json!(finer as u64));
                }
            }
        }
        other => notes.push(format!("the PSF, {other}, has no counterpart: give `psf` or `psf_fwhm`")),
    }
    Ok(())
}

/// The file that a grid is in.
fn path<'a>(grid: &Entry<'a>) -> Result<Option<&'a str>> {
    let Some(file) = grid.get("fits_file")? else { return Ok(None) };
    file.get("path")?.map(|path| path.text()).transpose()
}

/// The origin must be the centre of the image, and x run to the right.
fn centred(pixels: &Entry<'_>, scale: f64) -> Result<()> {
    for key in ["field_of_view_x", "field_of_view_y"] {
        let Some(view) = pixels.get(key)? else { continue };
        let [low, high] = view.pair()?;
        if (low + high).abs() > 2.0 * CENTRED * scale || low > high {
            let expected = format!(
                "a field of view from -w / 2 to w / 2, about the centre of the image, where the origin of a system file is; not {low} to \
                 {high}"
            );
            return Err(Error::WrongForm { place: view.place, expected });
        }
    }
    Ok(())
}

impl Observation {
    fn grid(path: Option<&str>, size: (usize, usize), scale: f64) -> Json {
        let half = |n: usize| 0.5 * n as f64 * scale;
        json!({
            "field_of_view_x": [-half(size.0), half(size.0)], "field_of_view_y": [-half(size.1), half(size.1)],
            "fits_file": { "path": path }, "num_pix_x": size.0, "num_pix_y": size.1
        })
    }

    pub(super) fn observation(&self) -> Json {
        let noise = match &self.noise {
            None => json!({ "type": null }),
            Some(NoiseFile::Uniform(rms)) => json!({ "type": "UniformGaussianNoise", "std_dev": rms }),
            Some(NoiseFile::Map(path)) => {
                json!({ "type": "NoiseMap", "noise_map": Self::grid(Some(path), self.size, self.pixel_scale) })
            }
        };
        json!({
            "exposure_time": null, "mag_sky_brightness": null, "mag_zero_point": null, "noise": noise,
            "pixels": Self::grid(self.image.as_deref(), self.size, self.pixel_scale)
        })
    }

    pub(super) fn instrument(&self) -> Json {
        let psf = match &self.psf {
            None => json!({ "type": null, "description": null }),
            Some(PsfFile::Gaussian(fwhm)) => {
                json!({ "type": "GaussianPSF", "description": null, "fwhm": fwhm / self.pixel_scale })
            }
            Some(PsfFile::Pixels(path, size, finer)) => {
                let pixels = Self::grid(Some(path), *size, self.pixel_scale / *finer as f64);
                json!({ "type": "PixelatedPSF", "description": null, "pixels": pixels })
            }
        };
        json!({ "band": "", "name": "", "pixel_size": self.pixel_scale, "psf": psf, "readout_noise": 0.0 })
    }

    pub(super) fn likelihoods(&self) -> Json {
        let mask = |path: &String| {
            let mask = Self::grid(Some(path), self.size, self.pixel_scale);
            json!([{ "type": "ImagingDataLikelihood", "mask": mask }])
        };
        self.mask.as_ref().map_or(Json::Null, mask)
    }
}
