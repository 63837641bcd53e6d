//! Reading the `data` entry of a system file: one image, or a list of bands.

use serde_json::{Map, Value as Json};

use super::entry::{check_keys, form, object};
use super::read_bands::named;
use crate::data::DataFiles;
use crate::error::{Error, Result};

/// The keys of `data` that hold whole numbers; what is neither among them nor a path is a number.
const WHOLE: [&str; 3] = ["supersampling", "psf_supersampling", "noise_reach"];

/// The data of several bands.
pub(super) fn read_bands(list: &[Json], place: &str) -> Result<Vec<DataFiles>> {
    let read = |(name, entry): (String, Map<String, Json>)| {
        let files = read_data(&Json::Object(entry), &format!("{place}: band `{name}`"))?;
        Ok(DataFiles { name: Some(name), ..files })
    };
    named(list, place)?.into_iter().map(read).collect()
}

pub(super) fn read_data(json: &Json, place: &str) -> Result<DataFiles> {
    let entry = object(json, place)?;
    check_keys(entry, place, DataFiles::KEYS)?;
    let list = |value: &Json, len: usize, of: fn(&Json) -> bool| {
        value.as_array().is_some_and(|list| list.len() == len && list.iter().all(of))
    };
    let whole = |value: &Json| value.as_u64().is_some_and(|n| n > 0);
    for (key, value) in entry.iter().filter(|(key, value)| !(value.is_null() && *key != "psf_supersampling")) {
        let (right, expected) = match key.as_str() {
            path if DataFiles::PATHS.contains(&path) => (value.is_string(), "a path in quotes, such as \"image.fits\""),
            count if WHOLE.contains(&count) => (value.is_u64(), "a whole number, such as 3"),
            "size" => (list(value, 2, whole), "width and height in pixels, such as [100, 100]"),
            "mask_center" => (list(value, 2, Json::is_number), "x and y in arcsec, such as [0.1, -0.2]"),
            "noise_patch" => (list(value, 4, Json::is_u64), "x, y, width and height in pixels, such as [0, 0, 50, 40]"),
            _ => (value.is_number(), "a number, such as 0.05"),
        };
        if !right {
            return Err(form(&format!("{place}: `{key}`"), expected));
        }
    }
    serde_json::from_value(json.clone()).map_err(|cause| Error::BadKey { place: place.to_owned(), cause })
}
