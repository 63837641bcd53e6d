//! A dark halo as a user looks for it: simulated, fitted, mapped, and what is refused in one line.

mod program;

use std::fs;
use std::path::Path;

use arclet::lens::fits::{Select, read_hdu};
use serde_json::{Value as Json, json};

use program::{empty, good, refused};

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn value(value: f64) -> Json {
    json!({ "value": value })
}

/// A halo that cannot be missed on a ring of which little else is to be found; the values of both are those of the simulation.
fn system(size: usize) -> Json {
    json!({
        "data": { "size": [size, size], "pixel_scale": 0.1, "background_rms": 0.02, "psf_fwhm": 0.2, "supersampling": 1 },
        "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
        "lens": [
            { "name": "lens", "profile": "sie", "parameters": { "theta_E": value(1.0), "e1": value(0.1), "e2": value(0.0),
              "center_x": value(0.0), "center_y": value(0.0) } },
            { "name": "halo", "profile": "subhalo", "parameters": { "log10_m200": value(10.2), "tau": value(20.0),
              "center_x": value(0.6), "center_y": value(0.8) } } ],
        "source": [{ "name": "source", "profile": "sersic", "parameters": { "amp": value(0.5), "R_sersic": value(0.2),
            "n_sersic": value(1.0), "e1": value(0.0), "e2": value(0.1), "center_x": value(0.1), "center_y": value(0.05) } }]
    })
}

#[test]
fn a_halo_is_simulated_found_and_mapped() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("mock.json"), system(32).to_string()).expect("a file");
    good(root, &["simulate", "mock.json", "--out", "mock"]);
    assert_eq!(read(&root.join("mock/truth.json"))["halo.log10_m200"], json!(10.2));
    // Of the lens the Einstein radius alone is to be found, of the source where it is, of the halo all but its truncation.
    let mut fitted = system(32);
    fitted["data"] = read(&root.join("mock/system.json"))["data"].clone();
    for key in ["image", "noise", "psf"] {
        let path = format!("mock/{}", fitted["data"][key].as_str().expect("a path"));
        fitted["data"][key] = json!(path);
    }
    for (list, k, free) in [
        ("lens", 0, &["theta_E"][..]),
        ("lens", 1, &["log10_m200", "center_x", "center_y"]),
        ("source", 0, &["center_x", "center_y"]),
    ] {
        let parameters = fitted[list][k]["parameters"].as_object_mut().expect("parameters");
        parameters.retain(|name, _| !free.contains(&name.as_str()));
    }
    fs::write(root.join("fit.json"), fitted.to_string()).expect("a file");
    let table = good(root, &["fit", "fit.json", "--out", "out", "--chains", "2", "--draws", "100"]);
    assert!(table.contains("halo.log10_m200") && table.contains("by smc") && table.contains("log evidence"), "{table}");
    let summary = read(&root.join("out/summary.json"));
    let number = |json: &Json| json.as_f64().expect("a number");
    assert_eq!(summary["method"], "smc");
    assert!(number(&summary["halos"]["log_bayes_factor"]) > 10.0);
    for (site, truth) in [("halo.log10_m200", 10.2), ("halo.center_x", 0.6), ("halo.center_y", 0.8)] {
        let of = &summary["sites"][site];
        assert!((number(&of["mean"]) - truth).abs() < 4.0 * number(&of["sd"]), "{site}: {of}");
    }
    for derived in ["halo.m200", "halo.concentration", "halo.total_mass"] {
        assert!(number(&summary["derived"][derived]["mean"]) > 0.0, "{derived}");
    }

    let map = ["sensitivity", "out/best.json", "--out", "map", "--masses", "8,10", "--cells", "5", "--tau", "20"];
    let said = good(root, &map);
    assert!(said.contains("lg M200 10.00") && root.join("map/sensitivity.png").is_file(), "{said}");
    let pixels = |name: &str| {
        let image = read_hdu(root.join("map/sensitivity.fits"), Select::Name(name)).expect("an image");
        assert_eq!(image.size(), (5, 5));
        image.pixels
    };
    let (small, large, gain) = (pixels("EXPECTED_1"), pixels("EXPECTED_2"), pixels("GAIN_2"));
    // What is lost where a halo is forced on an image that has none is not negative, but for the prior of what it moves and rounding.
    assert!(small.iter().chain(&large).all(|loss| *loss > -0.2), "{small:?} {large:?}");
    let mean = |map: &[f32]| map.iter().sum::<f32>() / 25.0;
    assert!(mean(&large) > 10.0 * mean(&small).max(0.01), "{small:?} {large:?}");
    // Cells are 0.64 arcsec wide: the halo is in the fourth column and row.
    let highest = (0..25).max_by(|a, b| gain[*a].total_cmp(&gain[*b]));
    assert_eq!(highest, Some(3 * 5 + 3), "{gain:?}");
}

#[test]
fn what_cannot_be_mapped_is_refused_in_one_line() {
    let folder = empty();
    let root = folder.path();
    fs::write(root.join("mock.json"), system(24).to_string()).expect("a file");
    good(root, &["simulate", "mock.json", "--out", "mock"]);
    // All of it is free and without values.
    let map = |system: &str, more: &[&str], said: &str| {
        refused(root, &[&["sensitivity", system, "--out", "map"], more].concat(), &[said]);
    };
    map("mock/system.json", &[], "best.json");
    map("mock/system.json", &["--masses", "1e9"], "between 7 and 11");
    let mut near = read(&root.join("mock/system.json"));
    near.as_object_mut().expect("an object").remove("cosmology");
    fs::write(root.join("mock/near.json"), near.to_string()).expect("a file");
    refused(root, &["fit", "mock/near.json", "--out", "out"], &["cosmology"]);
    near["lens"].as_array_mut().expect("a list").truncate(1);
    fs::write(root.join("mock/near.json"), near.to_string()).expect("a file");
    map("mock/near.json", &[], "z_lens");
}
