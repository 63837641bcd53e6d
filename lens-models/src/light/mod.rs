//! Light profiles: the trait and the list of them.
//!
//! Positions are in arcsec, x to the right and y upwards; brightness has the unit of the profile's amplitude.

#[cfg(test)]
mod battery;
mod formula;
mod sersic;
mod sersic_index;

pub use sersic::{Sersic, SersicLenstronomyBn};
pub use sersic_index::{BnWithSlope, sersic_bn, sersic_bn_lenstronomy};

use crate::parameter::Parameter;

/// The derivatives of a brightness at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct BrightnessGradient {
    /// With respect to each parameter, in the order of [`LightProfile::parameters`].
    pub params: Vec<f64>,
    /// With respect to the position.
    pub position: [f64; 2],
}

/// Something that shines, in the plane of the lens or of the source.
///
/// `params` has as many numbers as `parameters()` has entries, in that order; all slices over points have one length.
/// The slice methods run on one thread: a caller splits its slices. A radius, an
/// index or an ellipticity for which the formula has no meaning gives NaN.
pub trait LightProfile: Send + Sync {
    /// Its name in a system file.
    fn name(&self) -> &'static str;

    /// What its numbers are called and mean.
    fn parameters(&self) -> &'static [Parameter];

    /// Adds the surface brightness at each point (x, y) to `out`; accurate to about 1e-5 of it.
    fn brightness(&self, params: &[f64], x: &[f32], y: &[f32], out: &mut [f32]);

    /// Adds sum_i g_i dI_i/dp to `dparams` for every parameter p, and g_i dI_i/dx_i, g_i dI_i/dy_i to `dx`, `dy`.
    ///
    /// `dx` and `dy` may both be empty when nobody wants them. The order of summation is fixed by the slice, so that
    /// equal input gives equal bits.
    #[allow(clippy::too_many_arguments, reason = "one slice for each quantity at the points")]
    fn brightness_vjp(
        &self,
        params: &[f64],
        x: &[f32],
        y: &[f32],
        g: &[f32],
        dparams: &mut [f64],
        dx: &mut [f32],
        dy: &mut [f32],
    );

    /// The surface brightness at one point, in f64.
    fn point(&self, params: &[f64], x: f64, y: f64) -> f64;

    /// The derivatives of the surface brightness at one point, in f64.
    fn point_gradient(&self, params: &[f64], x: f64, y: f64) -> BrightnessGradient;
}

/// All light profiles.
static ALL: [&'static dyn LightProfile; 2] = [&Sersic, &SersicLenstronomyBn];

/// The profile of that name.
///
/// ```
/// let sersic = lens_models::light::by_name("sersic").expect("a profile of this crate");
/// let at_half_light_radius = sersic.point(&[3.0, 0.5, 4.0, 0.0, 0.0, 0.0, 0.0], 0.3, 0.4);
/// assert!((at_half_light_radius - 3.0).abs() < 1e-12);
/// ```
pub fn by_name(name: &str) -> Option<&'static dyn LightProfile> {
    ALL.into_iter().find(|profile| profile.name() == name)
}

/// The names of all light profiles.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|profile| profile.name())
}
