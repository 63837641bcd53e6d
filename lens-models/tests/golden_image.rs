//! The 12 x 12 golden image: its likelihood and gradient, through the operations on the tape.

mod golden;

use std::sync::Arc;

use golden::golden;
use lens_models::data::{DataFiles, ImageData, Inputs};
use lens_models::fits::Image;
use lens_models::light::Sersic;
use lens_models::mass::{Shear, Sple};
use lens_models::op::{Deflector, LightComponent, brightness, expose, image_log_prob, trace_rays};
use lens_models::psf::Psf;
use ppl_core::Var;
use ppl_core::autodiff::Tape;
use serde_json::Value as Json;

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

fn image(json: &Json) -> Image {
    let rows: Vec<Vec<f32>> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_array().unwrap().iter().map(|v| number(v) as f32).collect())
        .collect();
    Image::new(rows[0].len(), rows.len(), rows.concat()).unwrap()
}

fn data(golden: &Json) -> Arc<ImageData> {
    let files = serde_json::json!({ "pixel_scale": 0.3, "background_rms": number(&golden["sigma"]) });
    let files: DataFiles = serde_json::from_value(files).unwrap();
    let psf = Some(Psf::new(image(&golden["psf"])).unwrap());
    Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image(&golden["data"])) }).unwrap())
}

/// The model image and its log likelihood at `theta`, in the order of the golden names.
fn run(data: &Arc<ImageData>, theta: &[Var]) -> (Vec<f32>, Var) {
    let (q, phi) = (&theta[11], &theta[12]);
    let length = (1.0 - q) / (1.0 + q);
    let (e1, e2) = (&length * (phi * 2.0).cos(), &length * (phi * 2.0).sin());
    let lens = Deflector::new(&Sple, &theta[..6]).unwrap();
    let shear = Deflector::new(&Shear, &theta[6..8]).unwrap();
    let source = [&theta[8], &theta[9], &theta[10], &e1, &e2, &theta[13], &theta[14]];
    let beta = trace_rays(&Arc::new(data.grid.clone()), &[lens, shear]).unwrap();
    let image = expose(data, &brightness(&beta, &LightComponent::new(&Sersic, source).unwrap()).unwrap()).unwrap();
    (image.lane(0).to_vec(), image_log_prob(data, &image).unwrap())
}

#[test]
fn the_golden_image_its_likelihood_and_its_gradient_come_out() {
    let Some(golden) = golden("lens.json") else { return };
    let golden = &golden["mini_image"];
    let data = data(golden);
    let theta0: Vec<f64> = golden["theta0"].as_array().unwrap().iter().map(number).collect();
    let at = |theta: &[f64], tape: &Tape| -> Vec<Var> {
        theta.iter().map(|x| Var::leaf(tape, 1, (), vec![*x]).unwrap()).collect()
    };
    let (model, log_prob) = run(&data, &at(&theta0, &Tape::default()));
    for (got, expected) in model.iter().zip(&image(&golden["convolved_theta0"]).pixels) {
        // f32 through rays, light and PSF: 2e-5 of the brightest pixels, which are near 3.
        assert!((got - expected).abs() < 2e-5 * (1.0 + expected), "{got} {expected}");
    }
    let close = |got: f64, expected: f64, what: &str| {
        // 144 residuals of up to 10 sigma, each of an f32 model good to 1e-6 of 3 over sigma 0.1. The gradient by q_s is 1e4
        // times smaller than its terms, which cancel: 0.01 is what f32 leaves of them.
        assert!((got - expected).abs() < 2e-4 * expected.abs().max(50.0), "{what}: {got}, golden {expected}");
    };
    close(log_prob.value().unwrap(), number(&golden["loglike_theta0"]), "log likelihood");
    let theta1: Vec<f64> = theta0.iter().map(|x| 1.01 * x).collect();
    let tape = Tape::recording();
    let leaves = at(&theta1, &tape);
    let (_, log_prob) = run(&data, &leaves);
    close(log_prob.value().unwrap(), number(&golden["loglike_theta1"]), "log likelihood, moved");
    tape.backward(log_prob.as_value()).unwrap();
    for (leaf, name) in leaves.iter().zip(golden["names"].as_array().unwrap()) {
        let name = name.as_str().unwrap();
        let Some(g) = leaf.as_value().take_gradient().map(|g| g.to_f64()) else { panic!("no gradient for {name}") };
        close(g[0], number(&golden["grad_loglike_theta1"][name]), name);
    }
}
