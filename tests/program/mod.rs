//! The built program, run on systems small enough to be fitted in a fraction of a second.
#![allow(dead_code, reason = "each program of tests uses a part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use arclet::lens::fits::{Image, NamedImage, read_image, write_images};
use tempfile::TempDir;

/// A ring of 30 x 30 pixels: an isothermal ellipsoid in front of an exponential disc.
pub const SYSTEM: &str = r#"{
  "data": { "size": [30, 30], "pixel_scale": 0.12, "psf_fwhm": 0.25, "background_rms": 0.05 },
  "lens": [ { "name": "lens", "profile": "sie", "parameters": {
    "theta_E": { "value": 1.1 }, "e1": { "value": 0.1 }, "e2": { "value": -0.06 },
    "center_x": { "value": 0.03 }, "center_y": { "value": -0.02 } } } ],
  "source": [ { "name": "source", "profile": "sersic", "parameters": {
    "amp": { "value": 1.0 }, "R_sersic": { "value": 0.25 }, "n_sersic": { "value": 1.0 }, "e1": { "value": 0.12 },
    "e2": { "value": 0.15 }, "center_x": { "value": 0.07 }, "center_y": { "value": 0.11 } } } ]
}"#;

/// The list of what arclet wrote, in every folder that it makes.
pub const MANIFEST: &str = ".arclet";

/// Runs the program in `folder`.
pub fn arclet(folder: &Path, arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_arclet")).args(arguments).current_dir(folder).output();
    run.expect("the program was built for this test")
}

/// Runs it and wants success.
pub fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = arclet(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "arclet {}: {said}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("tables are UTF-8")
}

/// Runs the program and wants one line on stderr with all of `parts`, code 2, and nothing new in the folder.
#[track_caller]
pub fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let before = entries(folder);
    let output = arclet(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "arclet {}: {said}", arguments.join(" "));
    assert_eq!(said.lines().count(), 1, "not one line: {said}");
    assert!(said.starts_with("error: "), "{said}");
    for part in parts {
        assert!(said.contains(part), "{said} does not say {part}");
    }
    assert!(output.stdout.is_empty());
    assert_eq!(entries(folder), before, "something is left behind");
}

/// A folder of its own that holds a copy of one simulated system: `system.json` and its images.
pub fn mock() -> TempDir {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let folder = empty();
        fs::write(folder.path().join("mock.json"), SYSTEM).expect("a temporary folder can be written");
        good(folder.path(), &["simulate", "mock.json", "--out", "mock", "--seed", "5"]);
        let entries = fs::read_dir(folder.path().join("mock")).expect("just written");
        let file = |path: PathBuf| (path.file_name().map(PathBuf::from).unwrap_or_default(), fs::read(&path));
        // What arclet wrote is the user's now: without the manifest.
        let files = entries.flatten().filter(|e| e.file_name() != MANIFEST);
        files.map(|e| file(e.path())).map(|(n, b)| (n, b.expect("just written"))).collect()
    });
    let folder = empty();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a temporary folder can be written");
    }
    folder
}

/// A temporary folder.
pub fn empty() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// What lies in a folder, hidden things too.
pub fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Rewrites a FITS image after a change.
pub fn change_image(path: &Path, change: impl FnOnce(&mut Image)) {
    let mut image = read_image(path).expect("an image of ours");
    change(&mut image);
    write_images(path, &[NamedImage { name: "IMAGE", image: &image, cards: vec![] }]).expect("a temporary folder");
}
