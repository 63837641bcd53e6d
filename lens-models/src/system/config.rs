//! A system: the data, the components and the priors of one lens.

use std::path::PathBuf;

use ppl_core::PriorSet;

use super::component::{Component, Profile, Role};
use super::preset::Preset;
use super::redshifts::Redshifts;
use crate::cosmology::Cosmology;
use crate::data::DataFiles;
use crate::linear::Amplitudes;
use crate::parameter::ProfileParameter;

/// A lens system as its file describes it.
#[derive(Clone)]
pub struct System {
    /// The folder that the paths in it are relative to.
    pub folder: PathBuf,
    /// The images and what is known of them.
    pub data: Option<DataFiles>,
    /// The images of several bands or exposures, each with a name, in place of `data`; empty where there is one.
    pub bands: Vec<DataFiles>,
    /// Lens, light and source components, in the order of the file.
    pub components: Vec<Component>,
    /// Which defaults.
    pub preset: Preset,
    /// Priors that replace the defaults.
    pub priors: PriorSet,
    /// What the likelihood makes of linear amplitudes.
    pub amplitudes: Amplitudes,
}

impl System {
    /// The components of one role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(move |c| c.role == role)
    }

    /// The same system with the components of some roles alone, and the priors of those.
    #[must_use]
    pub fn with_roles(&self, roles: &[Role]) -> Self {
        self.with_components(|component| roles.contains(&component.role))
    }

    /// The same system with some of its components alone, and the priors of those.
    #[must_use]
    pub fn with_components(&self, keep: impl Fn(&Component) -> bool) -> Self {
        let components: Vec<Component> = self.components.iter().filter(|c| keep(c)).cloned().collect();
        System { components, ..self.clone() }.with_own_priors()
    }

    /// The priors of what is sampled: all but those of linear amplitudes, which are part of the likelihood.
    #[must_use]
    pub fn sampled_priors(&self) -> PriorSet {
        let linear = |site: &str| self.components.iter().any(|c| c.linear().is_some_and(|p| c.site(p) == site));
        self.priors.filtered(|site| !linear(site))
    }

    /// The same system with amplitudes that are parameters like all others.
    #[must_use]
    pub fn with_sampled_amplitudes(&self) -> Self {
        let mut system = self.clone();
        system.components.iter_mut().for_each(|component| component.linear = false);
        system
    }

    /// The same system with every parameter fixed that has a value, those that a fit would start with too.
    #[must_use]
    pub fn at_start(&self) -> Self {
        let mut system = self.clone();
        for component in &mut system.components {
            component.fixed.append(&mut component.start);
        }
        system
    }

    /// The redshifts of lens and source, where they are known.
    pub fn redshifts(&self) -> Option<Redshifts> {
        self.components.iter().find_map(|c| if let Profile::Cosmology(z) = &c.profile { Some(*z) } else { None })
    }

    /// Redshifts and cosmology, whose parameters have the values that `of` gives a site; none without them.
    pub fn universe<'a>(
        &'a self,
        of: impl Fn(&'a Component, &ProfileParameter) -> Option<f64>,
    ) -> Option<(Redshifts, Cosmology)> {
        let component = self.of_role(Role::Cosmology).next()?;
        let numbers: Option<Vec<f64>> = component.profile.parameters().iter().map(|p| of(component, p)).collect();
        Some((self.redshifts()?, Cosmology::of(numbers?.try_into().ok()?)))
    }
}
