//! An entry of a system file: an object of keys that are known, or the error that says what was expected.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

pub(super) fn object<'a>(json: &'a Json, place: &str) -> Result<&'a Map<String, Json>> {
    json.as_object().ok_or_else(|| form(place, "an object { .. }"))
}

pub(super) fn form(place: &str, expected: &'static str) -> Error {
    Error::WrongForm { place: place.to_owned(), expected: expected.to_owned() }
}

pub(super) fn check_keys(object: &Map<String, Json>, place: &str, known: &[&str]) -> Result<()> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Error::unknown("key", key, place, known.iter().copied())),
        None => Ok(()),
    }
}
