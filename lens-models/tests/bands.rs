//! Several bands of one lens: against lenstronomy's "multi-linear" (`tests/data/bands.json`, made by `scripts/golden/bands.py`), against single bands,
//! and against identities.

use std::path::Path;
use std::sync::Arc;

use lens_models::data::{ImageData, Inputs};
use lens_models::fits::Image;
use lens_models::linear::Amplitudes;
use lens_models::op::expose;
use lens_models::psf::Psf;
use lens_models::registration::Registration;
use lens_models::sampling::Sampling;
use lens_models::system::{BandsModel, Scales, System, SystemModel, simulate, simulate_bands};
use ppl_core::handler::{priors, seed, substitute, trace};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values};
use serde_json::{Map, Value as Json, json};

fn system(json: &Json) -> System {
    System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).expect("a system")
}

/// Parameters with these values.
fn values(numbers: &Json) -> Json {
    let all = numbers.as_object().expect("an object").iter();
    Json::Object(all.map(|(name, value)| (name.clone(), json!({ "value": value }))).collect::<Map<_, _>>())
}

fn model(system: &System, data: &[Arc<ImageData>]) -> BandsModel {
    BandsModel::new(system, data, &Scales::of_bands(system, data)).expect("a model")
}

fn density(
    system: &System,
    data: &[Arc<ImageData>],
) -> ModelDensity<impl Fn(&mut Ctx) -> ppl_core::Result<()> + use<>> {
    let (model, set) = (model(system, data), system.sampled_priors());
    ModelDensity::new(priors(move |ctx: &mut Ctx| model.run(ctx).map(drop), set)).expect("a density")
}

fn evaluated(density: &impl LogDensity, position: &[f64]) -> (f64, Vec<f64>) {
    let (mut logp, mut gradient) = (vec![0.0], vec![0.0; position.len()]);
    density.logp_and_grad(position, &mut logp, &mut gradient).expect("a density");
    (logp[0], gradient)
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn two_bands_have_the_images_and_amplitudes_of_lenstronomys_multi_linear() {
    let table: Json = serde_json::from_str(include_str!("data/bands.json")).expect("the table is JSON");
    let bands = table["bands"].as_array().expect("a list");
    let mut source = table["source"].clone();
    for band in bands {
        source[format!("{}.R_sersic", band["name"].as_str().unwrap())] = band["R_sersic"].clone();
    }
    let entry = |band: &Json| {
        let mut entry = json!({ "name": band["name"], "size": band["size"], "pixel_scale": band["pixel_scale"],
            "background_rms": band["background_rms"], "supersampling": 1 });
        if band["rotation"] != json!(0.0) {
            entry["parameters"] = values(
                &json!({ "offset_x": band["offset"][0], "offset_y": band["offset"][1], "rotation": band["rotation"] }),
            );
        }
        entry
    };
    let wide = json!({ "normal": { "loc": 0.0, "scale": 1e6 } });
    let system = system(&json!({
        "data": bands.iter().map(entry).collect::<Vec<_>>(),
        "lens": [{ "name": "lens", "profile": "epl", "parameters": values(&table["lens"][0]) },
                 { "name": "shear", "profile": "shear", "parameters": values(&table["lens"][1]) }],
        "light": [{ "name": "light", "profile": "sersic_lenstronomy_bn", "amp": "linear", "parameters": values(&table["light"]) }],
        "source": [{ "name": "source", "profile": "sersic_lenstronomy_bn", "amp": "linear", "per_band": ["amp", "R_sersic"], "parameters": values(&source) }],
        "priors": { "light.f814w.amp": wide, "light.f160w.amp": wide, "source.f814w.amp": wide, "source.f160w.amp": wide },
    }));
    let data = bands.iter().zip(&system.bands).map(|(band, files)| {
        let n = band["size"][0].as_u64().unwrap() as usize;
        let pixels = |json: &Json| numbers(json).into_iter().map(|v| v as f32).collect::<Vec<_>>();
        let image = Image::new(n, n, pixels(&band["data"])).unwrap();
        let kernel: Vec<f32> = band["psf"].as_array().unwrap().iter().flat_map(pixels).collect();
        let psf = Some(Psf::new(Image::new(5, 5, kernel).unwrap()).unwrap());
        Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap())
    });
    let data: Vec<_> = data.collect();
    let model = model(&system, &data).with_amplitudes(Amplitudes::NonNegative);
    let best = model.best_amplitudes(&Values::new()).unwrap();
    let scenes = model.scenes_at(&Values::new()).unwrap();
    for ((band, scene), model) in bands.iter().zip(&scenes).zip(model.bands()) {
        let name = band["name"].as_str().unwrap();
        for part in ["light", "source"] {
            let (got, want) = (best[&format!("{part}.{name}.amp")][0], band[format!("{part}_amp")].as_f64().unwrap());
            println!("{part}.{name}.amp {got:.6}, off by {:.1e}", got / want - 1.0);
            // Images in f32 of up to 6e-8 of their peak, which is ten times the faint arcs.
            assert!((got / want - 1.0).abs() < 1e-5, "{part} {name}: {got} {want}");
        }
        let mut image = vec![0.0_f32; numbers(&band["model"]).len()];
        for part in scene.light.iter().chain(&scene.source) {
            let seen = expose(model.data(), part).unwrap();
            image.iter_mut().zip(seen.lane(0)).for_each(|(sum, v)| *sum += v);
        }
        let want = numbers(&band["model"]);
        let peak = want.iter().copied().fold(0.0, f64::max);
        let worst =
            image.iter().zip(&want).map(|(got, want)| (f64::from(*got) - want).abs() / peak).fold(0.0, f64::max);
        let chi2: f64 = model.data().residual(&image).iter().map(|z| f64::from(*z).powi(2)).sum();
        println!(
            "{name}: image off by {worst:.1e} of its peak, chi2 {chi2:.4}, off by {:.1e}",
            chi2 - band["chi2"].as_f64().unwrap()
        );
        assert!(worst < 2e-6 && (chi2 - band["chi2"].as_f64().unwrap()).abs() < 1e-2, "{name}");
    }
}

