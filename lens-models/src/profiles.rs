//! Profiles: the mass and light profiles that a system file may name, one's own among them.

use std::sync::Arc;

use crate::light::{self, LightProfile};
use crate::mass::{self, MassProfile, SPLE_TABLE};
use crate::op::{Analytic, DoubleSersic, LightKind, MgeKind, PixelsKind, ShapeletsKind};

/// A list of profiles by name; a value, so that two parts of a program may know different ones.
///
/// A mass or light profile is a formula, and a unit struct; a light that is none (the image of a decoder) is a [`LightKind`].
///
/// ```
/// use lens_models::profiles::Profiles;
///
/// let epl = Profiles::standard().mass("epl").expect("a profile of this crate");
/// let names: Vec<_> = epl.parameters().iter().map(|p| p.name).collect();
/// assert_eq!(names, ["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]);
/// ```
#[derive(Clone)]
pub struct Profiles {
    mass: Vec<&'static dyn MassProfile>,
    light: Vec<Arc<dyn LightKind>>,
}

impl Profiles {
    /// All profiles of this crate.
    pub fn standard() -> Self {
        let kind = |profile: &&'static dyn LightProfile| Arc::new(Analytic(*profile)) as Arc<dyn LightKind>;
        // An interpolant has kinks and a curl, which the checks of `ALL` refuse, and no kernel: it stands apart.
        let mass = mass::ALL.iter().copied().chain([&SPLE_TABLE as &dyn MassProfile]);
        let sums: [Arc<dyn LightKind>; 4] =
            [Arc::new(MgeKind), Arc::new(ShapeletsKind), Arc::new(DoubleSersic), Arc::new(PixelsKind)];
        let light = light::ALL.iter().map(kind).chain(sums);
        Self { mass: mass.collect(), light: light.collect() }
    }

    /// The same list with one more mass profile; it takes the place of one of the same name.
    #[must_use]
    pub fn with_mass(mut self, profile: &'static dyn MassProfile) -> Self {
        self.mass.retain(|p| p.name() != profile.name());
        self.mass.push(profile);
        self
    }

    /// The same list with one more light profile; it takes the place of one of the same name.
    #[must_use]
    pub fn with_light(self, profile: &'static dyn LightProfile) -> Self {
        self.with_light_kind(Arc::new(Analytic(profile)))
    }

    /// The same list with one more kind of light; it takes the place of one of the same name.
    #[must_use]
    pub fn with_light_kind(mut self, kind: Arc<dyn LightKind>) -> Self {
        self.light.retain(|k| k.name() != kind.name());
        self.light.push(kind);
        self
    }

    /// The mass profile of that name.
    pub fn mass(&self, name: &str) -> Option<&'static dyn MassProfile> {
        self.mass.iter().copied().find(|profile| profile.name() == name)
    }

    /// The kind of light of that name.
    pub fn light(&self, name: &str) -> Option<&dyn LightKind> {
        self.light.iter().map(|kind| &**kind).find(|kind| kind.name() == name)
    }

    /// All mass profiles, in order.
    pub fn all_mass(&self) -> &[&'static dyn MassProfile] {
        &self.mass
    }

    /// All kinds of light, in order.
    pub fn all_light(&self) -> &[Arc<dyn LightKind>] {
        &self.light
    }
}

impl Default for Profiles {
    /// Those of this crate.
    fn default() -> Self {
        Self::standard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::Sis;

    #[test]
    fn each_profile_is_found_by_its_own_name_and_no_other() {
        let profiles = Profiles::standard();
        for mass in profiles.all_mass() {
            assert_eq!(profiles.mass(mass.name()).map(MassProfile::name), Some(mass.name()));
        }
        for light in profiles.all_light() {
            assert_eq!(profiles.light(light.name()).map(LightKind::name), Some(light.name()));
        }
        assert!(profiles.mass("sple_table").is_some());
        assert!(profiles.mass("EPL").is_none() && profiles.light("epl").is_none());
    }

    #[test]
    fn a_profile_of_a_known_name_takes_its_place() {
        let profiles = Profiles::standard().with_mass(&Sis);
        assert_eq!(profiles.all_mass().len(), Profiles::standard().all_mass().len());
    }
}
