//! Profiles: the mass and light profiles that a system file may name, one's own among them.

use crate::light::{self, LightProfile};
use crate::mass::{self, MassProfile};

/// A list of profiles by name; a value, so that two parts of a program may know different ones.
///
/// A profile is a `&'static`: a unit struct, or what `Box::leak` makes of one that carries data for as long as the program
/// runs (the weights of a decoder).
///
/// ```
/// use lens_models::profiles::Profiles;
///
/// let epl = Profiles::standard().mass("epl").expect("a profile of this crate");
/// let names: Vec<_> = epl.parameters().iter().map(|p| p.name).collect();
/// assert_eq!(names, ["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]);
///
/// let sersic = Profiles::standard().light("sersic").expect("a profile of this crate");
/// let at_half_light_radius = sersic.point(&[3.0, 0.5, 4.0, 0.0, 0.0, 0.0, 0.0], 0.3, 0.4);
/// assert!((at_half_light_radius - 3.0).abs() < 1e-12);
/// ```
#[derive(Clone)]
pub struct Profiles {
    mass: Vec<&'static dyn MassProfile>,
    light: Vec<&'static dyn LightProfile>,
}

impl Profiles {
    /// All profiles of this crate.
    pub fn standard() -> Self {
        Self { mass: mass::ALL.to_vec(), light: light::ALL.to_vec() }
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
    pub fn with_light(mut self, profile: &'static dyn LightProfile) -> Self {
        self.light.retain(|p| p.name() != profile.name());
        self.light.push(profile);
        self
    }

    /// The mass profile of that name.
    pub fn mass(&self, name: &str) -> Option<&'static dyn MassProfile> {
        self.mass.iter().copied().find(|profile| profile.name() == name)
    }

    /// The light profile of that name.
    pub fn light(&self, name: &str) -> Option<&'static dyn LightProfile> {
        self.light.iter().copied().find(|profile| profile.name() == name)
    }

    /// All mass profiles, in order.
    pub fn all_mass(&self) -> &[&'static dyn MassProfile] {
        &self.mass
    }

    /// All light profiles, in order.
    pub fn all_light(&self) -> &[&'static dyn LightProfile] {
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
            assert_eq!(profiles.light(light.name()).map(LightProfile::name), Some(light.name()));
        }
        assert!(profiles.mass("EPL").is_none() && profiles.light("epl").is_none());
    }

    #[test]
    fn a_profile_of_a_known_name_takes_its_place() {
        let profiles = Profiles::standard().with_mass(&Sis);
        assert_eq!(profiles.all_mass().len(), Profiles::standard().all_mass().len());
    }
}
