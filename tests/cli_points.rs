//! Point sources without an image, as a user fits them: the files, H0, what goes on from them, and bad files in one line.

mod program;

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use program::{MANIFEST, empty, entries, good, refused};

const QUAD: &str = include_str!("../examples/data/quad_delays.json");
const TRUTH: &str = include_str!("../examples/data/quad_delays_truth.json");

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_quad_with_delays_is_fitted_without_an_image_and_goes_on_from_its_best_fit() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("quad.json"), QUAD).expect("a file");
    let table = good(root, &["fit", "quad.json", "--out", "out", "--draws", "500"]);
    assert!(
        table.contains("cosmology.H0") && table.contains("4 images of quasar") && table.contains("solar masses"),
        "{table}"
    );
    let out = root.join("out");
    let written =
        [MANIFEST, "best.json", "corner.png", "curves.json", "fit.png", "posterior.nc", "priors.json", "summary.json"];
    assert_eq!(entries(&out), written);
    let (summary, truth) = (read(&out.join("summary.json")), serde_json::from_str::<Json>(TRUTH).expect("JSON"));
    let number = |json: &Json| json.as_f64().expect("a number");
    for (site, of) in summary["sites"].as_object().expect("sites") {
        let off = (number(&of["mean"]) - number(&truth[site])) / number(&of["sd"]);
        assert!(off.abs() < 3.5, "{site} is off by {off} deviations");
    }
    let points = &summary["points"][0];
    assert_eq!(points["observed"].as_array().map(Vec::len), Some(4));
    for (image, seen) in
        points["observed"].as_array().expect("images").iter().zip(truth["images"].as_array().expect("images"))
    {
        let off = |i: usize| number(&image["position"][i]) - number(&seen[i]);
        // Errors of positions are 3 mas.
        assert!(off(0).hypot(off(1)) < 0.015, "{image} {seen}");
    }
    for derived in ["einstein_mass", "einstein_radius_kpc", "time_delay_distance"] {
        assert!(number(&summary["derived"][derived]["mean"]) > 0.0, "{derived}");
    }
    assert!(summary["chi2_per_pixel"].is_null() && summary["data"].is_null());

    // All that is free has a start, so that there is no search.
    good(root, &["fit", "out/best.json", "--out", "again", "--method", "map", "--draws", "100"]);
    let again = read(&root.join("again/summary.json"));
    assert!(again["seconds"].get("search").is_none() && summary["seconds"].get("search").is_some());
    let priors = good(root, &["priors", "quad.json"]);
    assert!(
        priors.contains("\"cosmology.H0\"") && priors.contains("\"quasar.center_x\"") && !priors.contains("Om0"),
        "{priors}"
    );
}

#[test]
fn a_source_that_is_integrated_over_is_no_parameter() {
    let folder = empty();
    let root = folder.path();
    let mut quad: Json = serde_json::from_str(QUAD).expect("JSON");
    quad["points"][0]["source"] = json!("marginal");
    fs::write(root.join("quad.json"), quad.to_string()).expect("a file");
    good(root, &["fit", "quad.json", "--out", "out", "--draws", "500"]);
    let summary = read(&root.join("out/summary.json"));
    assert!(summary["sites"].get("quasar.center_x").is_none());
    let h0 = &summary["sites"]["cosmology.H0"];
    let off = (h0["mean"].as_f64().expect("a number") - 73.0) / h0["sd"].as_f64().expect("a number");
    assert!(off.abs() < 3.0, "{h0}");
}

#[test]
fn what_cannot_be_fitted_is_refused_in_one_line() {
    let folder = empty();
    let root = folder.path();
    let quad: Json = serde_json::from_str(QUAD).expect("JSON");
    let without = |key: &str| {
        let mut quad = quad.clone();
        quad.as_object_mut().expect("an object").remove(key);
        quad
    };
    let mut outside = quad.clone();
    outside["points"][0]["positions"] = json!([[0, 0], [0, 0], [0, 0], [0, 0]]);
    let mut shining = quad.clone();
    shining["source"] = json!([{ "name": "host", "profile": "sersic" }]);
    for (json, said) in [
        (without("cosmology"), "`cosmology`"),
        (without("lens"), "`lens`"),
        (without("points"), "no data"),
        (outside, "positions"),
        (shining, "no data"),
    ] {
        fs::write(root.join("quad.json"), json.to_string()).expect("a file");
        refused(root, &["fit", "quad.json", "--out", "out"], &[said]);
    }
}
