//! The deflectors of a system at given values: those of one plane, or those of each of several.

use super::component::{Component, Profile, Role};
use super::config::System;
use crate::error::{Error, Result};
use crate::mass::{MassProfile, MassSum, SplinePotential};
use crate::parameter::ProfileParameter;
use crate::plane::Planes;

/// A profile with the numbers of its parameters.
type Deflecting = (&'static dyn MassProfile, Vec<f64>);

impl System {
    /// The lenses of the plane that the cosmology is of; all of them where no other plane has one.
    #[must_use]
    pub fn main_plane(&self) -> Self {
        let redshifts = self.redshifts();
        let away =
            |c: &Component| c.role == Role::Lens && c.redshift.is_some_and(|z| redshifts.is_some_and(|r| r.lens != z));
        let components = self.components.iter().filter(|c| !away(c)).cloned().collect();
        System { components, ..self.clone() }
    }

    /// The deflectors and the values given for all their parameters, for ray tracing without data.
    ///
    /// # Errors
    /// A parameter that has no value; lenses at several redshifts.
    pub fn mass(&self) -> Result<(MassSum, Vec<f64>)> {
        if self.main_plane().components.len() < self.components.len() {
            return Err(Error::SeveralPlanes);
        }
        let (profiles, values): (Vec<_>, Vec<_>) =
            self.deflecting(Component::given)?.into_iter().map(|(_, deflecting)| deflecting).unzip();
        Ok((MassSum::new(profiles), values.concat()))
    }

    /// The potentials on grids, whose parameters have the values that `of` gives; they are in the plane of all lenses.
    ///
    /// # Errors
    /// A parameter that has no value.
    pub fn potentials<'a>(
        &'a self,
        of: impl Fn(&'a Component, &ProfileParameter) -> Option<&'a Vec<f64>>,
    ) -> Result<Vec<SplinePotential>> {
        let mut all = vec![];
        for component in &self.components {
            let Profile::Potential(grid) = &component.profile else { continue };
            let value = |p: &ProfileParameter| {
                let site = || Error::NoValue { site: component.site(p), parameter: p.name };
                of(component, p).cloned().ok_or_else(site)
            };
            let params = grid.parameters().iter().map(value).collect::<Result<Vec<_>>>()?;
            all.push(grid.potential(&params)?);
        }
        Ok(all)
    }

    /// The planes of lenses, whose parameters have the values that `of` gives; none where no component has a redshift of its own.
    ///
    /// # Errors
    /// A parameter that has no value.
    pub fn planes<'a>(
        &'a self,
        of: impl Fn(&'a Component, &ProfileParameter) -> Option<&'a Vec<f64>>,
    ) -> Result<Option<Planes>> {
        let universe = self.universe(|component, p| of(component, p)?.first().copied());
        let deep = self.components.iter().any(|component| component.redshift.is_some());
        let Some((redshifts, cosmology)) = universe.filter(|_| deep) else { return Ok(None) };
        let layer = |(z, (profile, values)): (Option<f64>, Deflecting)| {
            (z.unwrap_or(redshifts.lens), MassSum::new([profile]), values)
        };
        let layers = self.deflecting(of)?.into_iter().map(layer).collect();
        Ok(Some(Planes::new(cosmology, redshifts.source, layers)))
    }

    /// The redshift of the last source: that of the cosmology, where no source has one of its own.
    pub fn last_source(&self) -> Option<f64> {
        let source = self.redshifts()?.source;
        let seen = self.components.iter().filter(|c| matches!(c.role, Role::Source | Role::Points));
        Some(seen.map(|c| c.redshift.unwrap_or(source)).reduce(f64::max).unwrap_or(source))
    }

    /// Every copy of every deflector, with the redshift of its own.
    fn deflecting<'a>(
        &'a self,
        of: impl Fn(&'a Component, &ProfileParameter) -> Option<&'a Vec<f64>>,
    ) -> Result<Vec<(Option<f64>, Deflecting)>> {
        let universe = self.universe(|component, p| of(component, p)?.first().copied());
        let mut all = vec![];
        for component in self.of_role(Role::Lens) {
            for copy in 0..component.count {
                let mut own = vec![];
                for (parameter, value) in component.numbers(copy, |p| of(component, p)) {
                    let site = || Error::NoValue { site: component.site(parameter), parameter: parameter.name };
                    own.push(value.ok_or_else(site)?);
                }
                let (profile, own) = component.deflecting(own, universe);
                if let Profile::Mass(profile) = profile {
                    all.push((component.redshift, (*profile, own)));
                }
            }
        }
        Ok(all)
    }
}
