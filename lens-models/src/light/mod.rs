//! Light profiles: the trait and the list of them.
//!
//! Positions are in arcsec, x to the right and y upwards; brightness has the unit of the profile's amplitude.

#[cfg(test)]
mod battery;
mod core_sersic;
mod fixed_index;
#[doc(hidden)]
pub mod formula;
mod gaussian;
mod moffat;
mod sersic;
mod sersic_index;
mod shapelet;
mod uniform;

pub use core_sersic::CoreSersic;
pub use fixed_index::{DeVaucouleurs, Exponential};
pub use formula::Formula;
pub use gaussian::Gaussian;
pub use moffat::Moffat;
pub use sersic::{Sersic, SersicLenstronomyBn};
pub use sersic_index::{BnWithSlope, sersic_bn, sersic_bn_lenstronomy};
pub use shapelet::Shapelet;
pub use uniform::Uniform;

use crate::codegen::Kernel;
use crate::parameter::ProfileParameter;

/// The derivatives of a brightness at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct BrightnessGradient {
    /// With respect to each number of the parameters, in the order of [`LightProfile::parameters`].
    pub params: Vec<f64>,
    /// With respect to the position.
    pub position: [f64; 2],
}

/// Something that shines, in the plane of the lens or of the source.
///
/// `params` has the numbers of `parameters()`, in that order; all slices over points have one length.
/// The slice methods run on one thread: a caller splits its slices. A radius, an
/// index or an ellipticity for which the formula has no meaning gives NaN.
pub trait LightProfile: Send + Sync {
    /// Its name in a system file.
    fn name(&self) -> &'static str;

    /// What its numbers are called and mean.
    fn parameters(&self) -> &'static [ProfileParameter];

    /// Adds the surface brightness at each point (x, y) to `out`; accurate to about 1e-5 of it.
    fn brightness(&self, params: &[f64], x: &[f32], y: &[f32], out: &mut [f32]);

    /// Adds sum_i g_i dI_i/dp to `dparams` for every number p of the parameters, and g_i dI_i/dx_i, g_i dI_i/dy_i to `dx`, `dy`.
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

    /// Its CUDA C source; none for a profile that is no formula.
    fn kernel(&self) -> Option<Kernel> {
        None
    }

    /// The surface brightness at one point, in f64.
    fn point(&self, params: &[f64], x: f64, y: f64) -> f64;

    /// The derivatives of the surface brightness at one point, in f64.
    fn point_gradient(&self, params: &[f64], x: f64, y: f64) -> BrightnessGradient;
}

/// All light profiles of this crate; [`Profiles`](crate::profiles::Profiles) finds them by name.
pub const ALL: &[&dyn LightProfile] =
    &[&Sersic, &SersicLenstronomyBn, &Gaussian, &Uniform, &Exponential, &DeVaucouleurs, &CoreSersic, &Moffat];
