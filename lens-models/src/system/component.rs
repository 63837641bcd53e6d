//! Components: a named profile of a system, some of its parameters fixed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::halo::Halo;
use super::point_source::{self, PointSource};
use super::redshifts::Redshifts;
use crate::cosmology::{self, Cosmology};
use crate::error::Result;
use crate::mass::{MassProfile, Tnfw};
use crate::op::{AMP, FieldModel, Keys, LightModel, PotentialGrid};
use crate::parameter::ProfileParameter;
use crate::profiles::Profiles;
use crate::registration::Registration;

/// What a component does; also its key in a system file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Deflects.
    Lens,
    /// Shines in the plane of the lens.
    Light,
    /// Shines behind the lens.
    Source,
    /// Is a point behind the lens.
    Points,
    /// Says how far all is.
    Cosmology,
    /// Says how the pixels of a further band lie on the sky of the first.
    Band,
}

impl Role {
    /// All, in the order of a system file.
    pub const ALL: [Role; 6] = [Role::Lens, Role::Light, Role::Source, Role::Points, Role::Cosmology, Role::Band];

    /// The key in a system file.
    pub fn key(self) -> &'static str {
        match self {
            Role::Lens => "lens",
            Role::Light => "light",
            Role::Source => "source",
            Role::Points => "points",
            Role::Cosmology => "cosmology",
            Role::Band => "data",
        }
    }

    /// The names of the profiles it may have.
    pub fn names(self, profiles: &Profiles) -> Vec<&'static str> {
        match self {
            Role::Lens => {
                profiles.all_mass().iter().map(|p| p.name()).chain([Halo::NAME, PotentialGrid::NAME]).collect()
            }
            Role::Light | Role::Source => profiles.all_light().iter().map(|p| p.name()).collect(),
            Role::Points | Role::Cosmology | Role::Band => vec![],
        }
    }

    /// The profile of this name as the entry of a component asks for it; none where there is no such name.
    pub(super) fn profile(self, name: &str, profiles: &Profiles, keys: &Keys<'_>) -> Result<Option<Profile>> {
        match self {
            Role::Lens if name == Halo::NAME => Halo::read(keys).map(|halo| Some(Profile::Halo(halo))),
            Role::Lens if name == PotentialGrid::NAME => {
                PotentialGrid::read(keys).map(|grid| Some(Profile::Potential(grid)))
            }
            Role::Lens => Ok(profiles.mass(name).map(Profile::Mass)),
            Role::Light | Role::Source => {
                profiles.light(name).map(|kind| kind.make(keys).map(Profile::Light)).transpose()
            }
            Role::Points => PointSource::read(keys).map(|points| Some(Profile::Points(Arc::new(points)))),
            Role::Cosmology => Redshifts::read(keys).map(|redshifts| Some(Profile::Cosmology(redshifts))),
            Role::Band => Ok(Some(Profile::Registration)),
        }
    }

    /// The keys that the entry of a component with this profile may have beside those of all components.
    pub(super) fn keys(self, name: &str, profiles: &Profiles) -> &'static [&'static str] {
        match self {
            Role::Lens if name == Halo::NAME => &Halo::KEYS,
            Role::Lens if name == PotentialGrid::NAME => &PotentialGrid::KEYS,
            Role::Lens | Role::Band => &[],
            Role::Light | Role::Source => profiles.light(name).map_or(&[], |kind| kind.keys()),
            Role::Points => &point_source::KEYS,
            Role::Cosmology => &Redshifts::KEYS,
        }
    }
}

/// A mass profile or a light model.
#[derive(Clone)]
pub enum Profile {
    /// It deflects.
    Mass(&'static dyn MassProfile),
    /// It deflects, and is given by its mass.
    Halo(Halo),
    /// It deflects, and is a potential on a grid.
    Potential(PotentialGrid),
    /// It shines.
    Light(Arc<dyn LightModel>),
    /// It is seen as points.
    Points(Arc<PointSource>),
    /// Its parameters are those of the universe.
    Cosmology(Redshifts),
    /// Its parameters say where the pixels of a band are.
    Registration,
}

impl Profile {
    /// Its name in a system file.
    pub fn name(&self) -> &'static str {
        match self {
            Profile::Mass(p) => p.name(),
            Profile::Halo(_) => Halo::NAME,
            Profile::Potential(_) => PotentialGrid::NAME,
            Profile::Light(p) => p.name(),
            Profile::Points(_) => PointSource::NAME,
            Profile::Cosmology(_) => Redshifts::NAME,
            Profile::Registration => "registration",
        }
    }

