//! Reading bands: a list of images under `data`, each with a name, in all of which something shines.

use serde_json::{Map, Value as Json};

use super::component::{Component, Role};
use crate::data::DataFiles;
use crate::error::{Error, Result};

/// The names of bands become parts of sites, files and extensions.
const MOST_LETTERS: usize = 32;

/// The entries of a list of images by their names, without these and without where they lie.
///
/// # Errors
/// An empty list; an entry without a name, or with that of another.
pub(super) fn named(list: &[Json], place: &str) -> Result<Vec<(String, Map<String, Json>)>> {
    let wrong = |place: String, expected: &str| Error::WrongForm { place, expected: expected.to_owned() };
    let mut all: Vec<(String, Map<String, Json>)> = vec![];
    for json in list {
        let entry = json.as_object().ok_or_else(|| wrong(place.to_owned(), "objects { .. }, one for each image"))?;
        let mut entry = entry.clone();
        let hint = "a name of its own, such as \"f814w\", as there is a list of images";
        let missing = || Error::MissingKey { place: place.to_owned(), key: "name", hint };
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let name = entry.shift_remove("name").ok_or_else(missing)?;
        let name = name.as_str().filter(|n| (1..=MOST_LETTERS).contains(&n.len()) && n.chars().all(letter));
        let expected = "1 to 32 letters, digits, - and _, such as \"f814w\"";
        let name = name.ok_or_else(|| wrong(format!("{place}: `name`"), expected))?.to_owned();
        // Extensions of FITS files and names of files are not told apart by case everywhere.
        if all.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
            return Err(Error::DuplicateName { kind: "band", name });
        }
        entry.shift_remove("parameters");
        all.push((name, entry));
    }
    if all.is_empty() {
        return Err(wrong(place.to_owned(), "an image { .. }, or a list of one at least, each with a `name`"));
    }
    Ok(all)
}

/// Checks that something shines in a band, that its name is no component's, and that the first one, which the others are registered to,
/// lies nowhere else; returns its place in the file.
///
/// # Errors
/// The first of these that does not hold.
pub(super) fn check_band(components: &[Component], band: &DataFiles, first_lies: bool, file: &str) -> Result<String> {
    let name = band.name.clone().unwrap_or_default();
    let place = format!("{file}: `data`: band `{name}`");
    let site =
        |c: &Component| c.name == name || components.iter().any(|other| c.name == format!("{}.{name}", other.name));
    if let Some(taken) = components.iter().find(|c| c.role != Role::Band && site(c)) {
        return Err(Error::DuplicateName { kind: "band or component", name: taken.name.clone() });
    }
    let shines = |c: &Component| matches!(c.role, Role::Light | Role::Source) && c.band.as_ref() == Some(&name);
    if !components.iter().any(shines) {
        let expected = "a component of `light` or `source` that shines in it".to_owned();
        return Err(Error::WrongForm { place, expected });
    }
    if first_lies {
        let expected = "no such key in the first band, which the others are registered to".to_owned();
        return Err(Error::WrongForm { place: format!("{place}: `parameters`"), expected });
    }
    Ok(place)
}
