//! Reading a system file: every key known, every value in its support, or one line that says where and how to mend it.

use std::collections::BTreeMap;
use std::path::Path;

use ppl_core::PriorSet;
use serde_json::{Map, Value as Json};

use super::component::{Component, Profile, Role};
use super::config::System;
use super::entry::{check_keys, form, object};
use super::needs::{of_halos, of_planes, of_points, of_potentials};
use super::preset::Preset;
use super::read_bands::check_band;
use super::read_data::{read_bands, read_data};
use super::redshifts::Redshifts;
use super::shines::{self, Shines};
use crate::data::DataFiles;
use crate::error::{Error, Result};
use crate::linear::Amplitudes;
use crate::op::{AMP, Keys};
use crate::parameter::ProfileParameter;
use crate::profiles::Profiles;
use crate::registration::Registration;

/// `covariance` is what a fit says of the values in its `best.json`.
const KEYS: [&str; 10] =
    ["data", "lens", "light", "source", "points", "cosmology", "preset", "priors", "amplitudes", "covariance"];
const COMPONENT_KEYS: [&str; 5] = ["name", "profile", "count", "parameters", AMP];

const REDSHIFT: &str = "redshift";

/// The most copies of one profile.
const MOST_COPIES: u64 = 20;

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
        system(&json, path, folder, profiles)
    }
}

fn system(json: &Json, path: &Path, folder: &Path, profiles: &Profiles) -> Result<System> {
    let file = path.display().to_string();
    let object = object(json, &file)?;
    check_keys(object, &file, &KEYS)?;
    let place = format!("{file}: `data`");
    let (data, bands) = match object.get("data") {
        None => (None, vec![]),
        Some(Json::Array(list)) => (None, read_bands(list, &place)?),
        Some(one) => (Some(read_data(one, &place)?), vec![]),
    };
    let mut components: Vec<Component> = vec![];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Band) {
        let Some(list) = object.get(role.key()) else { continue };
        let place = format!("{file}: `{}`", role.key());
        for entry in entries(list, role, &place)? {
            let (component, shines) = component(entry, role, &place, (folder, profiles), &bands)?;
            if components.iter().any(|c| c.name == component.name) {
                return Err(Error::DuplicateName { kind: "component", name: component.name });
            }
            components.extend(in_each(component, entry, &shines, &place)?);
        }
    }
    for (k, band) in bands.iter().enumerate() {
        let parameters = object.get("data").and_then(|list| list.get(k)?.get("parameters"));
        let place = check_band(&components, band, k == 0 && parameters.is_some(), &file)?;
        if k > 0 {
            components.push(registration(band, parameters, &place)?);
        }
    }
    if components.is_empty() {
        return Err(form(&file, "at least one component under `lens`, `light`, `source` or `points`"));
    }
    of_points(&components, &file)?;
    of_planes(&components, &file)?;
    of_halos(&components, &file)?;
    of_potentials(&components, &file)?;
    object.get("covariance").map_or(Ok(()), |covariance| check_covariance(covariance, &file))?;
    let priors = object.get("priors").map(|p| PriorSet::from_value(&format!("{file}: `priors`"), p)).transpose()?;
    let preset = preset(object.get("preset"), &format!("{file}: `preset`"))?;
    let amplitudes = amplitudes(object.get("amplitudes"), &format!("{file}: `amplitudes`"))?;
    let priors = priors.unwrap_or_default();
    components.iter_mut().for_each(|component| complete(component, &priors));
    Ok(System { folder: folder.to_owned(), data, bands, components, preset, priors, amplitudes })
}

