//! Rays through several planes against `tests/data/planes.json`, which `scripts/golden/planes.py` made with lenstronomy.

use std::path::Path;
use std::sync::Arc;

use lens_models::cosmology::Cosmology;
use lens_models::data::Inputs;
use lens_models::fits::Image;
use lens_models::light::{Gaussian, LightProfile};
use lens_models::mass::{MassProfile, MassSum, Sie, Sis};
use lens_models::plane::Planes;
use lens_models::profiles::Profiles;
use lens_models::system::{Scales, System, SystemModel, simulate};
use ppl_core::{Ctx, LogDensity, ModelDensity, handler};
use serde_json::{Value, json};

use crate::gradient;
use crate::read::numbers;

/// The lenses of a row, those of one redshift in one plane.
fn layers(row: &Value) -> Vec<(f64, MassSum, Vec<f64>)> {
    let profiles = Profiles::standard();
    let mut layers: Vec<(f64, Vec<&'static dyn MassProfile>, Vec<f64>)> = vec![];
    for lens in row["lens"].as_array().expect("a list") {
        let profile = profiles.mass(lens[0].as_str().expect("a name")).expect("a profile");
        let z = lens[1].as_f64().expect("a number");
        let params = profile.parameters().iter().map(|p| lens[2][p.name].as_f64().expect("a number"));
        match layers.iter_mut().find(|layer| layer.0 == z) {
            Some((_, mass, all)) => {
                mass.push(profile);
                all.extend(params);
            }
            None => layers.push((z, vec![profile], params.collect())),
        }
    }
    layers.into_iter().map(|(z, mass, params)| (z, MassSum::new(mass), params)).collect()
}

#[test]
fn rays_through_several_planes_are_lenstronomys() {
    let table: Value = serde_json::from_str(include_str!("../data/planes.json")).expect("the table is JSON");
    let (mut worst, mut count) = ([0.0_f64; 2], 0);
    for row in table["rows"].as_array().expect("a list") {
        let planes = Planes::new(
            Cosmology::of(numbers(&row["cosmology"])),
            row["z_source"].as_f64().expect("a number"),
            layers(row),
        );
        for ray in row["rays"].as_array().expect("a list") {
            let ([x, y], [bx, by]) = (numbers(&ray["theta"]), numbers(&ray["beta"]));
            let at = planes.at(x, y, ray["z"].as_f64().expect("a number"));
            worst[0] = worst[0].max((at.position[0] - bx).hypot(at.position[1] - by));
            let jacobian: [[f64; 2]; 2] = [0, 1].map(|i| numbers(&ray["jacobian"][i]));
            let size = jacobian.iter().flatten().fold(1.0_f64, |size, v| size.max(v.abs()));
            for (got, want) in at.jacobian.iter().flatten().zip(jacobian.iter().flatten()) {
                worst[1] = worst[1].max((got - want).abs() / size);
            }
            count += 1;
        }
    }
    println!("{count} rays; worst: {:.1e} arcsec, Jacobian {:.1e}", worst[0], worst[1]);
    // Differences of the Jacobian are over 1e-3 arcsec; rays may pass a centre by 0.05.
    assert!(count > 500 && worst[0] < 1e-9 && worst[1] < 1e-4, "{worst:?}");
}

/// A nearer and a farther source behind two lenses, the redshifts of which `more` gives.
fn image(cosmology: Value, redshifts: [Option<f64>; 4], supersampling: usize) -> lens_models::system::Mock {
    let entry = |name: &str, profile: &str, z: Option<f64>, parameters: Value| {
        let values: serde_json::Map<String, Value> = parameters
            .as_object()
            .expect("an object")
            .iter()
            .map(|(name, v)| (name.clone(), json!({ "value": v })))
            .collect();
        let mut entry = json!({ "name": name, "profile": profile, "parameters": values });
        if let Some(z) = z {
            entry["redshift"] = json!(z);
        }
        entry
    };
    let gaussian =
        |x: f64, y: f64| json!({ "amp": 1.0, "sigma": 0.2, "e1": 0.0, "e2": 0.1, "center_x": x, "center_y": y });
    let mut json = json!({
        "data": { "size": [40, 40], "pixel_scale": 0.12, "background_rms": 0.05, "supersampling": supersampling },
        "lens": [
            entry("lens", "sie", redshifts[0], json!({ "theta_E": 1.3, "e1": 0.1, "e2": 0.05, "center_x": 0.0, "center_y": 0.02 })),
            entry("second", "sis", redshifts[1], json!({ "theta_E": 0.3, "center_x": 0.3, "center_y": -0.1 })),
        ],
        "source": [entry("near", "gaussian", redshifts[2], gaussian(0.2, -0.1)), entry("far", "gaussian", redshifts[3], gaussian(-0.1, 0.1))],
    });
    if !cosmology.is_null() {
        json["cosmology"] = cosmology;
    }
    let system = System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).expect("a system");
    simulate(&system, 1).expect("an image")
}

