//! The golden files, where they are at hand.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

/// The golden file of that name, or a line that says that the test was skipped.
pub fn golden(name: &str) -> Option<Value> {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let data = env::var_os("ARCLET_DATA").map_or_else(|| PathBuf::from(workspace).join("../shared"), PathBuf::from);
    let path = data.join("golden").join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: no {}; set ARCLET_DATA to the folder of the golden data", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("golden files are JSON"))
}
