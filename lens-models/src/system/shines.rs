//! Shines: the bands that a component is seen in, and what of it differs from one to the next.

use serde_json::{Map, Value as Json};

use super::component::Role;
use crate::data::DataFiles;
use crate::error::{Error, Result};
use crate::op::AMP;
use crate::parameter::ProfileParameter;

/// The keys of it in a component.
pub(super) const KEYS: [&str; 2] = [BANDS, PER_BAND];
const BANDS: &str = "bands";
const PER_BAND: &str = "per_band";

/// What the entry of a component says of bands.
pub(super) struct Shines {
    /// Those that it shines in, by name; none where there is one image, or for what is the same in all.
    pub bands: Vec<String>,
    /// The parameters that each of them has for itself.
    pub per_band: Vec<&'static str>,
}

impl Shines {
    /// Reads the entry of a component; without its keys it shines in all bands, with an amplitude in each.
    ///
    /// # Errors
    /// Bands where there is one image; an empty list of bands, a band or a parameter that there is not.
    pub fn read(
        entry: &Map<String, Json>,
        role: Role,
        table: &'static [ProfileParameter],
        bands: &[DataFiles],
        place: &str,
    ) -> Result<Self> {
        if bands.is_empty() || !matches!(role, Role::Light | Role::Source) {
            return match KEYS.iter().find(|key| entry.contains_key(**key)) {
                Some(key) => Err(Error::WrongForm {
                    place: format!("{place}: `{key}`"),
                    expected: "several bands: `data` a list of images, each with a `name`".to_owned(),
                }),
                None => Ok(Shines { bands: vec![], per_band: vec![] }),
            };
        }
        let all: Vec<&str> = bands.iter().filter_map(|band| band.name.as_deref()).collect();
        let shines = match names(entry, BANDS, place)? {
            None => all.clone(),
            Some(names) => names,
        };
        let here = format!("{place}: `{BANDS}`");
        if shines.is_empty() {
            let expected = "the name of one band at least, or the key left out for all of them".to_owned();
            return Err(Error::WrongForm { place: here, expected });
        }
        for (k, name) in shines.iter().enumerate() {
            if !all.contains(name) {
                return Err(Error::unknown("band", name, here, all));
            }
            if shines[..k].contains(name) {
                return Err(Error::WrongForm {
                    place: here,
                    expected: format!("each band once; `{name}` is there twice"),
                });
            }
        }
        let known = |name: &str| table.iter().find(|p| p.name == name).map(|p| p.name);
        let per_band = match names(entry, PER_BAND, place)? {
            None => known(AMP).into_iter().collect(),
            Some(names) => {
                let unknown = |name: &str| {
                    Error::unknown("parameter", name, format!("{place}: `{PER_BAND}`"), table.iter().map(|p| p.name))
                };
                names.into_iter().map(|name| known(name).ok_or_else(|| unknown(name))).collect::<Result<_>>()?
            }
        };
        // In the order of the data, whatever the order of the list.
        let bands = all.into_iter().filter(|name| shines.contains(name)).map(str::to_owned).collect();
        Ok(Shines { bands, per_band })
    }

    /// The parameter that a key of `parameters` is of, and the band, where it names one: `amp`, or `f814w.amp`.
    ///
    /// # Errors
    /// A parameter, a band, or a parameter of a band, that there is not.
    pub fn parameter<'k>(
        &self,
        key: &'k str,
        table: &'static [ProfileParameter],
        place: &str,
    ) -> Result<(&'static ProfileParameter, Option<&'k str>)> {
        let (band, name) = match key.split_once('.') {
            Some((band, name)) if !self.bands.is_empty() => (Some(band), name),
            _ => (None, key),
        };
        let unknown = || Error::unknown("parameter", key, place, table.iter().map(|p| p.name));
        let parameter = table.iter().find(|p| p.name == name).ok_or_else(unknown)?;
        let Some(band) = band else { return Ok((parameter, None)) };
        if !self.bands.iter().any(|known| known == band) {
            return Err(Error::unknown(
                "band",
                band,
                format!("{place}: `{key}`"),
                self.bands.iter().map(String::as_str),
            ));
        }
        if !self.per_band.contains(&name) {
            let expected = format!("a parameter that each band has for itself; add \"{name}\" to `{PER_BAND}`");
            return Err(Error::WrongForm { place: format!("{place}: `{key}`"), expected });
        }
        Ok((parameter, Some(band)))
    }
}

/// A list of names.
fn names<'a>(entry: &'a Map<String, Json>, key: &str, place: &str) -> Result<Option<Vec<&'a str>>> {
    let Some(json) = entry.get(key) else { return Ok(None) };
    let list = json.as_array().and_then(|list| list.iter().map(Json::as_str).collect::<Option<Vec<_>>>());
    let wrong =
        || Error::WrongForm { place: format!("{place}: `{key}`"), expected: "a list of names in quotes".to_owned() };
    list.map(Some).ok_or_else(wrong)
}
