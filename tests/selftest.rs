//! Whole densities with their pixels on an emulated GPU: stages, uploads, gradients and lanes, against the host.
#![cfg(feature = "cuda")]

use std::path::Path;
use std::sync::Arc;

use arclet::core::autodiff::check_gpu::relative;
use arclet::core::cuda::Gpu;
use arclet::core::{Ctx, LogDensity, ModelDensity, Processor, Values};
use arclet::lens::data::Inputs;
use arclet::lens::fits::Image;
use arclet::lens::system::{BandsModel, Scales, System, SystemModel};
use arclet::selftest::{TOLERANCE, densities};

/// The emulated GPU; `None` where there is no compiler for it, which says that the test is skipped.
#[track_caller]
fn emulated() -> Option<Processor> {
    test_data::has("g++").then(|| Processor::Cuda(Gpu::emulated()))
}

#[test]
fn seven_systems_on_an_emulated_gpu_have_the_densities_of_the_host() {
    let Some(processor) = emulated() else { return };
    let all = densities(&processor, &[1]).unwrap();
    assert_eq!(all.len(), 7);
    for outcome in all {
        println!("{:66} {:9.1e} {:9.1e}", outcome.name, outcome.value, outcome.gradient);
        assert!(outcome.value <= TOLERANCE && outcome.gradient <= TOLERANCE, "{outcome:?}");
    }
}

const SYSTEM: &str = r#"{
  "data": { "image": "none", "pixel_scale": 0.2, "background_rms": 0.1, "supersampling": 1 },
  "lens": [ { "name": "lens", "profile": "epl" } ],
  "source": [ { "name": "source", "profile": "sersic" } ],
  "priors": { "lens.e1": { "uniform": { "low": -0.95, "high": 0.95 } } }
}"#;

const DECODED: &str = r#"{
  "data": { "image": "none", "pixel_scale": 0.2, "background_rms": 0.1, "supersampling": 1 },
  "lens": [ { "name": "lens", "profile": "sis" } ],
  "source": [ { "name": "source", "profile": "vae", "interpolation": "cubic" } ]
}"#;

type Run = Box<dyn Fn(&mut Ctx) -> arclet::core::Result<()>>;

/// The density of a system, given an image of waves; as often as it is asked for.
fn of_waves(json: &str) -> impl Fn() -> ModelDensity<Run> {
    let system = System::from_json_with(json, Path::new("test"), Path::new("."), &arclet::profiles()).unwrap();
    let image = Image::new(16, 16, (0..256).map(|i| (0.3 * i as f32).sin()).collect()).unwrap();
    let inputs = Inputs::new(image);
    let data = Arc::new(system.data.as_ref().unwrap().assemble(inputs).unwrap());
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).unwrap();
    move || {
        let (model, priors) = (model.clone(), system.priors.clone());
        let run = arclet::core::handler::priors(move |ctx: &mut Ctx| model.run(ctx).map(drop), priors);
        ModelDensity::new(Box::new(run) as Run).unwrap()
    }
}

/// Relative errors of log density and gradient in so many lanes at these positions, the gradient's the worst of all lanes.
fn errors(host: &dyn LogDensity, device: &dyn LogDensity, lanes: usize, positions: &[f64]) -> [f64; 2] {
    let evaluate = |density: &dyn LogDensity| {
        let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; positions.len()]);
        density.logp_and_grad(positions, &mut logp, &mut grad).unwrap();
        (logp, grad)
    };
    let (expected, got) = (evaluate(host), evaluate(device));
    assert!(expected.0.iter().all(|logp| logp.is_finite()));
    let dim = positions.len() / lanes;
    let by_lane = got.1.chunks(dim).zip(expected.1.chunks(dim)).map(|(got, expected)| relative(got, expected));
    [relative(&got.0, &expected.0), by_lane.fold(0.0, f64::max)]
}