/// Two bands with other pixels, sizes, PSFs and noise, of a lens with light and a source; `more` is merged into the entry of the second.
fn two(more: &Json) -> Json {
    let mut second = json!({ "name": "f160w", "size": [18, 16], "pixel_scale": 0.25, "background_rms": 0.1, "psf_fwhm": 0.4, "supersampling": 1 });
    second.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "data": [{ "name": "f814w", "size": [30, 28], "pixel_scale": 0.14, "background_rms": 0.05, "psf_fwhm": 0.2, "supersampling": 1 }, second],
        "lens": [{ "name": "lens", "profile": "sie" }],
        "light": [{ "name": "light", "profile": "gaussian", "parameters": values(&json!({ "e1": 0.1, "e2": 0.0, "center_x": 0.03, "center_y": 0.02 })) }],
        "source": [{ "name": "source", "profile": "gaussian", "per_band": ["amp", "sigma"],
            "parameters": values(&json!({ "e1": 0.0, "e2": 0.1, "center_x": 0.08, "center_y": 0.04 })) }],
        "priors": { "lens.theta_E": { "uniform": { "low": 0.5, "high": 1.5 } }, "light.sigma": { "uniform": { "low": 0.2, "high": 0.9 } },
            "source.f814w.sigma": { "uniform": { "low": 0.1, "high": 0.4 } }, "source.f160w.sigma": { "uniform": { "low": 0.1, "high": 0.4 } } },
    })
}

