//! The `data` entry of a system file: its keys, and which of them go together.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::noise::Patch;

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
    /// pixels is the mean of the PSF over it; where light is averaged over them too, they are taken out of it once
    /// ([`Psf::of_means`](crate::psf::Psf::of_means)).
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

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
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

    pub(super) fn scale(&self) -> Result<f64> {
        self.pixel_scale.ok_or_else(|| Error::MissingKey {
            place: "`data`".to_owned(),
            key: "pixel_scale",
            hint: "arcsec per pixel, as the header of the image does not say it",
        })
    }

    /// What a warning about it begins with: its name, where there are several.
    pub(super) fn said(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("band `{name}`: "))
    }

    pub(super) fn check_keys(&self) -> Result<()> {
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

    pub(super) fn check_sampling(&self) -> Result<()> {
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
}