#[test]
fn any_number_of_lanes_and_a_lens_as_flat_as_can_be_have_the_density_of_the_host() {
    let Some(processor) = emulated() else { return };
    let density = of_waves(SYSTEM);
    let (host, device) = (density(), density().on(&processor).unwrap());
    // The flat ones need five times the coefficients of the others: more than a workspace has room for at first.
    for flattening in [vec![0.1], vec![0.1, 0.94, -0.2], vec![-0.93; 5], vec![0.2; 7], vec![0.0]] {
        let lane = |e1: &f64| host.position_of(&Values::new().with("lens.e1", *e1).with("lens.e2", 0.05), 3).unwrap();
        let positions: Vec<f64> = flattening.iter().flat_map(lane).collect();
        let [value, gradient] = errors(&host, &device, flattening.len(), &positions);
        assert!(value <= TOLERANCE && gradient <= TOLERANCE, "{flattening:?}: {value:e} {gradient:e}");
    }
    assert!(device.not_a_number().is_empty());
    let position = host.position_of(&Values::new(), 3).unwrap();
    let told = device.explain(&position).unwrap().unwrap().profile;
    let launched = |name: &str| told.steps.iter().find(|step| step.name == name).unwrap().launches;
    assert_eq!([launched("trace_rays"), launched("log_normal")], [Some([1, 1]), None]);
    assert!(told.parts.iter().any(|part| part.device.is_some() && part.launches > 8));
}

/// Two bands, the second of which is moved and turned by what is sampled.
const BANDS: &str = r#"{
  "data": [ { "name": "a", "pixel_scale": 0.2, "background_rms": 0.1, "supersampling": 1, "psf_fwhm": 0.5 },
            { "name": "b", "pixel_scale": 0.2, "background_rms": 0.2, "supersampling": 2 } ],
  "lens": [ { "name": "lens", "profile": "sie" } ],
  "light": [ { "name": "light", "profile": "sersic" } ],
  "source": [ { "name": "source", "profile": "sersic", "per_band": ["amp", "R_sersic"] } ],
  "priors": { "b.offset_x": { "normal": { "loc": 0.0, "scale": 0.1 } }, "b.offset_y": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "b.rotation": { "normal": { "loc": 0.0, "scale": 0.1 } } }
}"#;

#[test]
fn two_bands_are_one_graph_with_the_density_of_the_host() {
    let Some(processor) = emulated() else { return };
    let system = System::from_json(BANDS, Path::new("test"), Path::new(".")).unwrap();
    let data: Vec<_> = system
        .bands
        .iter()
        .map(|files| {
            let image = Image::new(16, 16, (0..256).map(|i| (0.3 * i as f32).sin()).collect()).unwrap();
            let psf = files.read_psf(Path::new(".")).unwrap();
            Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap())
        })
        .collect();
    let model = BandsModel::new(&system, &data, &Scales::of_bands(&system, &data)).unwrap();
    let density = || {
        let (model, priors) = (model.clone(), system.priors.clone());
        let run = arclet::core::handler::priors(move |ctx: &mut Ctx| model.run(ctx).map(drop), priors);
        ModelDensity::new(Box::new(run) as Run).unwrap()
    };
    let (host, device) = (density(), density().on(&processor).unwrap());
    for lanes in [1, 5] {
        let positions = host.draw_prior(lanes as u64, lanes).unwrap();
        let [value, gradient] = errors(&host, &device, lanes, &positions);
        println!("{lanes} lanes: {value:.1e} {gradient:.1e}");
        assert!(value <= TOLERANCE && gradient <= TOLERANCE, "{lanes}: {value:e} {gradient:e}");
    }
    let told = device.explain(&host.position_of(&Values::new(), 3).unwrap()).unwrap().unwrap().profile;
    let count = |name: &str| told.steps.iter().filter(|step| step.name == name && step.launches.is_some()).count();
    assert_eq!([count("image_log_prob"), count("expose"), count("trace_rays"), count("deflection")], [2, 2, 2, 1]);
}

#[test]
fn a_decoder_has_the_density_of_the_host_with_few_lanes_and_then_with_many() {
    let Some(processor) = emulated() else { return };
    let density = of_waves(DECODED);
    let (host, device) = (density(), density().on(&processor).unwrap());
    // Few images and many have kernels of their own, and weights in another order.
    for lanes in [1, 13, 2] {
        let positions = host.draw_prior(lanes as u64, lanes).unwrap();
        let [value, gradient] = errors(&host, &device, lanes, &positions);
        // A host that multiplies tiles of bfloat16 has seventeen bits a number, and some of its numbers on the other side of a kink of ReLU.
        assert!(value <= TOLERANCE && gradient <= 10.0 * TOLERANCE, "{lanes}: {value:e} {gradient:e}");
    }
}