#[test]
fn the_log_density_is_the_sum_of_those_of_single_bands_with_the_priors_of_what_they_share_once() {
    let both = system(&two(&json!({})));
    let mocks = simulate_bands(&both, 3).unwrap();
    let data: Vec<_> = mocks.iter().map(|mock| mock.data.clone()).collect();
    let (model, scales) = (model(&both, &data), Scales::of_bands(&both, &data));
    let at = trace(seed(priors(|ctx: &mut Ctx| model.run(ctx).map(drop), both.priors.clone()), 7)).unwrap();
    let names: Vec<&str> = at.names().collect();
    for site in
        ["lens.theta_E", "light.sigma", "light.f814w.amp", "light.f160w.amp", "source.f814w.sigma", "source.f160w.amp"]
    {
        assert!(names.contains(&site), "{site} is not among {names:?}");
    }
    assert_eq!(
        names.iter().filter(|name| name.ends_with("image")).collect::<Vec<_>>(),
        [&"f814w.image", &"f160w.image"]
    );
    for (k, band) in ["f814w", "f160w"].into_iter().enumerate() {
        // The same as a file with one image, whose sites have no band in their names.
        let mut json = two(&json!({}));
        let mut entry = json["data"][k].clone();
        entry.as_object_mut().unwrap().remove("name");
        json["data"] = entry;
        json["source"][0].as_object_mut().unwrap().remove("per_band");
        json.as_object_mut().unwrap().remove("priors");
        let one = system(&json);
        let model = SystemModel::new(&one, data[k].clone(), &scales[k]).unwrap();
        let mut values = Values::new();
        for (name, site) in
            at.iter().filter(|(name, site)| site.is_latent() && !name.contains(["f814w", "f160w"][1 - k]))
        {
            values.insert(name.replace(&format!(".{band}"), ""), site.value.clone());
        }
        let single = trace(seed(substitute(|ctx: &mut Ctx| model.run(ctx).map(drop), values), 0)).unwrap();
        let (got, want) = (&at.get(&format!("{band}.image")).unwrap().value, &single.get("image").unwrap().value);
        assert_eq!(got.numbers(), want.numbers(), "{band}");
    }
}

#[test]
fn two_identical_exposures_are_one_with_half_the_variance() {
    let mut one = two(&json!({}));
    let mut entry = one["data"][0].clone();
    entry.as_object_mut().unwrap().remove("name");
    one["data"] = entry.clone();
    one["source"][0].as_object_mut().unwrap().remove("per_band");
    one["priors"] = json!({ "lens.theta_E": { "uniform": { "low": 0.5, "high": 1.5 } } });
    let mut twice = one.clone();
    let named = |name: &str| {
        let mut entry = entry.clone();
        entry["name"] = json!(name);
        entry
    };
    twice["data"] = json!([named("first"), named("second")]);
    for part in ["light", "source"] {
        twice[part][0]["per_band"] = json!([]);
    }
    let mut deeper = one.clone();
    deeper["data"]["background_rms"] = json!(0.05 * 0.5_f64.sqrt());
    let mock = simulate(&system(&one), 5).unwrap();
    let (twice, deeper) = (system(&twice), system(&deeper));
    let inputs = || {
        let psf = twice.bands[0].read_psf(Path::new(".")).unwrap();
        Inputs { psf, ..Inputs::new(mock.image.clone()) }
    };
    let exposures: Vec<_> = twice.bands.iter().map(|files| Arc::new(files.assemble(inputs()).unwrap())).collect();
    let deep = Arc::new(deeper.data.clone().unwrap().assemble(inputs()).unwrap());
    // The priors of both are on one scale.
    let scales = Scales::of_bands(&twice, &exposures);
    let of = |system: &System, data: &[Arc<ImageData>], scales: &[Scales]| {
        let (model, set) = (BandsModel::new(system, data, scales).unwrap(), system.priors.clone());
        ModelDensity::new(priors(move |ctx: &mut Ctx| model.run(ctx).map(drop), set)).unwrap()
    };
    let (a, b) = (of(&twice, &exposures, &scales), of(&deeper, &[deep], &scales[..1]));
    assert_eq!(a.dim(), b.dim());
    let positions = a.draw_prior(4, 5).unwrap();
    let at = |i: usize| &positions[i * a.dim()..(i + 1) * a.dim()];
    let (first_a, first_b) = (evaluated(&a, at(0)).0, evaluated(&b, at(0)).0);
    for i in 1..5 {
        let ((logp_a, grad_a), (logp_b, grad_b)) = (evaluated(&a, at(i)), evaluated(&b, at(i)));
        let (got, want) = (logp_a - first_a, logp_b - first_b);
        // 1 / sigma is an f32: 6e-8 of a chi2, twice.
        assert!((got - want).abs() < 1e-6 * (logp_a.abs() + first_a.abs()), "{got} is not {want}");
        let size = grad_b.iter().map(|g| g.abs()).fold(1.0, f64::max);
        assert!(grad_a.iter().zip(&grad_b).all(|(a, b)| (a - b).abs() < 1e-5 * size), "{grad_a:?} {grad_b:?}");
    }
}

