//! The task of a fit: what it was told and what it reads, kept with its journal so that another process goes on with the same.

use std::path::{Path, PathBuf};

use arclet::lens::data::DataFiles;
use arclet::lens::system::System;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::args::FitArguments;
use super::failure::{Failure, Result};

/// A fit as it was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    /// The version that began it.
    arclet: String,
    /// The folder that it was begun in, which its paths start from.
    pub folder: PathBuf,
    /// Its arguments.
    pub arguments: FitArguments,
    /// What it reads.
    inputs: Vec<Input>,
}

/// A file that is read, and what tells whether it has changed.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    path: PathBuf,
    bytes: usize,
    fnv: u64,
}

impl Task {
    /// The task of a command line, whose system was read from `text`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(arguments: &FitArguments, system: &System, text: &str) -> Result<Self> {
        let named = arguments.system.iter().chain(&arguments.priors).cloned();
        let inputs = named.chain(read_by(system, text)).map(|path| Input::of(&path)).collect::<Result<_>>()?;
        let folder = std::env::current_dir().map_err(Failure::ours)?;
        Ok(Task { arclet: env!("CARGO_PKG_VERSION").to_owned(), folder, arguments: arguments.clone(), inputs })
    }

    /// The files that it reads.
    pub fn inputs(&self) -> Vec<&Path> {
        self.inputs.iter().map(|input| input.path.as_path()).collect()
    }

    /// As text.
    ///
    /// # Errors
    /// A path that is no text.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|cause| Failure::user(format!("a path cannot be kept: {cause}; rename it")))
    }

    /// Reads a task and checks that nothing has changed since.
    ///
    /// # Errors
    /// A task of another version; an input that has changed.
    pub fn read(bytes: &[u8], folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let anew = "begin anew with --force";
        let task: Task = serde_json::from_slice(bytes)
            .map_err(|cause| Failure::user(format!("the task in {shown} cannot be read: {cause}; {anew}")))?;
        if task.arclet != env!("CARGO_PKG_VERSION") {
            let (theirs, ours) = (&task.arclet, env!("CARGO_PKG_VERSION"));
            return Err(Failure::user(format!(
                "the fit in {shown} was begun by arclet {theirs}, this is {ours}; go on with that one, or {anew}"
            )));
        }
        for input in &task.inputs {
            let now = Input::of(&input.path)?;
            if (now.bytes, now.fnv) != (input.bytes, input.fnv) {
                let path = input.path.display();
                return Err(Failure::user(format!("{path} has changed since the fit in {shown} was begun; {anew}")));
            }
        }
        Ok(task)
    }
}

impl Input {
    fn of(path: &Path) -> Result<Self> {
        let failed = |e: &std::io::Error| Failure::io("read", path, e);
        let (whole, bytes) =
            (path.canonicalize().map_err(|e| failed(&e))?, std::fs::read(path).map_err(|e| failed(&e))?);
        // FNV-1a, 64 bits: a change that nobody meant is seen.
        let fnv = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Ok(Input { path: whole, bytes: bytes.len(), fnv })
    }
}

/// The files that a system names: its data, and the weights of its components.
fn read_by(system: &System, text: &str) -> Vec<PathBuf> {
    let data = system.files().flat_map(DataFiles::paths);
    let json: Json = serde_json::from_str(text).unwrap_or_default();
    let roles = ["lens", "light", "source"].into_iter().filter_map(|role| json.get(role)?.as_array());
    let weights = roles.flatten().filter_map(|component| component.get("weights")?.as_str().map(PathBuf::from));
    let files = data.cloned().chain(weights).map(|path| system.folder.join(path));
    // `image.fits[SCI]` is the file before the bracket; weights may be a folder.
    let real = files.filter_map(|path| {
        let cut = path.to_str().and_then(|text| text.rsplit_once('[')).map(|(file, _)| PathBuf::from(file));
        [Some(path), cut].into_iter().flatten().find_map(|path| path.canonicalize().ok())
    });
    real.flat_map(|path| match std::fs::read_dir(&path) {
        Ok(inside) => {
            let mut files: Vec<PathBuf> = inside.flatten().map(|e| e.path()).collect();
            files.retain(|path| path.extension().is_some_and(|e| e == "safetensors"));
            files.sort();
            files
        }
        Err(_) => vec![path],
    })
    .collect()
}
