//! A potential on a grid: what the model of a system makes of it, and whether a fit finds what is not in the lens.

use std::path::Path;
use std::sync::Arc;

use arclet::core::{Ctx, LogDensity, ModelDensity, PriorSet, Values, handler};
use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::data::ImageData;
use arclet::lens::light::{LightProfile, Sersic};
use arclet::lens::mass::{Epl, MassSum};
use arclet::lens::plane::{Lens, LensMapping, Perturbed};
use arclet::lens::system::{Component, Scales, System, SystemModel, simulate};

const SIDE: usize = 12;

fn read(text: &str) -> arclet::lens::Result<System> {
    System::from_json(text, Path::new("s.json"), Path::new("."))
}

/// A system whose potential has these numbers, all else fixed.
fn system(xi: &[f64]) -> System {
    let xi: Vec<String> = xi.iter().map(f64::to_string).collect();
    let text = format!(
        r#"{{ "data": {{ "size": [40, 40], "pixel_scale": 0.1, "background_rms": 0.004, "supersampling": 1 }},
        "lens": [ {{ "name": "lens", "profile": "epl", "parameters": {{ "theta_E": {{ "value": 1.1 }}, "gamma": {{ "value": 2.05 }},
          "e1": {{ "value": 0.08 }}, "e2": {{ "value": -0.06 }}, "center_x": {{ "value": 0.01 }}, "center_y": {{ "value": -0.02 }} }} }},
          {{ "name": "bumps", "profile": "potential_pixels", "pixels": {SIDE}, "size": 4.2, "center": [0.1, 0.0], "parameters": {{
          "xi": {{ "value": [{}] }}, "amp": {{ "value": 0.006 }}, "length": {{ "value": 0.1 }}, "slope": {{ "value": 6 }} }} }} ],
        "source": [ {{ "name": "source", "profile": "sersic", "parameters": {{ "amp": {{ "value": 0.5 }}, "R_sersic": {{ "value": 0.25 }},
          "n_sersic": {{ "value": 1.0 }}, "e1": {{ "value": 0.1 }}, "e2": {{ "value": 0.1 }}, "center_x": {{ "value": 0.05 }}, "center_y": {{ "value": 0.08 }} }} }} ] }}"#,
        xi.join(",")
    );
    read(&text).expect("a system")
}

fn numbers() -> Vec<f64> {
    (0..SIDE * SIDE).map(|i| 1.3 * (2.1 * i as f64).sin()).collect()
}

fn mock() -> Arc<ImageData> {
    simulate(&system(&numbers()), 5).expect("a mock").data
}

#[test]
fn images_are_those_of_the_lens_mapping_that_curves_are_made_of() {
    let system = system(&numbers());
    let data = mock();
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    let scene = model.scene_at(&Values::new()).expect("a scene");
    let source = scene.source.expect("a source");
    let potentials = system.potentials(Component::given).expect("values");
    let (mass, params) = (MassSum::new([&Epl as _]), [1.1, 2.05, 0.08, -0.06, 0.01, -0.02]);
    let map = Perturbed::new(Lens::new(&mass, &params), &potentials);
    let (grid, mut bent) = (&data.grid, 0.0_f64);
    for (k, seen) in source.lane(0).iter().enumerate() {
        let (x, y) = grid.position(k % 40, k / 40);
        let [bx, by] = map.ray([x, y]).position;
        let expected = Sersic.point(&[0.5, 0.25, 1.0, 0.1, 0.1, 0.05, 0.08], bx, by);
        // f32 rays under a slope of 2 an arcsec.
        assert!((f64::from(*seen) - expected).abs() < 2e-6 * (1.0 + expected), "{x} {y}: {seen} {expected}");
        let [ax, ay] = Lens::new(&mass, &params).beta(x, y);
        bent = bent.max((ax - bx).hypot(ay - by));
    }
    assert!(bent > 0.01, "{bent}");
}

#[test]
fn the_gradient_by_its_numbers_and_scales_is_that_of_differences() {
    let mut system = system(&numbers());
    system.components[1].fixed.clear();
    let data = mock();
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    let density = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))
        .expect("a density");
    let dim = density.dim();
    let truth = Values::new().with("bumps.xi", numbers()).with("bumps.amp", 0.006);
    let at = density.position_of(&truth.with("bumps.length", 0.1).with("bumps.slope", 6.0), 0).expect("a position");
    let value = |at: &[f64]| {
        let (mut logp, mut gradient) = ([0.0], vec![0.0; dim]);
        density.logp_and_grad(at, &mut logp, &mut gradient).expect("a value");
        (logp[0], gradient)
    };
    let (_, gradient) = value(&at);
    let largest = gradient.iter().map(|g| f64::abs(*g)).fold(0.0, f64::max);
    for i in [0, 30, 77, 143, dim - 3, dim - 2, dim - 1] {
        let beside = |h: f64| {
            let mut at = at.clone();
            at[i] += h;
            value(&at).0
        };
        let slope = (beside(3e-3) - beside(-3e-3)) / 6e-3;
        // f32 rays: the density is off by some 1e-3 over twice the step.
        assert!((slope - gradient[i]).abs() < 3e-3 * (largest + 100.0), "{i}: {slope} {}", gradient[i]);
    }
}