#[test]
fn a_band_that_is_moved_by_whole_pixels_sees_other_pixels_of_the_same_sky() {
    let mut json = two(&json!({ "size": [30, 28], "pixel_scale": 0.14, "psf_fwhm": 0.2, "background_rms": 1e-6,
        "parameters": { "offset_x": { "value": 0.42 }, "offset_y": { "value": -0.28 } } }));
    json["data"][0]["background_rms"] = json!(1e-6);
    json["light"][0]["per_band"] = json!([]);
    json["source"][0]["per_band"] = json!([]);
    json["priors"] = json!({});
    let mocks = simulate_bands(&system(&json), 2).unwrap();
    let [first, second] = [&mocks[0].signal.pixels, &mocks[1].signal.pixels];
    // Away from borders, beyond which a PSF of nine pixels has nothing to blur.
    for (x, y) in (5..22).flat_map(|x| (7..23).map(move |y| (x, y))) {
        let (here, there) = (second[y * 30 + x], first[(y - 2) * 30 + x + 3]);
        assert!((here - there).abs() < 1e-5 * there.abs().max(0.1), "({x}, {y}): {here} is not {there}");
    }
}

#[test]
fn what_is_sampled_of_where_a_band_lies_is_what_is_fixed() {
    let fixed = two(
        &json!({ "parameters": { "offset_x": { "value": 0.11 }, "offset_y": { "value": -0.07 }, "rotation": { "value": 0.15 } } }),
    );
    let mut free = two(&json!({}));
    for (name, width) in [("offset_x", 0.2), ("offset_y", 0.2), ("rotation", 0.3)] {
        free["priors"][format!("f160w.{name}")] = json!({ "normal": { "loc": 0.0, "scale": width } });
    }
    let (fixed, free) = (system(&fixed), system(&free));
    let data: Vec<_> = simulate_bands(&fixed, 1).unwrap().iter().map(|mock| mock.data.clone()).collect();
    let (held, sampled) = (model(&fixed, &data), model(&free, &data));
    assert_eq!(held.data()[1].grid.registration(), Registration { offset: [0.11, -0.07], rotation: 0.15 });
    let drawn = trace(seed(priors(|ctx: &mut Ctx| held.run(ctx).map(drop), fixed.priors.clone()), 9)).unwrap();
    let mut values = Values::new();
    for (name, site) in drawn.iter().filter(|(_, site)| site.is_latent()) {
        values.insert(&**name, site.value.clone());
    }
    let all = values.clone().with("f160w.offset_x", 0.11).with("f160w.offset_y", -0.07).with("f160w.rotation", 0.15);
    let (a, b) = (held.scenes_at(&values).unwrap(), sampled.scenes_at(&all).unwrap());
    for (a, b) in a.iter().zip(&b) {
        for (a, b) in [(&a.light, &b.light), (&a.source, &b.source)] {
            let (a, b) = (a.as_ref().unwrap().lane(0), b.as_ref().unwrap().lane(0));
            let peak = a.iter().copied().fold(0.0, f32::max);
            // Positions of two arcsec in f32, rounded once more.
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-5 * peak));
        }
    }
}