    /// Its parameters.
    pub fn parameters(&self) -> &'static [ProfileParameter] {
        match self {
            Profile::Mass(p) => p.parameters(),
            Profile::Halo(p) => p.parameters(),
            Profile::Potential(p) => p.parameters(),
            Profile::Light(p) => p.parameters(),
            Profile::Points(p) => p.parameters(),
            Profile::Cosmology(_) => &cosmology::PARAMETERS,
            Profile::Registration => Registration::PARAMETERS,
        }
    }

    /// Where its first parameter is whitened numbers, what scales them.
    pub fn field(&self) -> Option<&dyn FieldModel> {
        match self {
            Profile::Light(p) => p.field(),
            Profile::Potential(p) => Some(p),
            _ => None,
        }
    }
}

/// What a halo that is given by its mass is once its angles are known.
static TNFW: Profile = Profile::Mass(&Tnfw);

/// `count` copies of a profile under one name; where there are several bands, what a light is in one of them.
#[derive(Clone)]
pub struct Component {
    /// First part of the names of its sites.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// What it is.
    pub profile: Profile,
    /// How many copies; with more than one, each site is a vector.
    pub count: usize,
    /// Parameters that are not free, one number or one for each copy.
    pub fixed: BTreeMap<&'static str, Vec<f64>>,
    /// Where a fit starts with parameters that are free, in the same form.
    pub start: BTreeMap<&'static str, Vec<f64>>,
    /// Its redshift, where that is not what the cosmology of the system says of its role.
    pub redshift: Option<f64>,
    /// Whether the amplitudes of its light are no parameters but what the likelihood makes of them, where they are not fixed.
    pub linear: bool,
    /// The band that it is of, where there are several and it is not of all.
    pub band: Option<String>,
    /// The parameters that have a value of their own in each band, by name; all others are those of the same component in other bands.
    pub per_band: Vec<&'static str>,
}

impl Component {
    /// The site of a parameter: `NAME.PARAMETER`, or `NAME.BAND.PARAMETER`.
    pub fn site(&self, parameter: &ProfileParameter) -> String {
        self.site_of(parameter.name)
    }

    /// The site of the parameter of this name.
    pub fn site_of(&self, parameter: &str) -> String {
        format!("{}.{parameter}", self.owner(&[parameter]))
    }

    /// What stands before a quantity that follows from these parameters: the name, and the band where one of them is the band's own.
    pub fn owner(&self, parameters: &[&str]) -> String {
        match self.own_band(parameters) {
            Some(band) => format!("{}.{band}", self.name),
            None => self.name.clone(),
        }
    }

    /// The band, where one of these parameters is its own.
    pub(super) fn own_band(&self, parameters: &[&str]) -> Option<&str> {
        self.band.as_deref().filter(|_| parameters.iter().any(|p| self.per_band.contains(p)))
    }

    /// The values of its fixed parameters by site.
    pub fn fixed_sites(&self) -> impl Iterator<Item = (String, &Vec<f64>)> {
        self.fixed.iter().map(|(name, values)| (self.site_of(name), values))
    }

    /// The value that a parameter is fixed at, or that a fit starts with.
    pub fn given(&self, parameter: &ProfileParameter) -> Option<&Vec<f64>> {
        self.fixed.get(parameter.name).or(self.start.get(parameter.name))
    }

    /// What one copy with these numbers deflects as: a halo that is given by its mass as one of angles, which are NaN without a universe.
    pub fn deflecting(&self, values: Vec<f64>, universe: Option<(Redshifts, Cosmology)>) -> (&Profile, Vec<f64>) {
        match (&self.profile, universe) {
            (Profile::Halo(halo), Some((redshifts, cosmology))) => {
                (&TNFW, halo.angles(&values, redshifts, cosmology, self.redshift).to_vec())
            }
            (Profile::Halo(_), None) => (&TNFW, vec![f64::NAN; TNFW.parameters().len()]),
            _ => (&self.profile, values),
        }
    }

    /// The parameter whose numbers the likelihood finds by itself.
    pub fn linear(&self) -> Option<&'static ProfileParameter> {
        let linear = self.linear && !self.fixed.contains_key(AMP);
        self.profile.parameters().iter().find(|p| linear && p.name == AMP)
    }

    /// The numbers of one copy in the order of its profile's table, each with its parameter, from what is given for each
    /// parameter: a list for all copies, one list for every copy, or one number.
    pub fn numbers<'a>(
        &self,
        copy: usize,
        given: impl Fn(&ProfileParameter) -> Option<&'a Vec<f64>>,
    ) -> impl Iterator<Item = (&'static ProfileParameter, Option<f64>)> {
        self.profile.parameters().iter().flat_map(move |p| {
            let values = given(p);
            let at = move |i| values.and_then(|v| v.get(copy * p.size + i).or(v.get(i)).or(v.first())).copied();
            (0..p.size).map(move |i| (p, at(i)))
        })
    }
}