/// A component as each band sees it; itself, where it is the same in all.
fn in_each(component: Component, entry: &Json, shines: &Shines, place: &str) -> Result<Vec<Component>> {
    if shines.bands.is_empty() {
        return Ok(vec![component]);
    }
    let place = format!("{place}: component `{}`", component.name);
    if component.linear && shines.bands.len() > 1 && !shines.per_band.contains(&AMP) {
        let expected = "an amplitude of each band: \"amp\" among its `per_band`, or no \"linear\"";
        return Err(form(&format!("{place}: `{AMP}`"), expected));
    }
    let one = |band: &String| {
        let table = component.profile.parameters();
        let given = match entry.get("parameters") {
            None => Given::default(),
            Some(json) => given(json, table, component.count, &place, (shines, Some(band)))?,
        };
        let (fixed, start) = (given.fixed, given.start);
        Ok(Component { fixed, start, band: Some(band.clone()), per_band: shines.per_band.clone(), ..component.clone() })
    };
    shines.bands.iter().map(one).collect()
}

/// What is said of where a band lies.
fn registration(band: &DataFiles, parameters: Option<&Json>, place: &str) -> Result<Component> {
    let same = Shines { bands: vec![], per_band: vec![] };
    let Given { fixed, start } = match parameters {
        None => Given::default(),
        Some(json) => given(json, Registration::PARAMETERS, 1, place, (&same, None))?,
    };
    Ok(Component {
        name: band.name.clone().unwrap_or_default(),
        role: Role::Band,
        profile: Profile::Registration,
        count: 1,
        fixed,
        start,
        redshift: None,
        linear: false,
        band: band.name.clone(),
        per_band: vec![],
    })
}

/// The entries of a role: a list of components, or the one cosmology.
fn entries<'a>(json: &'a Json, role: Role, place: &str) -> Result<&'a [Json]> {
    match role {
        Role::Cosmology => Ok(std::slice::from_ref(json)),
        Role::Points => json
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| form(place, "a list of point sources, each { \"name\": .., \"positions\": .. }")),
        _ => json
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| form(place, "a list of components, each { \"name\": .., \"profile\": .. }")),
    }
}

/// The redshift of an entry.
fn redshift(entry: &Map<String, Json>, place: &str) -> Result<Option<f64>> {
    let Some(json) = entry.get(REDSHIFT) else { return Ok(None) };
    let z = json.as_f64().filter(|z| *z > 0.0 && *z < 1e4);
    z.map(Some).ok_or_else(|| form(&format!("{place}: `{REDSHIFT}`"), "a number above 0"))
}

/// A parameter of the cosmology, or of where a band lies, of which nothing is said, nor its prior, has its default.
fn complete(component: &mut Component, priors: &PriorSet) {
    let default = |name| match component.role {
        Role::Cosmology => Some(Redshifts::default_of(name)),
        Role::Band => Some(0.0),
        _ => None,
    };
    for parameter in component.profile.parameters() {
        let said = component.start.contains_key(parameter.name) || priors.get(&component.site(parameter)).is_some();
        if let Some(value) = default(parameter.name).filter(|_| !said) {
            component.fixed.entry(parameter.name).or_insert_with(|| vec![value]);
        }
    }
}

fn preset(json: Option<&Json>, place: &str) -> Result<Preset> {
    let Some(json) = json else { return Ok(Preset::default()) };
    let name = json.as_str().ok_or_else(|| form(place, "the name of a preset of priors, such as \"paper\""))?;
    let unknown = || Error::unknown("preset", name, place, Preset::ALL.map(Preset::name));
    Preset::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(unknown)
}

fn amplitudes(json: Option<&Json>, place: &str) -> Result<Amplitudes> {
    let Some(json) = json else { return Ok(Amplitudes::default()) };
    let name = json.as_str().ok_or_else(|| form(place, "\"marginal\" or \"non_negative\""))?;
    let unknown = || Error::unknown("way with amplitudes", name, place, Amplitudes::ALL.map(Amplitudes::name));
    Amplitudes::ALL.into_iter().find(|way| way.name() == name).ok_or_else(unknown)
}

