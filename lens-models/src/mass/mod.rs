//! Mass profiles: the trait and the list of them.
//!
//! Positions and deflections are in arcsec, angles in radians, x to the right and y upwards. A profile's derivatives
//! are with respect to its own parameters, in the order of [`MassProfile::parameters`].

#[cfg(test)]
mod battery;
mod convergence;
mod ellipse;
mod epl;
mod epl_core;
mod flexion;
#[doc(hidden)]
pub mod formula;
mod gnfw;
mod hernquist;
mod lensing;
mod multipole;
mod multipole_ellipse;
mod nfw;
mod nie;
mod point_mass;
mod pseudo_jaffe;
mod radial;
mod sersic;
mod shear;
mod shells;
mod sie;
mod sis;
pub(crate) mod slopes;
mod sple;
mod sple_table;
mod spline_potential;
mod steep;
mod sum;
mod tnfw;

pub use convergence::Convergence;
pub use epl::Epl;
pub use epl_core::EplCore;
pub use flexion::Flexion;
pub use formula::Formula;
pub use gnfw::Gnfw;
pub use hernquist::{Hernquist, HernquistEllipse};
pub use lensing::Lensing;
pub use multipole::{Dipole, Multipole};
pub use multipole_ellipse::MultipoleEllipse;
pub use nfw::{Nfw, NfwEllipse, NfwEllipsePotential};
pub use nie::Nie;
pub use point_mass::PointMass;
pub use pseudo_jaffe::{PseudoJaffe, PseudoJaffeEllipse, PseudoJaffeEllipsePotential};
pub use sersic::{GaussianKappa, SersicKappa};
pub use shear::Shear;
pub use sie::Sie;
pub use sis::Sis;
pub use slopes::Slopes;
pub use sple::Sple;
pub use sple_table::{SPLE_TABLE, SpleTable};
pub(crate) use spline_potential::Knotted;
pub use spline_potential::SplinePotential;
pub use sum::MassSum;
pub use tnfw::Tnfw;

use crate::codegen::Kernel;
use crate::parameter::ProfileParameter;

/// A deflector in the plane of the lens.
///
/// `params` has the numbers of `parameters()`, in that order; all slices over points have one length.
/// The slice methods run on one thread: a caller splits its slices. A slope or an
/// ellipticity outside its support gives NaN.
pub trait MassProfile: Send + Sync {
    /// Its name in a system file.
    fn name(&self) -> &'static str;

    /// What its numbers are called and mean.
    fn parameters(&self) -> &'static [ProfileParameter];

    /// Adds the deflection at each point (x, y) to (ax, ay), arcsec; accurate to about 1e-6 of alpha.
    fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]);

    /// Adds the derivatives of sum_i (gx_i alpha_x,i + gy_i alpha_y,i): by each number of the parameters to `dparams`, by
    /// the position of each point to `dxy`, whose slices may both be empty when nobody wants them.
    ///
    /// The order of summation is fixed by the slice, so that equal input gives equal bits.
    fn deflect_vjp(&self, params: &[f64], xy: [&[f32]; 2], g: [&[f32]; 2], dparams: &mut [f64], dxy: [&mut [f32]; 2]);

    /// Its CUDA C source; none for a profile that is no formula.
    fn kernel(&self) -> Option<Kernel> {
        None
    }

    /// Potential, deflection and Hessian at one point, in f64.
    fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing;

    /// Adds to `out` what [`MassProfile::point`] says of each point, prepared once for all.
    fn points(&self, params: &[f64], at: &[[f64; 2]], out: &mut [Lensing]) {
        out.iter_mut().zip(at).for_each(|(out, [x, y])| *out = *out + self.point(params, *x, *y));
    }

    /// What [`MassProfile::point`] says with its derivatives by position and parameters, in f64.
    fn slopes(&self, params: &[f64], x: f64, y: f64) -> Slopes {
        Slopes::numeric(self, params, x, y)
    }

    /// (d alpha_x / dp, d alpha_y / dp) at one point for every number p of the parameters, in f64.
    fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]>;
}

/// The mass profiles of this crate that are formulas; [`Profiles`](crate::profiles::Profiles) finds them by name, and
/// [`SPLE_TABLE`] beside them.
pub const ALL: &[&dyn MassProfile] = &[
    &Epl,
    &Sple,
    &Shear,
    &Sis,
    &Sie,
    &PointMass,
    &Convergence,
    &Dipole,
    &Multipole::<3>,
    &Multipole::<4>,
    &Nie,
    &PseudoJaffe,
    &PseudoJaffeEllipsePotential,
    &Nfw,
    &NfwEllipsePotential,
    &Tnfw,
    &Hernquist,
    &Flexion,
    &NfwEllipse,
    &Gnfw,
    &HernquistEllipse,
    &PseudoJaffeEllipse,
    &EplCore,
    &SersicKappa,
    &GaussianKappa,
    &MultipoleEllipse::<1>,
    &MultipoleEllipse::<3>,
    &MultipoleEllipse::<4>,
];
