//! MassSum: several mass profiles in one plane; their deflections add up.

use std::ops::Range;

use super::{Lensing, MassProfile, Slopes};
use crate::parameter::{self, ProfileParameter};

/// A list of mass profiles, used like one whose parameters are theirs, one profile after the other.
///
/// ```
/// use lens_models::mass::{Epl, MassSum, Shear};
///
/// let lens = MassSum::new([&Epl as _, &Shear as _]);
/// let params = [1.2, 2.0, 0.1, 0.0, 0.0, 0.0, 0.03, -0.01];
/// assert_eq!(lens.len(), params.len());
/// let at = lens.point(&params, 0.7, 0.9);
/// assert!(at.kappa() > 0.0);
/// ```
#[derive(Clone, Default)]
pub struct MassSum {
    profiles: Vec<&'static dyn MassProfile>,
}

impl MassSum {
    /// From its profiles, in order.
    pub fn new(profiles: impl IntoIterator<Item = &'static dyn MassProfile>) -> Self {
        Self { profiles: profiles.into_iter().collect() }
    }

    /// The profiles, in order.
    pub fn profiles(&self) -> &[&'static dyn MassProfile] {
        &self.profiles
    }

    /// The parameters of all profiles, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static ProfileParameter> {
        self.profiles.iter().flat_map(|profile| profile.parameters())
    }

    /// How many numbers the parameters are.
    pub fn len(&self) -> usize {
        self.profiles.iter().map(|profile| parameter::count(profile.parameters())).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The CUDA C of each profile, in order; none where one of them is no formula.
    #[cfg(feature = "cuda")]
    pub(crate) fn kernels(&self) -> Vec<crate::codegen::Kernel> {
        self.profiles.iter().map(|profile| profile.kernel()).collect::<Option<_>>().unwrap_or_default()
    }

    /// Each profile with the range of its own parameters.
    fn parts(&self) -> impl Iterator<Item = (&'static dyn MassProfile, Range<usize>)> {
        self.profiles.iter().scan(0, |end, &profile| {
            let start = *end;
            *end += parameter::count(profile.parameters());
            Some((profile, start..*end))
        })
    }

    /// The centres of those profiles that have one, arcsec, in order.
    pub fn centers(&self, params: &[f64]) -> Vec<[f64; 2]> {
        let center = |(profile, own): (&'static dyn MassProfile, Range<usize>)| {
            let place = |name: &str| {
                let before = profile.parameters().iter().position(|p| p.name == name)?;
                params.get(own.start + parameter::count(&profile.parameters()[..before])).copied()
            };
            Some([place("center_x")?, place("center_y")?])
        };
        self.parts().filter_map(center).collect()
    }

    /// As [`MassProfile::deflect`].
    pub fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
        for (profile, own) in self.parts() {
            profile.deflect(&params[own], x, y, ax, ay);
        }
    }

    /// As [`MassProfile::deflect_vjp`].
    pub fn deflect_vjp(
        &self,
        params: &[f64],
        xy: [&[f32]; 2],
        g: [&[f32]; 2],
        dparams: &mut [f64],
        [dx, dy]: [&mut [f32]; 2],
    ) {
        for (profile, own) in self.parts() {
            profile.deflect_vjp(&params[own.clone()], xy, g, &mut dparams[own], [&mut *dx, &mut *dy]);
        }
    }

    /// As [`MassProfile::point`].
    pub fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing {
        self.parts().map(|(profile, own)| profile.point(&params[own], x, y)).sum()
    }

    /// As [`MassProfile::points`], `out` written anew.
    pub fn points(&self, params: &[f64], at: &[[f64; 2]], out: &mut [Lensing]) {
        out.fill(Lensing::default());
        for (profile, own) in self.parts() {
            profile.points(&params[own], at, out);
        }
    }

    /// As [`MassProfile::slopes`].
    pub fn slopes(&self, params: &[f64], x: f64, y: f64) -> Slopes {
        self.parts().fold(Slopes::default(), |mut all, (profile, own)| {
            all.join(profile.slopes(&params[own], x, y));
            all
        })
    }

    /// As [`MassProfile::deflection_jacobian`].
    pub fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
        self.parts().flat_map(|(profile, own)| profile.deflection_jacobian(&params[own], x, y)).collect()
    }
}