/// Whether the amplitudes of a component are linear: `"amp": "linear"`.
fn linear(entry: &Map<String, Json>, component: &Component, place: &str) -> Result<bool> {
    let Some(json) = entry.get(AMP) else { return Ok(false) };
    let place = format!("{place}: `{AMP}`");
    let table = component.profile.parameters();
    if component.role == Role::Lens || !table.iter().any(|p| p.name == AMP) {
        return Err(Error::unknown("parameter", AMP, place, table.iter().map(|p| p.name)));
    }
    match json.as_str() {
        Some("linear") => Ok(true),
        _ => Err(form(&place, "\"linear\", or the key left out; a value stands under `parameters`")),
    }
}

/// `{ "names": [..], "matrix": [[..], ..] }`, a row for each name.
fn check_covariance(json: &Json, file: &str) -> Result<()> {
    let place = format!("{file}: `covariance`");
    let entry = object(json, &place)?;
    check_keys(entry, &place, &["names", "matrix"])?;
    let list = |json: Option<&Json>| json.and_then(Json::as_array).cloned();
    let (names, rows) = (list(entry.get("names")), list(entry.get("matrix")));
    let square = names.zip(rows).is_some_and(|(names, rows)| {
        let row =
            |row: &Json| row.as_array().is_some_and(|row| row.len() == names.len() && row.iter().all(Json::is_number));
        names.iter().all(Json::is_string) && rows.len() == names.len() && rows.iter().all(row)
    });
    if square { Ok(()) } else { Err(form(&place, "the `names` of parameters and a `matrix` of a row for each")) }
}

fn component(
    json: &Json,
    role: Role,
    place: &str,
    (folder, profiles): (&Path, &Profiles),
    bands: &[DataFiles],
) -> Result<(Component, Shines)> {
    let entry = object(json, place)?;
    let own = entry.get("profile").and_then(Json::as_str).map_or(&[][..], |name| role.keys(name, profiles));
    // Points and the cosmology are what they are.
    let own = if matches!(role, Role::Points | Role::Cosmology) { role.keys(role.key(), profiles) } else { own };
    let known: &[&str] = match role {
        Role::Points => &["name", "parameters"],
        Role::Cosmology | Role::Band => &["parameters"],
        Role::Lens => &[&COMPONENT_KEYS[..], &[REDSHIFT]].concat(),
        Role::Source => &[&COMPONENT_KEYS[..], &[REDSHIFT], &shines::KEYS].concat(),
        Role::Light => &[&COMPONENT_KEYS[..], &shines::KEYS].concat(),
    };
    check_keys(entry, place, &[known, own].concat())?;
    let text = |key: &'static str, hint| {
        let missing = || Error::MissingKey { place: place.to_owned(), key, hint };
        entry.get(key).and_then(Json::as_str).ok_or_else(missing)
    };
    let name = match role {
        Role::Cosmology => role.key(),
        _ => text("name", "a text that no other component has")?,
    };
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(form(&format!("{place}: `name`"), "a text without control characters, which is not empty"));
    }
    let (place, profile) = match role {
        Role::Cosmology => (place.to_owned(), role.key()),
        Role::Points => (format!("{place}: `{name}`"), role.key()),
        _ => (format!("{place}: component `{name}`"), text("profile", "the name of a profile")?),
    };
    let unknown = || Error::unknown("profile", profile, place.as_str(), role.names(profiles));
    let keys = Keys::new(&place, folder, entry);
    let profile = role.profile(profile, profiles, &keys)?.ok_or_else(unknown)?;
    let count = match entry.get("count") {
        None => 1,
        Some(count) => count
            .as_u64()
            .filter(|n| (1..=MOST_COPIES).contains(n))
            .ok_or_else(|| form(&format!("{place}: `count`"), "a whole number from 1 to 20"))?
            as usize,
    };
    if count > 1 && profile.parameters().iter().any(|p| p.size > 1) {
        return Err(form(&format!("{place}: `count`"), "1, for a profile one of whose parameters is a vector"));
    }
    let shines = Shines::read(entry, role, profile.parameters(), bands, &place)?;
    let Given { fixed, start } = match entry.get("parameters") {
        None => Given::default(),
        Some(json) => given(json, profile.parameters(), count, &place, (&shines, None))?,
    };
    let component = Component {
        name: name.to_owned(),
        role,
        profile,
        count,
        fixed,
        start,
        redshift: redshift(entry, &place)?,
        linear: false,
        band: None,
        per_band: vec![],
    };
    Ok((Component { linear: linear(entry, &component, &place)?, ..component }, shines))
}

