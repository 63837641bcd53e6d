//! Libraries of the CUDA toolkit, found where toolkits are installed.
#![allow(unsafe_code)]

use std::path::{Path, PathBuf};

/// Loads libraries by their full paths, after which they are found by name: the first file of a toolkit that begins with each of these
/// names, in order, as one may need another. Whether the last of them is there.
pub fn preload(names: &[&str]) -> bool {
    let named = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let mut folders = named.chain([PathBuf::from("/usr/local/cuda")]).map(|home| home.join("lib64"));
    folders.any(|folder| names.iter().fold(false, |_, name| load(&folder, name)))
}

fn load(folder: &Path, name: &str) -> bool {
    let Ok(files) = std::fs::read_dir(folder) else { return false };
    let called = |file: &PathBuf| file.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name));
    let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(called).collect();
    files.sort();
    // SAFETY: libraries of the CUDA toolkit do nothing but define functions when they are loaded. They stay loaded.
    files.iter().any(|file| unsafe { libloading::Library::new(file) }.map(std::mem::forget).is_ok())
}
