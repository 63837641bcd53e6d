//! Fits that are ended and go on: killed or stopped at any stage, the same bytes at the end; a second run kept out.
#![cfg(unix)]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use program::{MANIFEST, arclet, empty, entries, good, mock, refused};

/// A fit whose sampling is as long as its search, written to disk all the time.
const FIT: [&str; 12] =
    ["fit", "system.json", "--chains", "2", "--warmup", "60", "--draws", "150", "--checkpoint", "0.02", "--seed", "3"];

fn begin(root: &Path, arguments: &[&str]) -> Child {
    let mut run = Command::new(env!("CARGO_BIN_EXE_arclet"));
    let run = run.args(arguments).current_dir(root).stdout(Stdio::null()).stderr(Stdio::piped());
    run.spawn().expect("the program was built for this test")
}

fn signal(run: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &run.id().to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()));
}

/// Every file that a fit wrote; of the summary all but the seconds that it took.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let bytes = fs::read(out.join(&name)).expect("listed");
        let bytes = match name.as_str() {
            "summary.json" => {
                let mut json: Json = serde_json::from_slice(&bytes).expect("arclet writes JSON");
                json.as_object_mut().and_then(|all| all.remove("seconds")).expect("seconds of each stage");
                json.to_string().into_bytes()
            }
            _ => bytes,
        };
        (name, bytes)
    };
    entries(out).into_iter().filter(|name| name != MANIFEST).map(read).collect()
}

#[track_caller]
fn same(root: &Path, one: &str, other: &str, when: &str) {
    let (one, other) = (files(&root.join(one)), files(&root.join(other)));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other), "{when}");
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} differs, {when}");
    }
}

/// A mock with lens light, so that a fit has all its stages.
fn lens_with_light() -> TempDir {
    let folder = empty();
    let light = r#"], "light": [ { "name": "bulge", "profile": "sersic", "parameters": {
        "amp": { "value": 0.8 }, "R_sersic": { "value": 0.4 }, "n_sersic": { "value": 2.0 }, "e1": { "value": 0.05 },
        "e2": { "value": 0.0 }, "center_x": { "value": 0.03 }, "center_y": { "value": -0.02 } } } ],
        "source": ["#;
    let (lens, source) = program::SYSTEM.split_once("],\n  \"source\": [").expect("a lens and a source");
    fs::write(folder.path().join("mock.json"), format!("{lens}{light}{source}")).expect("a temporary folder");
    good(folder.path(), &["simulate", "mock.json", "--out", "mock", "--seed", "5"]);
    for name in ["system.json", "image.fits", "noise.fits", "psf.fits"] {
        fs::rename(folder.path().join("mock").join(name), folder.path().join(name)).expect("just simulated");
    }
    folder
}

#[test]
fn a_fit_that_is_killed_again_and_again_ends_with_the_bytes_of_one_that_was_not() {
    let folder = lens_with_light();
    let root = folder.path();
    let begun = Instant::now();
    good(root, &[&FIT[..], &["--out", "whole"]].concat());
    let whole = begun.elapsed();
    let mut stages = vec![];
    for part in [0.05, 0.3, 0.55, 0.8] {
        let mut wait = whole.mul_f64(part);
        loop {
            let run = begin(root, &[&FIT[..], &["--out", "out"]].concat());
            std::thread::sleep(wait);
            signal(&run, "-KILL");
            if !run.wait_with_output().expect("it was started").status.success() {
                break;
            }
            // Quicker than the whole one, beside which others ran.
            fs::remove_dir_all(root.join("out")).expect("a temporary folder");
            wait = wait.mul_f64(0.8);
        }
        let journal = root.join("out/unfinished/journal");
        stages.push(if journal.exists() { entries(&journal).len() } else { 0 });
        // Once more, early in what is left.
        let run = begin(root, &["fit", "--resume", "out"]);
        std::thread::sleep(whole.mul_f64(0.1));
        signal(&run, "-KILL");
        let _ = run.wait_with_output();
        if root.join("out/unfinished").exists() {
            good(root, &["fit", "--resume", "out"]);
        }
        same(root, "whole", "out", &format!("killed at {part} of {whole:?}"));
        assert!(!entries(&root.join("out")).iter().any(|name| name.ends_with(".tmp") || name == "unfinished"));
        fs::remove_dir_all(root.join("out")).expect("a temporary folder");
    }
    // Not in order: a machine that gets quieter ends a fit before its kill, which then comes earlier.
    assert!(stages.iter().min() < stages.iter().max(), "all kills were in one stage: {stages:?}");
}

