//! Several bands of one lens, as a user fits them: simulated, fitted, killed and resumed, gone on from, exported; bad files in one line.

mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use arclet::lens::image_file::read_image;
use serde_json::{Value as Json, json};

use program::{empty, good, refused};

/// A ring in two bands: other pixels, PSFs, sizes and noise, the second half a pixel of the first beside it.
const BANDS: &str = r#"{
  "data": [
    { "name": "f814w", "size": [30, 30], "pixel_scale": 0.12, "psf_fwhm": 0.2, "background_rms": 0.05 },
    { "name": "f160w", "size": [24, 20], "pixel_scale": 0.18, "psf_fwhm": 0.35, "background_rms": 0.08,
      "parameters": { "offset_x": { "value": 0.06 }, "offset_y": { "value": -0.06 } } } ],
  "lens": [ { "name": "lens", "profile": "sie", "parameters": {
    "theta_E": { "value": 1.1 }, "e1": { "value": 0.1 }, "e2": { "value": -0.06 },
    "center_x": { "value": 0.03 }, "center_y": { "value": -0.02 } } } ],
  "source": [ { "name": "source", "profile": "sersic", "parameters": {
    "f814w.amp": { "value": 1.0 }, "f160w.amp": { "value": 3.0 }, "R_sersic": { "value": 0.25 }, "n_sersic": { "value": 1.0 },
    "e1": { "value": 0.12 }, "e2": { "value": 0.15 }, "center_x": { "value": 0.07 }, "center_y": { "value": 0.11 } } } ],
  "priors": { "f160w.offset_x": { "normal": { "loc": 0.0, "scale": 0.1 } }, "f160w.offset_y": { "normal": { "loc": 0.0, "scale": 0.1 } } }
}"#;

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("{json} is no number"))
}

#[test]
fn two_bands_are_simulated_fitted_gone_on_from_and_exported() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("bands.json"), BANDS).expect("a file");
    good(root, &["simulate", "bands.json", "--out", "mock", "--seed", "4"]);
    let mock = root.join("mock");
    for part in ["image-f814w", "noise-f160w", "psf-f814w", "psf-f160w"] {
        assert!(mock.join(format!("{part}.fits")).exists(), "{part}");
    }
    assert_eq!(read_image(mock.join("image-f160w.fits")).expect("an image").size(), (24, 20));
    let (truth, written) = (read(&mock.join("truth.json")), read(&mock.join("system.json")));
    assert_eq!((&truth["f160w.offset_x"], &truth["source.f160w.amp"]), (&json!(0.06), &json!(3.0)));
    // Its prior makes an offset free; that of the turn, of which nothing is said, is 0.
    assert_eq!((&written["data"][1]["name"], &written["data"][1]["parameters"]), (&json!("f160w"), &Json::Null));

    let table = good(root, &["fit", "mock/system.json", "--out", "out", "--method", "map", "--draws", "300"]);
    assert!(table.contains("f160w.offset_x") && table.contains("f814w: image 30 x 30"), "{table}");
    let (out, summary) = (root.join("out"), read(&root.join("out/summary.json")));
    for (site, of) in summary["sites"].as_object().expect("sites") {
        let off = (number(&of["mean"]) - number(&truth[site])) / number(&of["sd"]);
        assert!(off.abs() < 4.0, "{site} is off by {off} deviations");
    }
    assert!(number(&summary["sites"]["f160w.offset_x"]["sd"]) < 0.03, "{summary}");
    let bands = summary["bands"].as_array().expect("bands");
    assert!(bands.len() == 2 && summary["data"].is_null());
    assert!(bands.iter().all(|band| (number(&band["chi2_per_pixel"]) - 1.0).abs() < 0.25), "{bands:?}");
    assert!((number(&bands[1]["offset"][0]) - 0.06).abs() < 0.1 && bands[1]["data"]["size"] == json!([24, 20]));
    for extension in ["DATA_f814w", "MODEL_f160w", "RESIDUAL_f160w", "SOURCE_PLANE_f814w"] {
        read_image(out.join(format!("model.fits[{extension}]"))).unwrap_or_else(|e| panic!("{extension}: {e}"));
    }

    // All that is free has a start, so that there is no search; the curves are those of one lens.
    let best = read(&out.join("best.json"));
    let amp = &best["source"][0]["parameters"]["f160w.amp"];
    assert!(amp["free"] == json!(true) && best["data"][1]["parameters"]["offset_y"]["free"] == json!(true), "{best}");
    assert_eq!(best["data"][1]["parameters"]["rotation"], json!({ "value": 0.0 }));
    good(root, &["fit", "out/best.json", "--out", "again", "--method", "map", "--draws", "50"]);
    let again = read(&root.join("again/summary.json"));
    assert!(again["seconds"].get("search").is_none() && summary["seconds"].get("search").is_some());
    let off = number(&again["chi2_per_pixel"]) - number(&summary["chi2_per_pixel"]);
    assert!(off.abs() < 1e-3, "{off}");
    fs::write(root.join("points.csv"), "x,y\n0.4,-0.3\n").expect("a file");
    assert_eq!(good(root, &["trace", "out/best.json", "--points", "points.csv"]).lines().count(), 2);
    let priors = good(root, &["priors", "mock/system.json"]);
    assert!(
        priors.contains("\"source.f814w.amp\"")
            && priors.contains("\"f160w.offset_x\"")
            && !priors.contains("rotation")
    );

    refused(root, &["export", "out", "--out", "coolest"], &["several bands", "--band", "f814w, f160w"]);
    refused(root, &["export", "out", "--out", "coolest", "--band", "f606w"], &["no band `f606w`", "f160w"]);
    good(root, &["export", "out", "--out", "coolest", "--band", "f160w"]);
    let coolest = read(&root.join("coolest/coolest.json"));
    let parameters = &coolest["lensing_entities"][1]["light_model"][0]["parameters"];
    assert!(number(&parameters["I_eff"]["point_estimate"]["value"]) > 0.0, "{parameters}");
}

