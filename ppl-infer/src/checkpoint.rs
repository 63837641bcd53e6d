//! Checkpoints: a solver on disk, whole or not at all, from which it goes on bit for bit.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ppl_core::LogDensity;

use crate::atomic;
use crate::error::{Error, Result};
use crate::solver::Solver;

/// First bytes of a checkpoint, before the solver's name; the number goes up whenever the layout of any solver changes.
const MAGIC: &str = "arclet checkpoint 2 ";

/// Writes a solver; a file of that name is replaced only once the new one is whole.
///
/// # Errors
/// Where the file cannot be written.
pub fn save<D: LogDensity + ?Sized, S: Solver<D>>(solver: &S, path: &Path) -> Result<()> {
    let write = |out: &mut BufWriter<File>| {
        out.write_all(head::<D, S>().as_bytes())?;
        postcard::to_io(solver, out).map(drop).map_err(io::Error::other)
    };
    atomic::replace(path, write).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })
}

/// Reads a solver for this density.
///
/// # Errors
/// Where the file cannot be read, or holds something else.
pub fn load<D: LogDensity + ?Sized, S: Solver<D>>(_for: &D, path: &Path) -> Result<S> {
    let bytes = fs::read(path).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })?;
    let solver = bytes.strip_prefix(head::<D, S>().as_bytes()).and_then(|body| postcard::from_bytes(body).ok());
    solver.ok_or_else(|| Error::CheckpointFormat { path: path.to_owned(), solver: S::name() })
}

fn head<D: LogDensity + ?Sized, S: Solver<D>>() -> String {
    format!("{MAGIC}{}\n", S::name())
}
