//! The real galaxies, where they are at hand.

use std::path::{Path, PathBuf};

/// The folder of the real galaxies, or `None` with a line that says what was skipped.
pub fn galaxies() -> Option<PathBuf> {
    let root = std::env::var_os("ARCLET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let data = if root.join("galaxies").is_dir() { root } else { root.join("data") }.join("galaxies");
    if !data.is_dir() {
        println!("skipped: no real galaxies at {} (set ARCLET_DATA)", data.display());
        return None;
    }
    Some(data)
}