#[test]
fn the_gradient_is_that_of_differences_by_what_is_shared_what_is_not_and_where_a_band_lies() {
    let mut json = two(&json!({}));
    for (name, width) in [("offset_x", 0.1), ("offset_y", 0.1), ("rotation", 0.1)] {
        json["priors"][format!("f160w.{name}")] = json!({ "normal": { "loc": 0.0, "scale": width } });
    }
    for site in ["light.f814w.amp", "light.f160w.amp", "source.f814w.amp", "source.f160w.amp"] {
        json["priors"][site] = json!({ "log_normal": { "loc": -0.5, "scale": 0.3 } });
    }
    // Several planes follow the rays of a band that is moved in another way.
    let mut deep = json.clone();
    deep["cosmology"] = json!({ "z_lens": 0.3, "z_source": 2.0 });
    deep["lens"].as_array_mut().unwrap().push(json!({ "name": "behind", "profile": "sis", "redshift": 0.8,
        "parameters": values(&json!({ "theta_E": 0.1, "center_x": 0.4, "center_y": 0.2 })) }));
    for json in [json, deep] {
        let system = system(&json);
        let data: Vec<_> = simulate_bands(&system, 8).unwrap().iter().map(|mock| mock.data.clone()).collect();
        let density = density(&system, &data);
        let names: Vec<&str> = density.layout().entries().iter().map(|e| &*e.name).collect();
        assert!(names.contains(&"f160w.offset_x") && !names.iter().any(|name| name.starts_with("f814w.")), "{names:?}");
        let position = density.draw_prior(6, 1).unwrap();
        let (_, gradient) = evaluated(&density, &position);
        let h = 1e-3;
        for (i, g) in gradient.iter().enumerate() {
            let beside = |by: f64| {
                let mut moved = position.clone();
                moved[i] += by;
                evaluated(&density, &moved).0
            };
            // Of fourth order: images of f32 over steps of 1e-3.
            let slope = (8.0 * (beside(h) - beside(-h)) - (beside(2.0 * h) - beside(-2.0 * h))) / (12.0 * h);
            let size = gradient.iter().map(|g| g.abs()).fold(1.0, f64::max);
            println!("{:20} {g:14.4} {slope:14.4}", names[i]);
            assert!((g - slope).abs() < 1e-3 * g.abs() + 5e-4 * size, "{}: {g} is not {slope}", names[i]);
        }
    }
}

#[test]
fn each_band_has_sub_pixels_of_its_own() {
    let mut json = two(&json!({}));
    for band in json["data"].as_array_mut().unwrap() {
        band.as_object_mut().unwrap().remove("supersampling");
    }
    json["data"][1]["supersampling"] = json!(2);
    json["source"][0]["parameters"] =
        values(&json!({ "amp": 4.0, "sigma": 0.03, "e1": 0.0, "e2": 0.1, "center_x": 0.08, "center_y": 0.04 }));
    json["priors"] = json!({});
    let system = system(&json);
    let data: Vec<_> = simulate_bands(&system, 8).unwrap().iter().map(|mock| mock.data.clone()).collect();
    let model = model(&system, &data);
    let drawn = trace(seed(|ctx: &mut Ctx| model.run(ctx).map(drop), 1)).unwrap();
    let mut values = Values::new();
    for (name, site) in drawn.iter().filter(|(_, site)| site.is_latent()) {
        values.insert(&**name, site.value.clone());
    }
    let refined = model.adapted(&values).unwrap();
    assert!(matches!(refined.sampling()[0], Sampling::Each(_)) && refined.sampling()[1] == Sampling::Uniform(2));
    assert_eq!(refined.refined(&values).unwrap(), refined.sampling());
}

