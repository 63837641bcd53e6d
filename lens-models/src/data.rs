//! The data of one lens: image, noise, PSF and mask, read, checked and cut to what has to be modelled.

mod assemble;
mod files;
mod read;
mod report;

pub use assemble::Inputs;
pub(crate) use assemble::check_size;
pub use files::DataFiles;
pub use report::DataReport;

use crate::error::Result;
use crate::fits::Image;
use crate::grid::Grid;
use crate::mask::Mask;
use crate::noise::{Noise, SigmaMap};
use crate::psf::Psf;
use crate::registration::Registration;
use crate::sampling::Sampling;

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
