//! Mass profiles: the trait and the list of them.
//!
//! Positions and deflections are in arcsec, angles in radians, x to the right and y upwards. A profile's derivatives
//! are with respect to its own parameters, in the order of [`MassProfile::parameters`].

#[cfg(test)]
mod battery;
mod epl;
mod formula;
mod lensing;
mod shear;
mod sie;
mod sis;
mod sple;
mod sum;

pub use epl::Epl;
pub use lensing::Lensing;
pub use shear::Shear;
pub use sie::Sie;
pub use sis::Sis;
pub use sple::Sple;
pub use sum::MassSum;

use crate::parameter::Parameter;

/// A deflector in the plane of the lens.
///
/// `params` has as many numbers as `parameters()` has entries, in that order; all slices over points have one length.
/// The slice methods run on one thread: a caller splits its slices. A slope or an
/// ellipticity outside its support gives NaN.
pub trait MassProfile: Send + Sync {
    /// Its name in a system file.
    fn name(&self) -> &'static str;

    /// What its numbers are called and mean.
    fn parameters(&self) -> &'static [Parameter];

    /// Adds the deflection at each point (x, y) to (ax, ay), arcsec; accurate to about 1e-6 of alpha.
    fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]);

    /// Adds sum_i (gx_i d alpha_x,i / dp + gy_i d alpha_y,i / dp) to `dparams`, for every parameter p.
    ///
    /// The order of summation is fixed by the slice, so that equal input gives equal bits.
    fn deflect_vjp(&self, params: &[f64], x: &[f32], y: &[f32], gx: &[f32], gy: &[f32], dparams: &mut [f64]);

    /// Potential, deflection and Hessian at one point, in f64.
    fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing;

    /// (d alpha_x / dp, d alpha_y / dp) at one point for every parameter p, in f64.
    fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]>;
}

/// All mass profiles.
static ALL: [&'static dyn MassProfile; 5] = [&Epl, &Sple, &Shear, &Sis, &Sie];

/// The profile of that name.
///
/// ```
/// let epl = lens_models::mass::by_name("epl").expect("a profile of this crate");
/// let names: Vec<_> = epl.parameters().iter().map(|p| p.name).collect();
/// assert_eq!(names, ["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]);
/// ```
pub fn by_name(name: &str) -> Option<&'static dyn MassProfile> {
    ALL.into_iter().find(|profile| profile.name() == name)
}

/// The names of all mass profiles.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|profile| profile.name())
}
