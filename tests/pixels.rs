//! A pixelised source from an image to its posterior, by NUTS and by variational inference, on a lens small enough for a test.

use std::path::Path;
use std::sync::Arc;

use arclet::core::{Ctx, LogDensity, ModelDensity, PriorSet, handler};
use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::infer::svi::{AutoNormal, Schedule, SviSettings, svi};
use arclet::lens::system::{Scales, System, SystemModel, simulate};

/// A ring of 40 x 40 pixels: two clumps behind an isothermal ellipsoid.
const TRUTH: &str = r#"{
  "data": { "size": [40, 40], "pixel_scale": 0.08, "psf_fwhm": 0.12, "background_rms": 0.03, "supersampling": 2 },
  "lens": [{ "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.0 }, "e1": { "value": 0.08 },
      "e2": { "value": -0.05 }, "center_x": { "value": 0.0 }, "center_y": { "value": 0.01 } } }],
  "source": [{ "name": "a", "profile": "gaussian", "parameters": { "amp": { "value": 0.5 }, "sigma": { "value": 0.12 },
      "e1": { "value": 0.1 }, "e2": { "value": 0.1 }, "center_x": { "value": 0.05 }, "center_y": { "value": 0.03 } } },
    { "name": "b", "profile": "gaussian", "parameters": { "amp": { "value": 0.4 }, "sigma": { "value": 0.07 },
      "e1": { "value": 0.0 }, "e2": { "value": 0.0 }, "center_x": { "value": -0.2 }, "center_y": { "value": 0.1 } } }] }"#;

/// The same lens, all of it unknown, with 16 x 16 pixels for a source, and priors of what a fit holds at one time or another.
fn system() -> System {
    let (data, lens) = (
        r#""size": [40, 40], "pixel_scale": 0.08, "psf_fwhm": 0.12, "background_rms": 0.03, "supersampling": 2"#,
        "sie",
    );
    let json = format!(
        r#"{{ "data": {{ {data} }}, "lens": [{{ "name": "lens", "profile": "{lens}" }}],
        "source": [{{ "name": "source", "profile": "pixels", "pixels": 16 }}],
        "priors": {{ "source.scale": {{ "log_normal": {{ "loc": 0.4, "scale": 0.3 }} }}, "source.slope": {{ "uniform": {{ "low": 2.5, "high": 7 }} }},
          "source.amp": {{ "half_normal": {{ "scale": 1 }} }}, "source.center_x": {{ "normal": {{ "loc": 0, "scale": 0.2 }} }} }} }}"#
    );
    System::from_json(&json, Path::new("s.json"), Path::new(".")).expect("a system")
}

fn mock() -> Arc<arclet::lens::data::ImageData> {
    let truth = System::from_json(TRUTH, Path::new("t.json"), Path::new(".")).expect("a system");
    simulate(&truth, 4).expect("a mock").data
}

#[test]
fn nuts_finds_the_lens_behind_which_two_clumps_lie() {
    let settings = FitSettings { warmup: 50, draws: 60, ..FitSettings::default() };
    let found = fit(&system(), mock(), &settings, &mut Executor::new()).expect("a fit");
    println!("chi2 {:.3}, {:?} s, {} gradients", found.view.chi2_per_pixel, found.seconds, found.gradients);
    assert!((0.8..1.15).contains(&found.view.chi2_per_pixel), "{}", found.view.chi2_per_pixel);
    let summary = found.posterior.summary();
    for (name, truth) in [("theta_E", 1.0), ("e1", 0.08), ("e2", -0.05), ("center_x", 0.0), ("center_y", 0.01)] {
        let entry = summary.get(&format!("lens.{name}")).expect("a site");
        println!("{name}: {:.4} +- {:.4}, R-hat {:.3}", entry.mean, entry.sd, entry.r_hat);
        assert!((entry.mean - truth).abs() < 4.0 * entry.sd && entry.r_hat < 1.1, "{name}: {entry:?}");
    }
    // Spectrum, window and place are settled, and how wide the grid is on the sky is not.
    let settled = &found.system.components[1].fixed;
    assert!(["amp", "length", "slope", "width", "center_x"].iter().all(|name| settled.contains_key(name)));
    let priors: Vec<&str> = found.priors.names().collect();
    assert!(priors.contains(&"source.scale") && !priors.contains(&"source.amp"), "{priors:?}");
    assert!(summary.get("source.scale").is_some() && summary.get("source.xi[255]").is_some());
}

