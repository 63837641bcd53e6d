//! All statistics of one galaxy, measured in one go.

use serde::{Deserialize, Serialize};

use super::noise::Noise;
use super::{asymmetry, concentration, gini, m20, petrosian, second_moments, segmentation, smoothness};
use crate::data::picture::Picture;
use crate::error::{Error, Result};

/// The light is summed within this many Petrosian radii (Conselice 2003; Lotz et al. 2004).
const EXTENT: f64 = 1.5;

/// Seven statistics of the image of a galaxy, its Petrosian radius and its centre.
///
/// All are as in Lotz, Primack & Madau 2004, AJ 128, 163 (doi:10.1086/421849), on circular apertures with exact overlap of circle and
/// pixel. The share of the noise in asymmetry and smoothness is subtracted with the standard deviation that is given and the correlation
/// that the sky about the galaxy has (white where there is next to no sky). What noise does to the rest is common to galaxies of the
/// same brightness in the same noise: compare like with like.
///
/// ```
/// # fn main() -> vae_source::Result<()> {
/// use vae_source::data::Morphology;
///
/// let gauss = |i: i32| (-0.5 * (((i % 48) as f32 - 23.0) / 5.0).powi(2) - 0.5 * (((i / 48) as f32 - 24.0) / 5.0).powi(2)).exp();
/// let pixels: Vec<f32> = (0..48 * 48).map(gauss).collect();
/// let galaxy = Morphology::measure(&pixels, 48, 48, 0.001)?;
/// // Half the light of a Gaussian is within 1.177 sigma.
/// assert!((galaxy.effective_radius - 5.0 * 1.177).abs() < 0.05 && galaxy.asymmetry.abs() < 0.01 && galaxy.axis_ratio > 0.99);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Morphology {
    /// C = 5 log10(r_80 / r_20), radii of circles that hold 80 % and 20 % of the light within 1.5 Petrosian radii.
    pub concentration: f64,
    /// A: light that changes place in a turn by 180 degrees about the centre where that is least, less that of the sky.
    pub asymmetry: f64,
    /// S: light that stands out of the image smoothed by a boxcar 0.25 Petrosian radii wide, less that of the sky.
    pub smoothness: f64,
    /// G of the pixels within the isophote of the Petrosian radius: 0 is even, 1 is all in one pixel.
    pub gini: f64,
    /// log10 of the share of the brightest fifth of the light in the second moment, of the same pixels.
    pub m20: f64,
    /// Radius of the circle that holds half the light within 1.5 Petrosian radii, in pixels.
    pub effective_radius: f64,
    /// q = b / a of the second moments within the segmentation.
    pub axis_ratio: f64,
    /// Where the surface brightness is 0.2 of its mean inside, in pixels; in an image that ends before, the largest circle inside it.
    pub petrosian_radius: f64,
    /// (x, y) of least asymmetry, in pixels; (0, 0) is the centre of the first pixel.
    pub center: (f64, f64),
}

impl Morphology {
    /// Measures the galaxy in the middle of an image, sky subtracted, of `height` rows of `width` pixels; `sigma` is the standard
    /// deviation of the noise of one pixel, in the unit of the image.
    ///
    /// # Errors
    /// [`Error::PixelCount`] and [`Error::NotFinite`] for an image that is none, [`Error::OutOfRange`] if `sigma` is not positive and
    /// finite, [`Error::NoGalaxy`] if nothing near the middle is brighter than the noise, [`Error::NoFlux`] if the flux of one of the
    /// regions is not positive.
    pub fn measure(pixels: &[f32], width: usize, height: usize, sigma: f64) -> Result<Self> {
        if !(sigma > 0.0 && sigma.is_finite()) {
            let (what, allowed) = ("the noise of a pixel", "positive and finite");
            return Err(Error::OutOfRange { what, value: sigma, allowed });
        }
        let picture = Picture::new(pixels, width, height)?;
        let none = |place| Error::NoFlux { place };

        let segment = segmentation::central(&picture, sigma)?;
        let centroid = second_moments::centroid(&segment).ok_or(none("segmentation"))?;
        let axis_ratio = second_moments::axis_ratio(&segment).ok_or(none("segmentation"))?;

        let noise = Noise::of(&picture, &segment, sigma);
        let first = petrosian::radius(&picture, centroid);
        let asymmetry = asymmetry::least(&picture, centroid, EXTENT * first, (0.25 * first).max(1.0), noise);
        let center = asymmetry.center;
        let petrosian_radius = petrosian::radius(&picture, center);
        let total = EXTENT * petrosian_radius;
        let radius = |fraction| {
            concentration::radius_of_fraction(&picture, center, total, fraction)
                .ok_or(none("circle of 1.5 Petrosian radii"))
        };

        let isophote = segmentation::petrosian(&picture, center, petrosian_radius);
        let fluxes: Vec<f64> = isophote.iter().map(|(_, _, flux)| *flux).collect();
        Ok(Self {
            concentration: concentration::concentration(radius(0.2)?, radius(0.8)?),
            asymmetry: asymmetry.value,
            smoothness: smoothness::smoothness(&picture, center, petrosian_radius, EXTENT, noise)
                .ok_or(none("ring of 0.25 to 1.5 Petrosian radii"))?,
            gini: gini::gini(&fluxes).ok_or(none("isophote of the Petrosian radius"))?,
            m20: m20::m20(&isophote).ok_or(none("isophote of the Petrosian radius"))?,
            effective_radius: radius(0.5)?,
            axis_ratio,
            petrosian_radius,
            center,
        })
    }
}
