//! Reading: a file of the standard as a system file.

use serde_json::{Map, Value as Json, json};

use super::angle::{ellipticity, polar};
use super::profile::{Counterpart, Field, LIGHT, MASS, kind_of};
use super::{observation, prior};
use crate::error::{Error, Result};
use crate::exchange::Converted;
use crate::exchange::entry::{Entry, component, fresh};
use crate::parameter::ParameterKind;
use crate::system::Role;

/// The system file that a file of the standard stands for; `place` names the file in messages, paths in it are relative to its folder.
///
/// A parameter with a value is fixed if the standard says so, and otherwise free with the value for a start. Priors of `q`, `phi`,
/// `gamma_ext` and `phi_ext`, posterior statistics and redshifts have no place in a system file; notes say which there were.
///
/// # Errors
/// Another form than the standard's; profiles without a counterpart; several planes of lenses or of sources; a field of view that is not
/// centred on the origin.
pub fn read(json: &Json, place: &str) -> Result<Converted> {
    let file = Entry::new(json, place);
    let mut notes = vec![];
    let pixel = file.need("instrument", "its `pixel_size`")?.need("pixel_size", "arcsec per pixel")?;
    let scale = pixel.number()?;
    if !(scale > 0.0 && scale.is_finite()) {
        return Err(Error::OutOfSupport { name: pixel.place, value: scale, support: "above 0".to_owned() });
    }
    let data = observation::read(&file, scale, &mut notes)?;
    let entities = file.need("lensing_entities", "a list of galaxies and mass fields")?.list()?;
    let planes = Planes::of(&entities)?;
    planes.note(&mut notes);
    let mut reader = Reader { area: scale * scale, priors: Map::new(), taken: vec![], notes, statistics: false };
    let mut given = written_here(&file)?.into_iter();
    let mut lists = Role::ALL.map(|role| (role, vec![]));
    for entity in &entities {
        let own = entity.need("name", "a text")?.text()?;
        let light_role = planes.role_of_light(entity)?;
        let [mass, light] = ["mass_model", "light_model"].map(|key| entity.list_of(key));
        let mass = mass?.into_iter().map(|profile| (Role::Lens, &MASS[..], profile));
        for (role, table, profile) in mass.chain(light?.into_iter().map(|profile| (light_role, &LIGHT[..], profile))) {
            let (name, role) = match given.next() {
                Some((name, noted)) => (name, noted.unwrap_or(role)),
                None => (named(own, role), role),
            };
            let entry = reader.component(&name, table, &profile)?;
            lists.iter_mut().filter(|(r, _)| *r == role).for_each(|(_, list)| list.push(entry.clone()));
        }
    }
    if reader.statistics {
        reader.notes.push("posterior statistics are left out: a system file has none".to_owned());
    }
    let mut system = json!({ "data": data });
    for (role, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        system[role.key()] = Json::Array(list);
    }
    if !reader.priors.is_empty() {
        system["priors"] = Json::Object(reader.priors);
    }
    Ok(Converted { json: system, notes: reader.notes })
}

/// Names and roles that arclet has noted when it wrote the file.
fn written_here(file: &Entry<'_>) -> Result<Vec<(String, Option<Role>)>> {
    let Some(meta) = file.get("meta")? else { return Ok(vec![]) };
    let Some(ours) = meta.get("arclet")? else { return Ok(vec![]) };
    let one = |entry: Entry<'_>| {
        let role = entry.need("role", "lens, light or source")?.text()?;
        let name = entry.need("name", "a text")?.text()?;
        Ok((name.to_owned(), Role::ALL.into_iter().find(|r| *r != Role::Band && r.key() == role)))
    };
    ours.list_of("components")?.into_iter().map(one).collect()
}

/// The name of a component of an entity: a site has one point.
fn named(entity: &str, role: Role) -> String {
    let clean: String = entity.chars().map(|c| if c == '.' || c.is_control() { '_' } else { c }).collect();
    let clean = if clean.is_empty() { "entity".to_owned() } else { clean };
    if role == Role::Light { format!("{clean} light") } else { clean }
}

/// The redshifts of what deflects and of what lies behind it.
struct Planes {
    lens: Option<f64>,
    source: Option<f64>,
}

