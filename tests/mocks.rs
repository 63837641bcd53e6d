//! Mock lenses made by other people's codes, fitted from scratch: their true values lie inside our posteriors.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arclet::fit::{Fit, FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;
use serde_json::{Value as Json, json};

/// The folder of a mock; `None` where it is absent, which says that the test is skipped.
#[track_caller]
fn folder(name: &str) -> Option<PathBuf> {
    test_data::find(&format!("data/mock/{name}"))
}

fn run(folder: &Path, system: &Json) -> Fit {
    let system = System::from_json(&system.to_string(), Path::new("mock.json"), folder).unwrap();
    let data = Arc::new(system.data.as_ref().unwrap().read(folder).unwrap());
    let settings = FitSettings { draws: 600, warmup: 200, seed: 1, ..FitSettings::default() };
    fit(&system, data, &settings, &mut Executor::new()).unwrap()
}

/// Every true value inside the central 99.7 % of its posterior, within three standard deviations of the number of draws that
/// mark its edge; chains mixed; residuals as noise has them.
fn check(fit: &Fit, truth: &[(&str, f64)]) {
    let mut outside = vec![];
    for (site, truth) in truth {
        let entry = fit.posterior.entry(site).unwrap_or_else(|| panic!("no site {site}"));
        let mut draws = entry.values().to_vec();
        draws.sort_by(f64::total_cmp);
        let at = |p: f64| draws[((draws.len() - 1) as f64 * p).round() as usize];
        println!("{site:<20} true {truth:>9.4}  posterior {:>9.4} ({:.4} to {:.4})", at(0.5), at(0.0015), at(0.9985));
        let beyond =
            draws.iter().filter(|d| *d <= truth).count().min(draws.iter().filter(|d| *d >= truth).count()) as f64;
        if beyond + 3.0 * beyond.sqrt() < 0.0015 * draws.len() as f64 {
            outside.push(*site);
        }
    }
    let summary = fit.posterior.summary();
    println!("chi2 per pixel {:.4}, worst R-hat {:.4}", fit.view.chi2_per_pixel, summary.worst_r_hat());
    println!("{:?}, {} gradients", fit.seconds, fit.gradients);
    assert!(outside.is_empty(), "outside the central 99.7 %: {outside:?}");
    assert!((0.95..1.05).contains(&fit.view.chi2_per_pixel));
    assert!(summary.worst_r_hat() < 1.03, "{summary}");
}

fn light(name: &str, truth: &Json, amp: f64) -> Vec<(String, f64)> {
    let mut all = vec![(format!("{name}.amp"), amp)];
    for key in ["R_sersic", "n_sersic", "e1", "e2", "center_x", "center_y"] {
        all.push((format!("{name}.{key}"), truth[key].as_f64().unwrap()));
    }
    all
}

fn numbers(name: &str, truth: &Json, keys: &[&str]) -> Vec<(String, f64)> {
    keys.iter().map(|key| (format!("{name}.{key}"), truth[*key].as_f64().unwrap())).collect()
}

fn truth_of(folder: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap()
}

fn borrowed(all: &[(String, f64)]) -> Vec<(&str, f64)> {
    all.iter().map(|(site, value)| (site.as_str(), *value)).collect()
}

#[test]
fn the_mock_of_gigalens_is_recovered() {
    let Some(folder) = folder("gigalens_demo") else { return };
    let truth = truth_of(&folder);
    let system = json!({
        "data": { "image": "demo.npy", "psf": "psf.npy", "pixel_scale": 0.065, "supersampling": 2,
                  "background_rms": 0.2, "exposure_time": 100 },
        "lens": [ { "name": "lens", "profile": "epl" }, { "name": "shear", "profile": "shear" } ],
        "light": [ { "name": "bulge", "profile": "sersic_lenstronomy_bn" } ],
        "source": [ { "name": "source", "profile": "sersic_lenstronomy_bn" } ]
    });
    // Their image is brightness times the area of a pixel.
    let area = 0.065_f64.powi(2);
    let mass = &truth["lens_mass"];
    let mut all = numbers("lens", &mass["EPL"], &["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]);
    all.extend(numbers("shear", &mass["SHEAR"], &["gamma1", "gamma2"]));
    for (name, key) in [("bulge", "lens_light"), ("source", "source")] {
        all.extend(light(name, &truth[key], truth[key]["Ie"].as_f64().unwrap() * area));
    }
    check(&run(&folder, &system), &borrowed(&all));
}

#[track_caller]
fn tiny_lens(name: &str, radius: f64, with_light: bool) {
    let Some(folder) = folder(name) else { return };
    let truth = truth_of(&folder);
    let mut system = json!({
        "data": { "image": "image.fits", "noise": "noise.fits", "psf": "psf.fits", "pixel_scale": 0.074,
                  "mask_radius": radius, "supersampling": 2 },
        "lens": [ { "name": "lens", "profile": "sie" }, { "name": "shear", "profile": "shear" } ],
        "source": [ { "name": "source", "profile": "sersic" } ]
    });
    let mass = &truth["lens_mass"];
    let mut all = numbers("lens", &mass["SIE"], &["theta_E", "e1", "e2", "center_x", "center_y"]);
    all.extend(numbers("shear", &mass["SHEAR"], &["gamma1", "gamma2"]));
    all.extend(light("source", &truth["source"], truth["source"]["amp"].as_f64().unwrap()));
    if with_light {
        system["light"] = json!([ { "name": "bulge", "profile": "sersic" } ]);
        all.extend(light("bulge", &truth["lens_light"], truth["lens_light"]["amp"].as_f64().unwrap()));
    }
    check(&run(&folder, &system), &borrowed(&all));
}

#[test]
fn the_mock_of_tinylensgpu_without_lens_light_is_recovered() {
    tiny_lens("tinylensgpu_src_only", 5.0, false);
}

#[test]
fn the_mock_of_tinylensgpu_with_lens_light_is_recovered() {
    tiny_lens("tinylensgpu_benchmark", 4.0, true);
}