#[test]
fn an_image_through_two_planes_is_that_of_its_rays() {
    let z = json!({ "z_lens": 0.3, "z_source": 2.0 });
    let mock = image(z, [None, Some(0.8), Some(0.9), None], 1);
    let mass = |profile: &'static dyn MassProfile| MassSum::new([profile]);
    let planes = Planes::new(
        Cosmology::flat(70.0, 0.3),
        2.0,
        vec![(0.3, mass(&Sie), vec![1.3, 0.1, 0.05, 0.0, 0.02]), (0.8, mass(&Sis), vec![0.3, 0.3, -0.1])],
    );
    for (i, got) in mock.signal.pixels.iter().enumerate() {
        let at = |i: usize| 0.12 * (i as f64 - 19.5);
        let light = |z: f64, x: f64, y: f64| {
            let [bx, by] = planes.at(at(i % 40), at(i / 40), z).position;
            Gaussian.point(&[1.0, 0.2, 0.0, 0.1, x, y], bx, by)
        };
        let want = light(0.9, 0.2, -0.1) + light(2.0, -0.1, 0.1);
        // Rays and brightnesses of f32.
        assert!((f64::from(*got) - want).abs() < 1e-5, "pixel {i}: {got} is not {want}");
    }
}

#[test]
fn redshifts_that_say_nothing_new_change_no_bit_but_the_rounding_of_a_sum() {
    let z = json!({ "z_lens": 0.3, "z_source": 2.0 });
    let plain = image(Value::Null, [None; 4], 2);
    // A cosmology alone is no second plane.
    assert_eq!(image(z.clone(), [None; 4], 2).signal.pixels, plain.signal.pixels);
    let said = image(z, [Some(0.3), Some(0.3), Some(2.0), Some(2.0)], 2);
    for (a, b) in said.signal.pixels.iter().zip(&plain.signal.pixels) {
        assert!((a - b).abs() < 2e-5, "{a} is not {b}");
    }
}

#[test]
fn the_gradient_goes_through_all_planes_and_to_the_cosmology() {
    let json = r#"{ "data": { "size": [24, 24], "pixel_scale": 0.2, "background_rms": 0.05, "supersampling": 1 },
        "cosmology": { "z_lens": 0.3, "z_source": 2.0 },
        "lens": [ { "name": "lens", "profile": "sie" }, { "name": "second", "profile": "sis", "redshift": 0.8 } ],
        "source": [ { "name": "near", "profile": "gaussian", "redshift": 0.9 }, { "name": "far", "profile": "gaussian" } ],
        "priors": { "cosmology.w0": { "improper_uniform": {} }, "cosmology.Om0": { "improper_uniform": { "low": 0.0 } } } }"#;
    let system = System::from_json(json, Path::new("s.json"), Path::new(".")).expect("a system");
    let data = image(json!({ "z_lens": 0.3, "z_source": 2.0 }), [None, Some(0.8), Some(0.9), None], 1).data;
    let files = system.data.clone().expect("data");
    let pixels = (0..24 * 24).map(|i| data.image.pixels[(i / 24 + 8) * 40 + i % 24 + 8]).collect();
    let image = Image::new(24, 24, pixels).expect("an image");
    let data = Arc::new(files.assemble(Inputs::new(image)).expect("data"));
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    let density = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.priors.clone()))
        .expect("a density");
    let position = density.draw_prior(3, 1).unwrap_or_default();
    // Improper priors have no draws: a place within their bounds.
    let position: Vec<f64> = if position.len() == density.dim() { position } else { vec![-0.2; density.dim()] };
    gradient::is_that_of_differences(&density, &position, 1e-3);
}

#[test]
fn what_a_file_says_of_redshifts_is_checked() {
    let read = |json: Value| System::from_json(&json.to_string(), Path::new("s.json"), Path::new("."));
    let lens = |z: Value| json!([{ "name": "lens", "profile": "sis", "redshift": z }]);
    let z = json!({ "z_lens": 0.3, "z_source": 2.0 });
    for (json, said) in [
        (json!({ "lens": lens(json!(0.5)) }), "needs the key `cosmology`"),
        (json!({ "lens": lens(json!(2.5)), "cosmology": z }), "in front of `z_source` = 2"),
        (json!({ "lens": lens(json!("near")), "cosmology": z }), "`redshift`: expected a number above 0"),
        (
            json!({ "light": [{ "name": "bulge", "profile": "sersic", "redshift": 0.3 }], "cosmology": z }),
            "no key `redshift`",
        ),
    ] {
        let error = read(json).err().expect("an error").to_string();
        assert!(error.contains(said) && !error.contains('\n'), "{said}: {error}");
    }
}