/// The density of the numbers `xi` behind a lens, all else fixed, at two positions: values and gradients.
fn at(lens: &str, scale: f64, center: f64) -> Vec<f64> {
    let json = format!(
        r#"{{ "lens": [{lens}], "source": [{{ "name": "source", "profile": "pixels", "pixels": 16, "parameters": {{
        "scale": {{ "value": {scale} }}, "center_x": {{ "value": {center} }}, "center_y": {{ "value": {center} }}, "amp": {{ "value": 0.3 }},
        "length": {{ "value": 0.1 }}, "slope": {{ "value": 4.0 }}, "width": {{ "value": 0.9 }}, "offset_x": {{ "value": 0.02 }},
        "offset_y": {{ "value": -0.03 }} }} }}] }}"#
    );
    let system = System::from_json(&json, Path::new("s.json"), Path::new(".")).expect("a system");
    let data = mock();
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    let density =
        ModelDensity::new(handler::priors(|ctx: &mut Ctx| model.run(ctx), system.sampled_priors())).expect("a density");
    let xi: Vec<f64> = (0..2 * 256).map(|i| (1.3 * i as f64).sin()).collect();
    let (mut logp, mut gradient) = (vec![0.0; 2], vec![0.0; 2 * 256]);
    density.logp_and_grad(&xi, &mut logp, &mut gradient).expect("a value");
    logp.into_iter().chain(gradient).collect()
}

#[test]
fn a_source_and_a_lens_that_makes_it_larger_have_the_density_of_the_smaller_one() {
    // With beta(theta) of one lens, that of mass lambda times as large and a sheet of 1 - lambda is lambda beta(theta) (Falco, Gorenstein &
    // Shapiro 1985): images cannot tell, and the prior of the pixels does not either.
    let lens = |theta_e: f64| {
        format!(
            r#"{{ "name": "lens", "profile": "sis", "parameters": {{ "theta_E": {{ "value": {theta_e} }},
            "center_x": {{ "value": 0.0 }}, "center_y": {{ "value": 0.0 }} }} }}"#
        )
    };
    let lambda = 1.25;
    let sheet = format!(
        r#", {{ "name": "sheet", "profile": "convergence", "parameters": {{ "kappa": {{ "value": {} }} }} }}"#,
        1.0 - lambda
    );
    let one = at(&lens(1.0), 1.4, 0.02);
    let other = at(&(lens(lambda) + &sheet), lambda * 1.4, lambda * 0.02);
    for (a, b) in one.iter().zip(&other) {
        // Positions of f32 in a spline of 1/11 arcsec a pixel, and sums of f32: the worst is 1.1e-4 of a number among some of 4e4.
        assert!((a - b).abs() < 3e-4 * (1.0 + a.abs()), "{a} {b}");
    }
}

#[test]
fn a_mean_field_guide_rises_to_the_pixels() {
    let (mut system, data) = (System { priors: PriorSet::default(), ..system() }, mock());
    for (name, value) in [("scale", 1.4), ("center_x", 0.0), ("center_y", 0.0), ("slope", 4.0)] {
        system.components[1].fixed.insert(name, vec![value]);
    }
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).expect("a model");
    let run = handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors());
    let guide = AutoNormal::new(&run).expect("a guide");
    let learning_rate = Schedule::Cosine { peak: 0.03, warmup: 50, last: 1e-3 };
    let settings = SviSettings { steps: 1500, learning_rate, ..SviSettings::default() };
    let fitted = svi(&run, guide.guide(), &settings).expect("a fit");
    let losses = fitted.losses();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..20]), mean(&losses[losses.len() - 20..]));
    println!("loss from {first:.0} to {last:.0}");
    assert!(last.is_finite() && last < first - 1000.0, "{first} {last}");
}
