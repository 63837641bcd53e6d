//! A stamp: one galaxy as a telescope's catalogue has it, before any preparation.

use std::sync::Arc;

use lens_models::fits::Image;

/// One galaxy cut out of a survey's image, sky subtracted.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Number in its catalogue (IDENT), or of the simulated galaxy.
    pub ident: i64,
    /// Surface brightness a pixel, in any unit.
    pub image: Image,
    /// Standard deviation of the noise of one pixel, in the unit of the image.
    pub sigma_noise: f64,
    /// How the noise of neighbouring pixels goes together: an image of odd sides, 1 at its centre, that holds the correlation
    /// coefficient at each offset; `None` for white noise.
    pub correlation: Option<Arc<Image>>,
    /// Arcsec a pixel.
    pub pixel_scale: f64,
    /// What is known of the galaxy's Sersic fit.
    pub sersic: SersicFit,
}

/// The state of the Sersic fit of a galaxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SersicFit {
    /// The fit converged on allowed parameters, or the galaxy needs none.
    Good,
    /// The fit did not converge.
    Failed,
    /// The fit ended on parameters that no galaxy has.
    Unphysical,
    /// The catalogue has no fits.
    Absent,
}