#[test]
fn a_fit_of_two_bands_that_was_killed_goes_on_with_the_same_bytes() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("bands.json"), BANDS).expect("a file");
    good(root, &["simulate", "bands.json", "--out", "mock", "--seed", "4"]);
    let fit = ["fit", "mock/system.json", "--warmup", "20", "--draws", "40", "--chains", "2", "--checkpoint", "0.02"];
    good(root, &[&fit[..], &["--out", "whole"]].concat());
    let mut run = Command::new(env!("CARGO_BIN_EXE_arclet"));
    let run = run.args(fit).args(["--out", "ended"]).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = run.spawn().expect("the program was built for this test");
    let (journal, begun) = (root.join("ended/unfinished"), Instant::now());
    while !journal.join("task.json").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no journal");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    run.kill().expect("it runs");
    run.wait().expect("it has ended");
    if journal.exists() {
        good(root, &["fit", "--resume", "ended"]);
    }
    for name in ["best.json", "posterior.nc", "model.fits", "fit.png"] {
        let [whole, ended] = ["whole", "ended"].map(|out| fs::read(root.join(out).join(name)).expect("it was written"));
        assert!(whole == ended, "{name} differs");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_in_one_line() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("bands.json"), BANDS).expect("a file");
    good(root, &["simulate", "bands.json", "--out", "mock"]);
    let system = read(&root.join("mock/system.json"));
    type Case<'a> = (&'a dyn Fn(&mut Json), &'a [&'a str]);
    let cases: [Case<'_>; 7] = [
        (&|j| j["data"] = json!([]), &["`data`", "one at least"]),
        (&|j| j["data"][1]["name"] = json!("f814w"), &["`f814w` is there twice"]),
        (&|j| j["source"][0]["per_band"] = json!(["amq"]), &["`amq`", "amp"]),
        (&|j| j["source"][0]["bands"] = json!(["f814w"]), &["band `f160w`", "shines in it"]),
        (&|j| j["data"][1]["psf"] = json!("none.fits"), &["band `f160w`", "none.fits"]),
        (&|j| j["priors"]["source.amp"] = json!({ "half_normal": { "scale": 1 } }), &["`source.amp`"]),
        (&|j| j["source"][0]["per_band"] = json!([]), &["`source.amp`", "per_band"]),
    ];
    for (change, parts) in cases {
        let mut json = system.clone();
        change(&mut json);
        fs::write(root.join("mock/bad.json"), json.to_string()).expect("a file");
        refused(root, &["fit", "mock/bad.json", "--out", "bad"], parts);
    }
}