impl Planes {
    fn of(entities: &[Entry<'_>]) -> Result<Self> {
        let mut planes = Planes { lens: None, source: None };
        for entity in entities {
            if let (Some(z), false) = (redshift(entity)?, entity.list_of("mass_model")?.is_empty()) {
                one_plane(&mut planes.lens, z, "deflectors", entity)?;
            }
        }
        for entity in entities {
            if planes.role_of_light(entity)? == Role::Source
                && let Some(z) = redshift(entity)?
            {
                one_plane(&mut planes.source, z, "sources", entity)?;
            }
        }
        Ok(planes)
    }

    /// Behind what deflects is a source; without redshifts, what does not deflect itself.
    fn role_of_light(&self, entity: &Entry<'_>) -> Result<Role> {
        let behind = match (redshift(entity)?, self.lens) {
            (Some(z), Some(lens)) => z > lens,
            _ => entity.list_of("mass_model")?.is_empty(),
        };
        Ok(if behind { Role::Source } else { Role::Light })
    }

    fn note(&self, notes: &mut Vec<String>) {
        let flag = |name: &str, z: Option<f64>| z.map(|z| format!("--z-{name} {z}"));
        let flags: Vec<String> = [flag("lens", self.lens), flag("source", self.source)].into_iter().flatten().collect();
        if !flags.is_empty() {
            notes.push(format!(
                "redshifts are left out: a system file has none; `arclet export` takes {}",
                flags.join(" ")
            ));
        }
    }
}

fn redshift(entity: &Entry<'_>) -> Result<Option<f64>> {
    entity.get("redshift")?.map(|z| z.number()).transpose()
}

fn one_plane(plane: &mut Option<f64>, z: f64, what: &str, entity: &Entry<'_>) -> Result<()> {
    match *plane {
        Some(other) if (other - z).abs() > 1e-9 => {
            let (place, expected) =
                (entity.place.clone(), format!("all {what} at one redshift, not at {other} and {z}"));
            Err(Error::WrongForm { place, expected })
        }
        _ => {
            *plane = Some(z);
            Ok(())
        }
    }
}

struct Reader {
    /// Of a pixel, square arcsec.
    area: f64,
    priors: Map<String, Json>,
    taken: Vec<String>,
    notes: Vec<String>,
    /// Whether there are posterior statistics.
    statistics: bool,
}

/// What the standard says of a parameter.
struct Point {
    value: Option<f64>,
    fixed: bool,
}

impl Reader {
    fn component(&mut self, name: &str, table: &[Counterpart], profile: &Entry<'_>) -> Result<Json> {
        let kind = profile.need("type", "the name of a profile")?;
        let counterpart = table.iter().find(|c| Some(c.theirs) == kind.json.as_str()).ok_or_else(|| {
            let known = table.iter().map(|c| c.theirs).collect::<Vec<_>>().join(", ");
            Error::NoCounterpart { place: kind.place.clone(), name: kind.json.to_string(), known }
        })?;
        let (name, parameters) = (fresh(name, &mut self.taken), profile.need("parameters", "an object")?);
        let mut given = Map::new();
        for field in counterpart.fields {
            match *field {
                Field::Same(theirs, ours) => {
                    self.one(&parameters, theirs, (&name, counterpart.ours, ours), 1.0, &mut given)?
                }
                Field::Brightness(theirs, ours) => {
                    self.one(&parameters, theirs, (&name, counterpart.ours, ours), self.area, &mut given)?;
                }
                Field::Ellipse => self.two(&parameters, ["q", "phi"], ["e1", "e2"], ellipticity, &mut given)?,
                Field::Shear => {
                    self.two(&parameters, ["gamma_ext", "phi_ext"], ["gamma1", "gamma2"], polar, &mut given)?;
                }
            }
        }
        Ok(component(&name, counterpart.ours, given))
    }

    fn point(&mut self, parameter: &Entry<'_>) -> Result<Point> {
        let estimate = parameter.get("point_estimate")?;
        let value = estimate.map(|e| e.get("value")?.map(|v| v.number()).transpose()).transpose()?.flatten();
        let fixed = parameter.get("fixed")?.map_or(Ok(false), |f| f.is_true())?;
        if let Some(statistics) = parameter.get("posterior_stats")? {
            self.statistics |= statistics.object()?.values().any(|v| !v.is_null());
        }
        Ok(Point { value, fixed })
    }

    /// A parameter that is one of ours, `factor` times as large.
    fn one(
        &mut self,
        parameters: &Entry<'_>,
        theirs: &'static str,
        (name, profile, ours): (&str, &str, &'static str),
        factor: f64,
        given: &mut Map<String, Json>,
    ) -> Result<()> {
        let Some(parameter) = parameters.get(theirs)? else { return Ok(()) };
        let Point { value, fixed } = self.point(&parameter)?;
        if let Some(value) = value {
            given.insert(ours.to_owned(), stated(factor * value, fixed));
        }
        if !fixed
            && let Some(kind) = kind_of(profile, ours)
            && let Some(prior) = prior::read(&parameter, kind, factor)?
        {
            self.priors.insert(format!("{name}.{ours}"), prior);
        }
        Ok(())
    }

    /// Two parameters that are two others here.
    fn two(
        &mut self,
        parameters: &Entry<'_>,
        theirs: [&'static str; 2],
        ours: [&'static str; 2],
        convert: fn(f64, f64) -> [f64; 2],
        given: &mut Map<String, Json>,
    ) -> Result<()> {
        let mut points = vec![];
        for name in theirs {
            let Some(parameter) = parameters.get(name)? else { continue };
            if prior::read(&parameter, ParameterKind::Center, 1.0)?.is_some() {
                let [a, b] = ours;
                self.notes.push(format!("{}: its prior is left out, as `{a}` and `{b}` are sampled", parameter.place));
            }
            points.push((self.point(&parameter)?, parameter.place));
        }
        let [(a, place), (b, _)] = &points[..] else { return Ok(()) };
        match (a.value, b.value) {
            (Some(first), Some(second)) => {
                if a.fixed != b.fixed {
                    let [p, q] = theirs;
                    self.notes.push(format!("{place}: `{p}` or `{q}` alone is fixed; both are free here"));
                }
                for (name, value) in ours.into_iter().zip(convert(first, second)) {
                    given.insert(name.to_owned(), stated(value, a.fixed && b.fixed));
                }
            }
            (None, None) => {}
            _ => self
                .notes
                .push(format!("{place}: `{}` or `{}` alone has a value, which is left out", theirs[0], theirs[1])),
        }
        Ok(())
    }
}

fn stated(value: f64, fixed: bool) -> Json {
    if fixed { json!({ "value": value }) } else { json!({ "value": value, "free": true }) }
}
