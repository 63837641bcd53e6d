//! A fit goes out as COOLEST and comes back with the same lens; what cannot come in is refused in one line.

mod program;

use std::fs;

use program::{empty, good, mock, refused};
use serde_json::{Value as Json, json};

fn read(path: &std::path::Path) -> Json {
    serde_json::from_str(&fs::read_to_string(path).expect("it was written")).expect("JSON")
}

#[test]
fn a_fit_that_is_exported_and_imported_has_the_same_rays_and_its_posterior_beside_its_best_point() {
    let folder = mock();
    let root = folder.path();
    good(root, &["fit", "system.json", "--out", "result", "--method", "map", "--draws", "200"]);
    good(root, &["export", "result", "--out", "coolest", "--z-lens", "0.3", "--z-source", "1.5"]);
    let written = read(&root.join("coolest/coolest.json"));
    assert_eq!(written["standard"], "COOLEST");
    assert_eq!(written["lensing_entities"][1]["redshift"], 1.5);
    for image in ["image", "noise", "psf"] {
        assert!(root.join(format!("coolest/{image}.fits")).exists(), "{image}");
    }
    let summary = read(&root.join("result/summary.json"));
    let parameters = &written["lensing_entities"][0]["mass_model"][0]["parameters"];
    assert_eq!(parameters["theta_E"]["posterior_stats"]["median"], summary["sites"]["lens.theta_E"]["q50"]);
    assert_eq!(parameters["q"]["posterior_stats"]["mean"], summary["derived"]["lens.q"]["mean"]);
    let [estimate, median] = [("point_estimate", "value"), ("posterior_stats", "median")]
        .map(|(of, key)| parameters["phi"][of][key].as_f64().expect("a number"));
    assert!((estimate - median).abs() < 45.0 && estimate.abs() <= 90.0, "{estimate} {median}");

    fs::write(root.join("again.json"), good(root, &["import", "coolest/coolest.json"])).expect("a temporary folder");
    fs::write(root.join("points.csv"), "x,y\n0.4,-0.3\n-1.2,0.7\n").expect("a temporary folder");
    let traced = |system: &str| good(root, &["trace", system, "--points", "points.csv"]);
    let numbers = |text: String| -> Vec<f64> {
        text.lines()
            .skip(1)
            .flat_map(|l| l.split(',').map(|v| v.parse().expect("a number")).collect::<Vec<_>>())
            .collect()
    };
    let (ours, theirs) = (numbers(traced("result/best.json")), numbers(traced("again.json")));
    assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-11), "{ours:?} {theirs:?}");
    // It can be fitted where it is.
    good(root, &["fit", "again.json", "--out", "refit", "--method", "map", "--draws", "10"]);
    refused(root, &["export", "result", "--out", "coolest"], &["coolest", "exists already"]);
    refused(root, &["export", "missing.json", "--out", "new"], &["missing.json", "does not exist"]);
}

#[test]
fn what_is_no_model_is_refused() {
    let folder = empty();
    let root = folder.path();
    let said = |text: &str, arguments: &[&str], parts: &[&str]| {
        fs::write(root.join("m.json"), text).expect("a temporary folder");
        refused(root, &[&["import", "m.json"], arguments].concat(), parts);
    };
    said("{", &[], &["m.json", "line 1"]);
    said("[1, 2]", &[], &["m.json", "neither COOLEST", "lens_model_list"]);
    said(r#"{ "standard": "COOLEST" }"#, &[], &["m.json", "instrument"]);
    said(r#"{ "standard": "COOLEST" }"#, &["--pixel-scale", "0.1"], &["leave --pixel-scale away"]);
    let lists = |name: &str, kwargs: Json| json!({ "lens_model_list": [name], "kwargs_lens": [kwargs] }).to_string();
    let sis = json!({ "theta_E": 1.0 });
    said(&lists("SIS", sis.clone()), &[], &["pixel_scale"]);
    said(&lists("CTNFW_GAUSS_DEC", sis.clone()), &["--pixel-scale", "0.1"], &["CTNFW_GAUSS_DEC", "no counterpart"]);
    said(&lists("SIS", json!({ "theta_E": -1.0 })), &["--pixel-scale", "0.1"], &["theta_E", "-1", "support"]);
    said(&lists("SIS", sis), &["--pixel-scale", "0"], &["pixel scale", "above 0"]);
    refused(root, &["import", "none.json"], &["none.json", "check the path"]);
}