#[test]
fn a_fit_finds_the_lens_that_a_smooth_one_does_not() {
    let lens = |system: &mut System| {
        let one = &mut system.components[0];
        one.fixed.clear();
        system.components[2].fixed.clear();
        system.clone()
    };
    let settings = FitSettings { warmup: 80, draws: 120, ..FitSettings::default() };
    let mut bumpy = system(&numbers());
    bumpy.components[1].fixed.clear();
    bumpy.priors = PriorSet::from_json("p.json", r#"{ "bumps.amp": { "log_normal": { "loc": -5.5, "scale": 1.0 } } }"#)
        .expect("priors");
    let found = fit(&lens(&mut bumpy), mock(), &settings, &mut Executor::new()).expect("a fit");
    let mut smooth = system(&numbers()).with_components(|component| component.name != "bumps");
    smooth.components.iter_mut().for_each(|component| component.fixed.clear());
    let without = fit(&smooth, mock(), &settings, &mut Executor::new()).expect("a fit");
    let (with, without) = (found.view.chi2_per_pixel, without.view.chi2_per_pixel);
    println!("chi2 {with:.3}, of a smooth lens {without:.3}; {:?}", found.seconds);
    assert!((0.8..1.15).contains(&with) && without > 1.3, "{with} {without}");
    let summary = found.posterior.summary();
    for (name, truth) in [("theta_E", 1.1), ("gamma", 2.05), ("e1", 0.08), ("e2", -0.06)] {
        let entry = summary.get(&format!("lens.{name}")).expect("a site");
        println!("{name}: {:.4} +- {:.4}, R-hat {:.3}", entry.mean, entry.sd, entry.r_hat);
        assert!((entry.mean - truth).abs() < 4.0 * entry.sd && entry.r_hat < 1.1, "{name}: {entry:?}");
    }
    assert!(["amp", "length", "slope"].iter().all(|name| found.system.components[1].fixed.contains_key(name)));
}

#[test]
fn what_is_no_grid_or_not_beside_one_is_refused_with_its_place() {
    let beside = |keys: &str, more: &str| {
        read(&format!(
            r#"{{ "lens": [{{ "name": "lens", "profile": "sie" }}, {{ "name": "bumps", "profile": "potential_pixels"{keys} }}],
            "source": [{{ "name": "source", "profile": "sersic" }}]{more} }}"#
        ))
    };
    let size = r#", "size": 4.0"#;
    assert!(beside(size, "").is_ok());
    let points = r#", "points": [{ "name": "q", "positions": [[1, 0], [-1, 0]], "position_errors": 0.01 }]"#;
    for (keys, more, parts) in [
        ("".to_owned(), "", ["`size`", "width"]),
        (r#", "size": -1"#.to_owned(), "", ["`size`", "above 0"]),
        (format!(r#"{size}, "pixels": 2"#), "", ["`pixels`", "4 to 100"]),
        (format!(r#"{size}, "center": 3"#), "", ["`center`", "invalid type"]),
        (format!(r#"{size}, "count": 2"#), "", ["`bumps`", "count"]),
        (
            format!(r#"{size}, "redshift": 0.4"#),
            r#", "cosmology": { "z_lens": 0.5, "z_source": 2 }"#,
            ["`bumps`", "redshift"],
        ),
        (size.to_owned(), points, ["`bumps`", "points"]),
    ] {
        let error = beside(&keys, more).map(|_| ()).expect_err("a mistake").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let halo = r#"{ "data": { "size": [16, 16], "pixel_scale": 0.1, "background_rms": 0.02 }, "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
        "lens": [{ "name": "lens", "profile": "sie" }, { "name": "halo", "profile": "subhalo" }, { "name": "bumps", "profile": "potential_pixels", "size": 2 }],
        "source": [{ "name": "source", "profile": "sersic" }] }"#;
    let data = simulate(&system(&numbers()), 1).expect("a mock").data;
    let error = fit(&read(halo).expect("a system"), data, &FitSettings::default(), &mut Executor::new());
    let error = error.map(|_| ()).expect_err("a mistake").to_string();
    assert!(error.contains("`halo`") && error.contains("`bumps`"), "{error}");
}
