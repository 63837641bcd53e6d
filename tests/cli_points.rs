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

#[test]
fn a_quad_behind_two_planes_gives_back_its_lens_and_h0() {
    // Positions and arrival times are lenstronomy's.
    let table: Json = serde_json::from_str(include_str!("../lens-models/tests/data/plane_mapping.json")).expect("JSON");
    let row = &table["rows"][12];
    let number = |json: &Json| json.as_f64().expect("a number");
    let images = row["images"].as_array().expect("images");
    let seen: Vec<&Json> = images.iter().filter(|image| number(&image[2]).abs() > 7.0).collect();
    let lens = |i: usize, free: bool| {
        let own = row["lens"][i][2].as_object().expect("an object").iter();
        let values = own.filter(|(name, _)| !free || name.starts_with("center"));
        let values: serde_json::Map<String, Json> =
            values.map(|(name, value)| (name.clone(), json!({ "value": value }))).collect();
        let [profile, z] = [0, 1].map(|k| &row["lens"][i][k]);
        json!({ "name": format!("lens{i}"), "profile": profile, "redshift": z, "parameters": values })
    };
    let system = json!({
        "cosmology": { "z_lens": row["lens"][0][1], "z_source": row["z_source"],
            "parameters": { "Om0": { "value": row["cosmology"][1] } } },
        "lens": [lens(0, true), lens(1, false), lens(2, false)],
        "points": [{
            "name": "quasar",
            "positions": seen.iter().map(|image| [&image[0], &image[1]]).collect::<Vec<_>>(),
            "position_errors": 0.003,
            "delays": seen[1..].iter().map(|image| number(&image[3]) - number(&seen[0][3])).collect::<Vec<_>>(),
            "delay_errors": 0.5,
        }],
        "priors": { "cosmology.H0": { "uniform": { "low": 40.0, "high": 110.0 } } },
    });
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("deep.json"), system.to_string()).expect("a file");
    good(root, &["fit", "deep.json", "--out", "out", "--method", "map", "--draws", "500"]);
    let (summary, curves) = (read(&root.join("out/summary.json")), read(&root.join("out/curves.json")));
    let h0 = &summary["sites"]["cosmology.H0"];
    let off = (number(&h0["mean"]) - number(&row["cosmology"][0])) / number(&h0["sd"]);
    assert!(off.abs() < 0.5 && number(&h0["sd"]) < 2.0, "off by {off}: {h0}");
    let theta = number(&summary["sites"]["lens0.theta_E"]["mean"]);
    assert!((theta - number(&row["lens"][0][2]["theta_E"])).abs() < 0.05, "{theta}");
    assert!(curves.to_string().len() > 1000, "{curves}");
}