#[test]
fn what_a_file_says_of_bands_is_checked() {
    let refused = |change: &dyn Fn(&mut Json)| {
        let mut json = two(&json!({}));
        change(&mut json);
        System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).err().expect("an error").to_string()
    };
    type Case<'a> = (&'a dyn Fn(&mut Json), &'a [&'a str]);
    let cases: [Case<'_>; 16] = [
        (&|j| j["data"] = json!([]), &["`data`", "at least"]),
        (&|j| j["data"][1]["name"] = json!("F814W"), &["the band `F814W` is there twice"]),
        (&|j| j["data"][1] = json!({ "size": [8, 8] }), &["`name`"]),
        (&|j| j["data"][1]["name"] = json!("a.b"), &["`name`", "letters"]),
        (&|j| j["data"][1]["pixel_scal"] = json!(0.1), &["band `f160w`", "pixel_scal", "pixel_scale"]),
        (&|j| j["data"][0]["parameters"] = json!({}), &["band `f814w`", "first band"]),
        (&|j| j["data"][1]["parameters"] = json!({ "offset_z": { "value": 1 } }), &["`offset_z`", "offset_x"]),
        (&|j| j["source"][0]["bands"] = json!([]), &["component `source`", "`bands`", "one band at least"]),
        (&|j| j["source"][0]["bands"] = json!(["f16w"]), &["`f16w`", "did you mean `f160w`?"]),
        (&|j| j["source"][0]["per_band"] = json!(["amp", "sigm"]), &["`per_band`", "`sigm`", "sigma"]),
        (&|j| j["source"][0]["parameters"]["f160w.e1"] = json!({ "value": 0.1 }), &["`f160w.e1`", "`per_band`"]),
        (&|j| j["source"][0]["parameters"]["f999w.amp"] = json!({ "value": 0.1 }), &["`f999w`"]),
        (&|j| j["source"][0]["name"] = json!("f160w"), &["`f160w` is there twice"]),
        (&|j| j["lens"][0]["bands"] = json!(["f814w"]), &["`bands`"]),
        (
            &|j| {
                j["source"][0]["bands"] = json!(["f814w"]);
                j["light"][0]["bands"] = json!(["f814w"]);
            },
            &["band `f160w`", "shines in it"],
        ),
        (
            &|j| {
                j["source"][0]["per_band"] = json!([]);
                j["source"][0]["amp"] = json!("linear");
            },
            &["`amp`", "`per_band`"],
        ),
    ];
    for (change, parts) in cases {
        let error = refused(change);
        assert!(
            parts.iter().all(|part| error.contains(part)) && !error.contains('\n'),
            "{error} does not say {parts:?}"
        );
    }
    let error = refused(&|j| {
        j["data"] = j["data"][0].clone();
        j["data"].as_object_mut().unwrap().remove("name");
    });
    assert!(error.contains("`per_band`") && error.contains("several bands"), "{error}");
}

#[test]
fn an_amplitude_is_shared_by_pixels_of_one_size_alone_and_data_are_one_for_each_band() {
    let mut json = two(&json!({}));
    json["source"][0]["per_band"] = json!(["sigma"]);
    let system = system(&json);
    let error = simulate_bands(&system, 1).err().unwrap().to_string();
    assert!(error.contains("`source.amp`") && error.contains("0.14 and 0.25"), "{error}");
    let both = self::system(&two(&json!({})));
    let data: Vec<_> = simulate_bands(&both, 1).unwrap().iter().map(|mock| mock.data.clone()).collect();
    let scales = Scales::of_bands(&both, &data);
    let said = |error: Option<lens_models::Error>| error.unwrap().to_string();
    assert!(said(BandsModel::new(&both, &data[..1], &scales[..1]).err()).contains("1 images for 2 bands"));
    assert!(said(SystemModel::new(&both, data[0].clone(), &scales[0]).err()).contains("several bands"));
    assert!(said(simulate(&both, 1).err()).contains("simulate_bands"));
}