#[test]
fn a_stop_in_the_search_is_heeded_within_a_second_and_one_in_the_sampling_keeps_draws_and_journal() {
    let folder = lens_with_light();
    let root = folder.path();
    let begun = Instant::now();
    good(root, &[&FIT[..], &["--out", "whole"]].concat());
    let whole = begun.elapsed();
    for (part, name) in [(0.15, "-INT"), (0.3, "-TERM"), (0.85, "-INT")] {
        let run = begin(root, &[&FIT[..], &["--out", "out"]].concat());
        std::thread::sleep(whole.mul_f64(part));
        signal(&run, name);
        let asked = Instant::now();
        let output = run.wait_with_output().expect("it was started");
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(130) {
            // 0.7 s of patience, and what a busy machine takes to end a program.
            assert!(asked.elapsed() < Duration::from_millis(1000), "{:?}", asked.elapsed());
            assert!(said.ends_with("error: stopped; go on with `arclet fit --resume out`\n"), "{said}");
        }
        if root.join("out/unfinished").exists() {
            good(root, &["fit", "--resume", "out"]);
        }
        same(root, "whole", "out", &format!("{name} at {part} of {whole:?}"));
        fs::remove_dir_all(root.join("out")).expect("a temporary folder");
    }
}

#[test]
fn a_second_run_into_one_folder_is_refused_and_a_killed_one_is_no_hindrance() {
    let folder = mock();
    let root = folder.path();
    let endless = ["fit", "system.json", "--out", "out", "--draws", "300000", "--checkpoint", "0.05"];
    let mut run = begin(root, &endless);
    let begun = Instant::now();
    while !root.join("out/unfinished/task.json").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    let process = format!("process {}", run.id());
    refused(root, &["fit", "system.json", "--out", "out"], &["another arclet", &process]);
    refused(root, &["fit", "system.json", "--out", "out", "--force"], &["another arclet", &process]);
    refused(root, &["fit", "--resume", "out"], &["another arclet", &process]);
    signal(&run, "-KILL");
    let _ = run.wait();
    refused(root, &["fit", "system.json", "--out", "out"], &["--resume out", "--force"]);
    refused(root, &["fit", "--resume", "elsewhere"], &["elsewhere holds no fit to go on with"]);
    // A fit goes on with the data that it began with, and with no other.
    let mut noise = fs::read(root.join("noise.fits")).expect("it is there");
    fs::copy(root.join("noise.fits"), root.join("kept")).expect("a temporary folder");
    noise.push(0);
    fs::write(root.join("noise.fits"), noise).expect("a temporary folder");
    refused(root, &["fit", "--resume", "out"], &["noise.fits has changed", "--force"]);
    let short = ["fit", "system.json", "--out", "out", "--force", "--method", "map", "--draws", "20"];
    fs::rename(root.join("kept"), root.join("noise.fits")).expect("a temporary folder");
    good(root, &short);
    assert!(!root.join("out/unfinished").exists());
}

#[test]
fn a_fit_that_cannot_be_is_not_kept() {
    let folder = mock();
    let root = folder.path();
    let impossible = r#"{ "lens.theta_E": { "uniform": { "low": -2, "high": -1 } } }"#;
    fs::write(root.join("p.json"), impossible).expect("a temporary folder");
    let output = arclet(root, &["fit", "system.json", "--out", "out", "--priors", "p.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!root.join("out").exists());
}
