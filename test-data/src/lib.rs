//! Data that tests need and the repository cannot carry: found, or the test says on stderr that it was skipped.
//!
//! ```no_run
//! # fn a_test() {
//! let Some(lens) = test_data::find("data/slacs/J0008-0004") else { return };
//! # }
//! ```
//!
//! | variable | meaning |
//! |---|---|
//! | `ARCLET_DATA` | the folder of the data, relative to the workspace; `../shared` where it is not set |
//! | `ARCLET_REQUIRE_DATA` | set to 1: data that are not there fail the test |
//! | `ARCLET_SKIPPED` | a file that gets a line for every skipped test, which `.ci/run` counts |

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::{env, thread};

/// The folder of the data, whether or not it is there.
pub fn folder() -> PathBuf {
    resolve(env::var_os("ARCLET_DATA"))
}

/// A file or folder of the data; `None`, and a line on stderr, where it is absent.
///
/// # Panics
/// Where it is absent and `ARCLET_REQUIRE_DATA=1`.
#[track_caller]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("no {}; set ARCLET_DATA to the folder that holds {name}", path.display());
    assert!(!required(env::var_os("ARCLET_REQUIRE_DATA")), "{reason} (ARCLET_REQUIRE_DATA is set)");
    skip(&reason);
    None
}

/// A JSON file of the data; `None`, and a line on stderr, where it is absent.
///
/// # Panics
/// Where it is absent and `ARCLET_REQUIRE_DATA=1`; where it is no JSON.
#[track_caller]
pub fn json(name: &str) -> Option<serde_json::Value> {
    let path = find(name)?;
    let read = fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    Some(read.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Whether a program can be run; a line on stderr where it cannot.
#[track_caller]
pub fn has(program: &str) -> bool {
    let there = std::process::Command::new(program).arg("--version").output().is_ok();
    if !there {
        skip(&format!("there is no `{program}`"));
    }
    there
}

/// Says that the running test, or a part of it, is skipped, and why: on stderr past the test harness, and in `ARCLET_SKIPPED`.
#[track_caller]
pub fn skip(reason: &str) {
    let place = Location::caller();
    // The test harness names the thread of a test after it.
    let current = thread::current();
    let test = current.name().filter(|name| *name != "main").unwrap_or("a test");
    let line = format!("skipped: {test} ({}:{}): {reason}\n", place.file(), place.line());
    // Unlike `eprint!`, this is not captured by the harness. One write a line keeps lines of many threads apart.
    let told = io::stderr().write_all(line.as_bytes());
    let noted = env::var_os("ARCLET_SKIPPED")
        .map_or(Ok(()), |path| OpenOptions::new().create(true).append(true).open(path)?.write_all(line.as_bytes()));
    assert!(told.and(noted).is_ok(), "cannot write that {test} is skipped: {reason}");
}

fn resolve(set: Option<OsString>) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    workspace.join(set.unwrap_or_else(|| "../shared".into()))
}

fn required(set: Option<OsString>) -> bool {
    set.is_some_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_folder_is_relative_to_the_workspace() {
        let workspace = resolve(Some("".into()));
        assert!(workspace.join("test-data/Cargo.toml").is_file() && workspace.join("ppl-core").is_dir());
        assert_eq!(resolve(None), workspace.join("../shared"));
        assert_eq!(resolve(Some("data".into())), workspace.join("data"));
        assert_eq!(resolve(Some("/data".into())), Path::new("/data"));
    }

    #[test]
    fn data_are_required_by_any_value_but_0() {
        assert_eq!(
            [None, Some(""), Some("0"), Some("1")].map(|v| required(v.map(OsString::from))),
            [false, false, false, true]
        );
    }
}
