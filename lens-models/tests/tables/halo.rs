//! Haloes of given mass against `tests/data/halo.json`, which `scripts/golden/halo.py` made with lenstronomy and colossus.

use std::path::Path;

use lens_models::cosmology::{Concentration, Cosmology, truncated_share};
use lens_models::system::{Scales, System, SystemModel, simulate};
use ppl_core::{Ctx, LogDensity, ModelDensity, handler};
use serde_json::{Value, json};

use crate::gradient;
use crate::read::numbers;

#[test]
fn haloes_are_lenstronomys_and_their_concentrations_those_of_colossus() {
    let table: Value = serde_json::from_str(include_str!("../data/halo.json")).expect("the table is JSON");
    let rows = table["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 60);
    let (mut worst, mut plain) = (0.0_f64, 0.0_f64);
    for row in rows {
        let universe = Cosmology::of(numbers(&row["cosmology"]));
        let [z, z_source] = numbers(&row["z"]);
        let of = |name: &str| row[name].as_f64().expect("a number");
        let (lg, c) = (of("log10_m200"), of("c"));
        let [rs, alpha] = universe.halo_angles(lg, c, z, z_source);
        let [want_rs, want_alpha]: [f64; 2] = numbers(&row["angles"]);
        let [plain_rs, plain_alpha]: [f64; 2] = numbers(&row["plain"]);
        plain = plain.max((rs / plain_rs - 1.0).abs()).max((alpha / plain_alpha - 1.0).abs());
        let [mass, found] = universe.halo_mass(want_rs, want_alpha, z, z_source);
        let relation = |concentration: Concentration| concentration.of(lg, 0.0, z, universe.h0);
        for (got, want) in [
            (rs, want_rs),
            (alpha, want_alpha),
            (mass, 10.0_f64.powf(lg)),
            (found, c),
            (relation(Concentration::DuttonMaccio2014), of("dutton_maccio_2014")),
            (relation(Concentration::Duffy2008), of("duffy_2008")),
            (truncated_share(c, of("tau")), of("truncated_share")),
        ] {
            let error = (got / want - 1.0).abs();
            worst = worst.max(error);
            assert!(error < 1e-8, "{row}: {got} is not {want}");
        }
    }
    println!("60 haloes; worst relative difference {worst:.1e}; from lenstronomy's own constants {plain:.1e}");
    // Its G times its solar mass is larger by 2.8e-4.
    assert!(plain < 5e-4, "{plain}");
}

/// The model of a system of two haloes, one at 0.3 and one at 0.6, with these entries for them.
fn model(near: Value, far: Value, priors: Value) -> (System, SystemModel) {
    let json = json!({
        "data": { "size": [24, 24], "pixel_scale": 0.15, "background_rms": 0.05, "supersampling": 1 },
        "cosmology": { "z_lens": 0.3, "z_source": 2.0 },
        "lens": [
            { "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.1 }, "e1": { "value": 0.1 }, "e2": { "value": 0.05 },
              "center_x": { "value": 0.0 }, "center_y": { "value": 0.02 } } },
            near,
            far
        ],
        "source": [{ "name": "source", "profile": "gaussian", "parameters": { "amp": { "value": 1.0 }, "sigma": { "value": 0.2 },
            "e1": { "value": 0.1 }, "e2": { "value": 0.0 }, "center_x": { "value": 0.1 }, "center_y": { "value": 0.05 } } }],
        "priors": priors,
    });
    let system = System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).expect("a system");
    let plain = json!({ "data": json["data"], "cosmology": json["cosmology"], "lens": [json["lens"][0]], "source": json["source"] });
    let plain = System::from_json(&plain.to_string(), Path::new("s.json"), Path::new(".")).expect("a system");
    let data = simulate(&plain, 4).expect("an image").data;
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    (system, model)
}

fn values(of: &[(&str, f64)]) -> Value {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), json!({ "value": value })))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_subhalo_is_the_truncated_halo_of_its_angles_in_its_own_plane() {
    let halos = [("near", None, 9.8, 12.0, [0.6, 0.8]), ("far", Some(0.6), 10.3, 8.0, [-0.7, 0.5])];
    let universe = Cosmology::flat(70.0, 0.3);
    let by_mass = halos.map(|(name, z, lg, tau, [x, y])| {
        let parameters = values(&[("log10_m200", lg), ("tau", tau), ("center_x", x), ("center_y", y)]);
        let mut entry = json!({ "name": name, "profile": "subhalo", "parameters": parameters });
        z.into_iter().for_each(|z: f64| entry["redshift"] = json!(z));
        entry
    });
    let by_angle = halos.map(|(name, z, lg, tau, [x, y])| {
        let own = z.unwrap_or(0.3);
        let c = Concentration::DuttonMaccio2014.of(lg, 0.0, own, 70.0);
        let [rs, alpha] = universe.halo_angles(lg, c, own, 2.0);
        let parameters =
            values(&[("Rs", rs), ("alpha_Rs", alpha), ("r_trunc", tau * rs), ("center_x", x), ("center_y", y)]);
        let mut entry = json!({ "name": name, "profile": "tnfw", "parameters": parameters });
        z.into_iter().for_each(|z: f64| entry["redshift"] = json!(z));
        entry
    });
    let score = |[near, far]: [Value; 2]| {
        let (_, model) = model(near, far, json!({}));
        let sites = handler::trace(|ctx: &mut Ctx| model.run(ctx).map(drop)).expect("a run");
        sites.get("image").and_then(|site| site.log_prob().expect("a score")).expect("a score")[0]
    };
    let (mass, angle) = (score(by_mass), score(by_angle));
    assert!((mass - angle).abs() < 1e-9 * angle.abs(), "{mass} {angle}");
}

#[test]
fn the_gradient_goes_through_the_mass_to_the_cosmology() {
    let entry = |name: &str, extra: Value| {
        let mut entry = json!({ "name": name, "profile": "subhalo" });
        extra.as_object().into_iter().flatten().for_each(|(key, value)| entry[key] = value.clone());
        entry
    };
    let near = entry("near", json!({ "scatter": true }));
    let far = entry("far", json!({ "redshift": 0.6, "concentration": "free" }));
    let priors = json!({ "cosmology.H0": { "uniform": { "low": 50.0, "high": 90.0 } } });
    let (system, model) = model(near, far, priors);
    let density = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.priors.clone()))
        .expect("a density");
    // Masses of 10^10.8 or so, off the centre.
    let position: Vec<f64> = (0..density.dim()).map(|i| 0.9 - 0.13 * (i % 7) as f64).collect();
    assert_eq!(density.dim(), 11);
    gradient::is_that_of_differences(&density, &position, 2e-3);
}
