//! A system: the data, the components and the priors of one lens.

use std::path::{Path, PathBuf};

use ppl_core::PriorSet;

use super::component::{Component, Profile, Role};
use super::read;
use crate::data::DataFiles;
use crate::error::{Error, Result};
use crate::mass::MassSum;
use crate::profiles::Profiles;

/// A lens system as its file describes it.
#[derive(Clone)]
pub struct System {
    /// The folder that the paths in it are relative to.
    pub folder: PathBuf,
    /// The images and what is known of them.
    pub data: Option<DataFiles>,
    /// Lens, light and source components, in the order of the file.
    pub components: Vec<Component>,
    /// Priors that replace the defaults.
    pub priors: PriorSet,
}

impl System {
    /// Reads a system file.
    ///
    /// # Errors
    /// A missing file; text that is not JSON (with line and column); unknown keys, profiles, parameters (with the nearest
    /// name); values outside their support; components of one name.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        System::from_file_with(path, &Profiles::standard())
    }

    /// The same with profiles of one's own in the list.
    ///
    /// # Errors
    /// As [`System::from_file`].
    pub fn from_file_with(path: impl AsRef<Path>, profiles: &Profiles) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, "read", e))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        System::from_json_with(&text, path, folder, profiles)
    }

    /// Reads a system from text; `path` stands in messages, paths in it are relative to `folder`.
    ///
    /// # Errors
    /// As [`System::from_file`].
    pub fn from_json(text: &str, path: &Path, folder: &Path) -> Result<Self> {
        System::from_json_with(text, path, folder, &Profiles::standard())
    }

    /// The same with profiles of one's own in the list.
    ///
    /// # Errors
    /// As [`System::from_file`].
    pub fn from_json_with(text: &str, path: &Path, folder: &Path, profiles: &Profiles) -> Result<Self> {
        let json = serde_json::from_str(text).map_err(|cause| Error::Json { path: path.to_owned(), cause })?;
        read::system(&json, path, folder, profiles)
    }

    /// The components of one role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(move |c| c.role == role)
    }

    /// The same system with the components of some roles alone, and the priors of those.
    #[must_use]
    pub fn with_roles(&self, roles: &[Role]) -> Self {
        let components: Vec<Component> = self.components.iter().filter(|c| roles.contains(&c.role)).cloned().collect();
        let kept = |site: &str| components.iter().any(|c| c.profile.parameters().iter().any(|p| c.site(p) == site));
        let priors = self.priors.filtered(kept);
        System { folder: self.folder.clone(), data: self.data.clone(), components, priors }
    }

    /// The deflectors and the values given for all their parameters, for ray tracing without data.
    ///
    /// # Errors
    /// A parameter that has no value.
    pub fn mass(&self) -> Result<(MassSum, Vec<f64>)> {
        let (mut profiles, mut values) = (vec![], vec![]);
        for component in self.of_role(Role::Lens) {
            let Profile::Mass(profile) = component.profile else { continue };
            for copy in 0..component.count {
                profiles.push(profile);
                for (parameter, value) in component.numbers(copy, |p| component.fixed.get(p.name)) {
                    let site = || Error::NoValue { site: component.site(parameter), parameter: parameter.name };
                    values.push(value.ok_or_else(site)?);
                }
            }
        }
        Ok((MassSum::new(profiles), values))
    }
}