/// The values of parameters that are fixed, and of those that are free.
#[derive(Default)]
struct Given {
    fixed: BTreeMap<&'static str, Vec<f64>>,
    start: BTreeMap<&'static str, Vec<f64>>,
}

/// The values of `parameters` for a band, or for all; what is said of a band goes before what is said of all.
fn given(
    json: &Json,
    table: &'static [ProfileParameter],
    count: usize,
    place: &str,
    (shines, of_band): (&Shines, Option<&String>),
) -> Result<Given> {
    let mut given = Given::default();
    let entries = object(json, &format!("{place}: `parameters`"))?.iter().map(|(name, entry)| {
        let (parameter, band) = shines.parameter(name, table, place)?;
        Ok((name, parameter, band, entry))
    });
    let mut entries = entries.collect::<Result<Vec<_>>>()?;
    entries.sort_by_key(|(_, _, band, _)| band.is_some());
    for (name, parameter, band, entry) in entries {
        let here = format!("{place}: `{name}`");
        let entry = object(entry, &here)?;
        check_keys(entry, &here, &["value", "free"])?;
        let free = match entry.get("free") {
            None => false,
            Some(free) => free.as_bool().ok_or_else(|| form(&format!("{here}: `free`"), "true or false"))?,
        };
        let values = match entry.get("value") {
            Some(Json::Array(list)) if list.len() == count * parameter.size => {
                list.iter().map(Json::as_f64).collect::<Option<Vec<_>>>()
            }
            Some(number) => number.as_f64().map(|v| vec![v]),
            None => None,
        };
        let expected = || match parameter.size {
            1 => "{ \"value\": a number }, or a list of one for each of `count`".to_owned(),
            size => format!("{{ \"value\": a number }}, or a list of {size}"),
        };
        let values = values.ok_or_else(|| Error::WrongForm { place: here.clone(), expected: expected() })?;
        let (low, high) = parameter.kind.support();
        let inside = |v: &f64| low < *v && *v < high || (low..=high).contains(v) && parameter.kind.includes_ends();
        if let Some(bad) = values.iter().find(|v| !inside(v)) {
            return Err(Error::OutOfSupport { name: here, value: *bad, support: format!("{low} to {high}") });
        }
        if band.is_some() && band != of_band.map(String::as_str) {
            continue;
        }
        let Given { fixed, start } = &mut given;
        let (into, other) = if free { (start, fixed) } else { (fixed, start) };
        into.insert(parameter.name, values);
        other.remove(parameter.name);
    }
    round_enough(&given, count, place)?;
    Ok(given)
}

/// The two components of an ellipticity must have a length below one.
fn round_enough(given: &Given, count: usize, place: &str) -> Result<()> {
    let all = |name| given.fixed.get(name).or(given.start.get(name));
    let (Some(e1), Some(e2)) = (all("e1"), all("e2")) else { return Ok(()) };
    let at = |values: &[f64], copy| values.get(copy).or(values.first()).copied().unwrap_or(0.0);
    let count = count.max(e1.len()).max(e2.len());
    let length = (0..count).map(|copy| at(e1, copy).hypot(at(e2, copy))).fold(0.0, f64::max);
    if length < 1.0 {
        return Ok(());
    }
    Err(Error::OutOfSupport { name: format!("{place}: |e1 + i e2|"), value: length, support: "0 to 1".to_owned() })
}
