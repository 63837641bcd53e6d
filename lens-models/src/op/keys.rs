//! Keys: what a component of a system file says beside the keys that all components have.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

/// The entry of a component, as its [`LightKind`](super::LightKind) reads it.
pub struct Keys<'a> {
    place: &'a str,
    folder: &'a Path,
    entry: &'a Map<String, Json>,
}

impl<'a> Keys<'a> {
    /// The entry at a place of a file, paths in it being relative to `folder`.
    pub fn new(place: &'a str, folder: &'a Path, entry: &'a Map<String, Json>) -> Self {
        Keys { place, folder, entry }
    }

    /// Where the entry stands, for messages.
    pub fn place(&self) -> &str {
        self.place
    }

    /// The value of a key, where it is given.
    ///
    /// # Errors
    /// A value of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let read = |json: &Json| {
            let place = format!("{}: `{key}`", self.place);
            serde_json::from_value(json.clone()).map_err(|cause| Error::BadKey { place, cause })
        };
        self.entry.get(key).map(read).transpose()
    }

    /// The path that a key gives, from the folder of the file.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn path(&self, key: &str) -> Result<Option<PathBuf>> {
        Ok(self.get::<PathBuf>(key)?.map(|path| self.folder.join(path)))
    }
}
