//! Checkpoints: an engine on disk, whole or not at all, from which it goes on bit for bit.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::solver::Engine;
use ppl_core::atomic;
use serde::{Serialize, de::DeserializeOwned};

/// First bytes of a checkpoint, before the engine's name; the number goes up whenever the layout of any engine changes.
const MAGIC: &str = "arclet checkpoint 2 ";

/// Writes an engine; a file of that name is replaced only once the new one is whole.
///
/// # Errors
/// Where the file cannot be written.
pub fn save<T: ?Sized, E: Engine<T>>(engine: &E, path: &Path) -> Result<()> {
    write(path, E::name(), engine)
}

/// Reads an engine for this target.
///
/// # Errors
/// Where the file cannot be read, or holds something else.
pub fn load<T: ?Sized, E: Engine<T>>(_for: &T, path: &Path) -> Result<E> {
    read(path, E::name())
}

/// Writes what is called `name`.
pub(crate) fn write(path: &Path, name: &'static str, body: &impl Serialize) -> Result<()> {
    let write = |out: &mut BufWriter<File>| {
        out.write_all(head(name).as_bytes())?;
        postcard::to_io(body, out).map(drop).map_err(io::Error::other)
    };
    atomic::replace(path, write).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })
}

/// Reads what is called `name`.
pub(crate) fn read<B: DeserializeOwned>(path: &Path, name: &'static str) -> Result<B> {
    let bytes = fs::read(path).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })?;
    let body = bytes.strip_prefix(head(name).as_bytes()).and_then(|body| postcard::from_bytes(body).ok());
    body.ok_or_else(|| Error::CheckpointFormat { path: path.to_owned(), solver: name })
}

fn head(name: &str) -> String {
    format!("{MAGIC}{name}\n")
}
