//! The neural source as a component of a system file: what it may say, what it samples, and its gradient.

use std::path::Path;
use std::sync::Arc;

use lens_models::data::{DataFiles, ImageData, Inputs};
use lens_models::fits::Image;
use lens_models::parameter::ProfileParameter;
use lens_models::system::{BandsModel, Scales, System, SystemModel, simulate, simulate_bands};
use ppl_core::{Ctx, LogDensity, ModelDensity, PriorSet, Var, handler};
use rand::RngExt as _;
use rand_distr::StandardNormal;
use vae_source::embedded::{self, Embedded};
use vae_source::network::{Decoder, LATENT, Precision, WeightSet, decoder_weights};
use vae_source::profile::profiles;

const FILE: &str = r#"{
    "data": { "size": [40, 40], "pixel_scale": 0.1, "background_rms": 0.05, "psf_fwhm": 0.15 },
    "lens": [{ "name": "lens", "profile": "sie" }],
    "source": [{ "name": "source", "profile": "vae" }]
}"#;

fn read(text: &str, folder: &Path) -> Result<System, String> {
    System::from_json_with(text, Path::new("vae.json"), folder, &profiles()).map_err(|error| error.to_string())
}

fn with(keys: &str) -> String {
    FILE.replace(r#""profile": "vae""#, &format!(r#""profile": "vae", {keys}"#))
}

fn names(system: &System) -> Vec<&'static str> {
    system.components[1].profile.parameters().iter().map(|p: &ProfileParameter| p.name).collect()
}

#[test]
fn a_file_names_the_neural_source_and_says_how_it_is_drawn() {
    let here = Path::new(".");
    assert_eq!(names(&read(FILE, here).unwrap()), ["z", "scale", "amp", "center_x", "center_y"]);
    let turning = read(&with(r#""rotation": true, "interpolation": "cubic""#), here).unwrap();
    assert_eq!(names(&turning), ["z", "scale", "amp", "center_x", "center_y", "phi"]);
    for (keys, said) in [
        (r#""interpolation": "nearest""#, ["component `source`: `interpolation`", "bilinear"]),
        (r#""rotation": 30"#, ["component `source`: `rotation`", "boolean"]),
        (r#""rounding": "a little""#, ["component `source`: `rounding`", "f64"]),
        (r#""rounding": 2"#, ["component `source`: `rounding` = 2", "in [0, 1]"]),
        (r#""decoder": "soft""#, ["component `source`: `decoder`", "smooth"]),
        (
            r#""decoder": "smooth", "weights": "a.safetensors""#,
            ["component `source`: `weights`", "leave one of the two out"],
        ),
        (r#""weight": "a.safetensors""#, ["no key `weight`", "did you mean `weights`"]),
        (r#""weights": "nowhere.safetensors""#, ["`source`: `weights`", "nowhere.safetensors"]),
        (r#""count": 2"#, ["`source`: `count`", "vector"]),
    ] {
        let error = read(&with(keys), here).err().unwrap();
        assert!(said.iter().all(|part| error.contains(part)), "{error}");
    }
    let sersic = FILE.replace(r#""profile": "vae""#, r#""profile": "sersic", "interpolation": "cubic""#);
    assert!(read(&sersic, here).err().unwrap().contains("no key `interpolation`"));
}

#[test]
fn its_relu_is_rounded_off_where_a_file_says_so() {
    let light = |keys: &str| simulate(&read(&with(keys), Path::new(".")).unwrap(), 3).unwrap().signal.pixels;
    let (relu, rounded) = (light(r#""rounding": 0"#), light(r#""rounding": 0.2"#));
    assert_eq!(relu, light(r#""interpolation": "bilinear""#));
    let peak = relu.iter().copied().fold(0.0, f32::max);
    let off = relu.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / peak;
    // By a hundredth of the brightest pixel in the rms (scripts/rounding.py), a few times that in one.
    assert!((1e-4..0.1).contains(&off), "{off}");
}

#[test]
fn the_smooth_decoder_draws_nearly_what_the_trained_one_draws_and_bends_less() {
    let (trained, smooth) = (embedded::decoder().unwrap(), Embedded::Smooth.decoder().unwrap());
    let prior = embedded::prior().unwrap();
    let mut rng = ppl_core::rng::keyed(4, "bend", 0);
    let mut drawn = |width: f64| -> Vec<f64> {
        let unit: Vec<f64> = (0..LATENT).map(|_| width * rng.sample::<f64, _>(StandardNormal)).collect();
        prior.transformed(&unit)
    };
    let image = |decoder: &Decoder, z: &[f64]| decoder.decode(&Var::vector(z.to_vec())).unwrap().lane(0).to_vec();
    let rms = |x: &[f32]| (x.iter().map(|p| f64::from(p * p)).sum::<f64>() / x.len() as f64).sqrt();
    let bend = |decoder: &Decoder, z: &[f64], other: &[f64]| {
        // The other galaxy's step from the mean, to both sides of the first.
        let moved = |sign: f64| -> Vec<f64> { (0..LATENT).map(|i| z[i] + sign * (other[i] - prior.loc[i])).collect() };
        let [middle, one, two] = [z.to_vec(), moved(1.0), moved(-1.0)].map(|z| image(decoder, &z));
        let half: Vec<f32> = (0..middle.len()).map(|i| 0.5 * (one[i] + two[i]) - middle[i]).collect();
        rms(&half)
    };
    let (mut apart, mut bends) = (0.0, [0.0; 2]);
    for _ in 0..16 {
        // The prior is three times as wide as galaxies are.
        let (z, other) = (drawn(1.0 / 3.0), drawn(1.0 / 3.0));
        let (a, b) = (image(&trained, &z), image(&smooth, &z));
        apart += rms(&a.iter().zip(&b).map(|(a, b)| a - b).collect::<Vec<_>>()) / 16.0;
        bends[0] += bend(&trained, &z, &other) / 16.0;
        bends[1] += bend(&smooth, &z, &other) / 16.0;
    }
    // Within the 1/50 by which the decoder takes galaxies to vary; a second difference of less than half.
    assert!(apart < 0.02, "{apart}");
    assert!(bends[1] < 0.5 * bends[0], "{bends:?}");
    // A file may name it.
    let light = |keys: &str| simulate(&read(&with(keys), Path::new(".")).unwrap(), 3).unwrap().signal.pixels;
    assert_ne!(light(r#""decoder": "smooth""#), light(r#""decoder": "trained""#));
    assert_eq!(light(r#""decoder": "trained""#), light(r#""rotation": false"#));
}

#[test]
fn another_decoder_is_read_from_its_file_or_folder_and_a_wrong_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decoder.safetensors");
    let set = WeightSet::initial(&decoder_weights(), 5);
    set.write(&file, Precision::Single).unwrap();
    let draw = |keys: &str| simulate(&read(&with(keys), folder.path()).unwrap(), 3).unwrap();
    let [of_folder, of_file] = [r#""weights": ".""#, r#""weights": "decoder.safetensors""#].map(draw);
    assert_eq!(of_folder.signal.pixels, of_file.signal.pixels);
    assert_ne!(of_file.signal.pixels, draw(r#""interpolation": "bilinear""#).signal.pixels);
    // Without a prior beside them, the weights have the standard normal.
    let square = of_file.truth["source.z"].iter().map(|z| z * z).sum::<f64>();
    assert!((0.5..2.0).contains(&(square / LATENT as f64)), "{square}");

    let mut other = WeightSet::default();
    other.insert("decoder.0.weight", &[64, 256, 4, 4], vec![0.0; 64 * 256 * 16]).unwrap();
    other.write(&file, Precision::Single).unwrap();
    let error = read(&with(r#""weights": ".""#), folder.path()).err().unwrap();
    assert!(error.contains("`decoder.0.weight`") && error.contains("[64, 256, 4, 4]"), "{error}");
    std::fs::write(&file, b"not weights at all").unwrap();
    let error = read(&with(r#""weights": ".""#), folder.path()).err().unwrap();
    assert!(error.contains("decoder.safetensors") && error.contains("no whole safetensors file"), "{error}");
}

/// Log densities and gradients of so many lanes.
fn evaluated(density: &impl LogDensity, positions: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut logp, mut gradient) = (vec![0.0; positions.len() / density.dim()], vec![0.0; positions.len()]);
    density.logp_and_grad(positions, &mut logp, &mut gradient).unwrap();
    (logp, gradient)
}

/// The posterior of a simulated lens, and a position near its prior's middle.
fn density(keys: &str) -> ModelDensity<impl Fn(&mut Ctx) -> ppl_core::Result<()>> {
    let system = read(&with(keys), Path::new(".")).unwrap();
    let mock = simulate(&system, 11).unwrap();
    let data: Arc<ImageData> = mock.data;
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).unwrap();
    ModelDensity::new(move |ctx: &mut Ctx| model.run(ctx).map(drop)).unwrap()
}

#[test]
fn the_posterior_has_64_latent_numbers_and_the_gradient_of_differences() {
    for (keys, dim) in
        [(r#""interpolation": "cubic""#, 5 + 68), (r#""interpolation": "cubic", "rotation": true"#, 5 + 69)]
    {
        let density = density(keys);
        assert_eq!(density.dim(), dim);
        let position = density.draw_prior(2, 1).unwrap();
        let (_, gradient) = evaluated(&density, &position);
        // Along directions that move every parameter: pixels of f32, a log density of some thousand.
        for direction in 0..3_usize {
            let step: Vec<f64> = (0..dim).map(|i| ((i * (direction + 2)) as f64 * 0.7).sin()).collect();
            let slope: f64 = gradient.iter().zip(&step).map(|(g, d)| g * d).sum();
            let at = |h: f64| {
                let moved: Vec<f64> = position.iter().zip(&step).map(|(q, d)| q + h * d).collect();
                evaluated(&density, &moved).0[0]
            };
            let (one, two) = ((at(1e-3) - at(-1e-3)) / 2e-3, (at(2e-3) - at(-2e-3)) / 4e-3);
            // Richardson's; its difference from the plain one says how good it is.
            let expected = one + (one - two) / 3.0;
            let bound = 3e-3 * slope.abs().max(1.0) + (one - two).abs();
            assert!((slope - expected).abs() < bound, "{keys} {direction}: {slope} is not {expected}");
        }
    }
}

#[test]
fn each_lane_is_what_it_is_alone() {
    let density = density(r#""interpolation": "bilinear""#);
    let positions = density.draw_prior(4, 4).unwrap();
    let (together, gradients) = evaluated(&density, &positions);
    let dim = density.dim();
    for lane in 0..4 {
        let (alone, gradient) = evaluated(&density, &positions[lane * dim..(lane + 1) * dim]);
        assert_eq!(alone[0], together[lane]);
        assert_eq!(gradient, gradients[lane * dim..(lane + 1) * dim]);
    }
}

#[test]
fn its_prior_is_a_normal_of_vectors_that_a_file_may_replace_by_one_for_each_number() {
    let system = read(FILE, Path::new(".")).unwrap();
    let data = simulate(&system, 1).unwrap().data;
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).unwrap();
    let run = |ctx: &mut Ctx| model.run(ctx).map(drop);
    let priors = PriorSet::of(run).unwrap();
    assert_eq!(priors.get("source.z").unwrap().name(), "multivariate_normal");
    let own = PriorSet::from_json("own.json", r#"{ "source.z": { "normal": { "loc": 0, "scale": 0.5 } } }"#).unwrap();
    let trace = handler::trace(handler::seed(handler::priors(run, own), 1)).unwrap();
    let z = trace.get("source.z").unwrap().value.numbers();
    assert!(z.len() == LATENT && z.iter().all(|z| z.abs() < 2.5));
}

#[test]
fn rays_that_no_lens_could_trace_are_not_zero_light() {
    let mut system = read(FILE, Path::new(".")).unwrap();
    // |e| > 1, which no file may say.
    let lens = system.components.iter_mut().find(|c| c.profile.name() == "sie").unwrap();
    lens.fixed.extend([("e1", vec![0.9]), ("e2", vec![0.9])]);
    let files: DataFiles = system.data.clone().unwrap();
    let image = Image::new(40, 40, vec![0.0; 1600]).unwrap();
    let data = Arc::new(files.assemble(Inputs::new(image)).unwrap());
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).unwrap();
    let density = ModelDensity::new(|ctx: &mut Ctx| model.run(ctx).map(drop)).unwrap();
    let (logp, _) = evaluated(&density, &density.draw_prior(1, 1).unwrap());
    assert!(!logp[0].is_finite(), "{}", logp[0]);
    assert!(density.not_a_number().iter().any(|(site, _)| site == "image"));
}

#[test]
fn engines_measure_a_source_by_the_light_on_the_sky_and_not_by_its_image() {
    let density = density(r#""interpolation": "cubic""#);
    let home = density.draw_prior(3, 1).unwrap();
    let z = density.layout().entries().iter().find(|e| e.name.ends_with(".z")).unwrap().offset;
    // The norm, the size and the centroid of the light on the sky.
    let light = |position: &[f64]| -> [f64; 4] {
        let run = density.run_at(position).unwrap();
        let number = |name: &str| run.get(&format!("source.{name}")).unwrap().value.numbers().to_vec();
        let image = embedded::decoder().unwrap().decode(&Var::vector(number("z"))).unwrap();
        let (mut sums, side) = ([0.0; 4], 64.0);
        for (i, p) in image.lane(0).iter().enumerate() {
            let [x, y] = [i % 64, i / 64].map(|k| (k as f64 + 0.5) / side - 0.5);
            let square = f64::from(*p).powi(2);
            sums.iter_mut().zip([1.0, x, y, x * x + y * y]).for_each(|(sum, w)| *sum += w * square);
        }
        let [total, x, y, square] = sums;
        let (scale, amp) = (number("scale")[0], number("amp")[0]);
        let [x, y] = [x / total, y / total];
        [
            amp * scale * total.sqrt(),
            scale * (square / total - x * x - y * y).sqrt(),
            number("center_x")[0] + scale * x,
            number("center_y")[0] + scale * y,
        ]
    };
    let before = light(&home);
    let mut moved = home.clone();
    moved[z..z + 64].iter_mut().enumerate().for_each(|(i, q)| *q += 0.3 * (1.7 * i as f64).sin());
    for (before, after) in before.iter().zip(light(&moved)) {
        // f32 pixels.
        assert!((before - after).abs() < 1e-5 * before.abs().max(1.0), "{before} {after}");
    }
}

#[test]
fn two_bands_have_one_galaxy_and_one_evaluation_of_its_decoder() {
    let json = r#"{
        "data": [ { "name": "f814w", "size": [24, 24], "pixel_scale": 0.15, "background_rms": 0.05, "supersampling": 1 },
                  { "name": "f160w", "size": [18, 18], "pixel_scale": 0.2, "background_rms": 0.05, "supersampling": 1 } ],
        "lens": [ { "name": "lens", "profile": "sis" } ],
        "source": [ { "name": "source", "profile": "vae", "interpolation": "cubic", "per_band": ["amp", "scale"] } ] }"#;
    let system = read(json, Path::new(".")).unwrap();
    let data: Vec<_> = simulate_bands(&system, 3).unwrap().iter().map(|mock| mock.data.clone()).collect();
    let model = BandsModel::new(&system, &data, &Scales::of_bands(&system, &data)).unwrap();
    let density = ModelDensity::new(move |ctx: &mut Ctx| model.run(ctx).map(drop)).unwrap();
    let names: Vec<String> = density.layout().entries().iter().map(|e| e.name.to_string()).collect();
    let sites = [
        "source.z",
        "source.f814w.scale",
        "source.f814w.amp",
        "source.center_x",
        "source.f160w.scale",
        "source.f160w.amp",
    ];
    assert!(sites.iter().all(|site| names.iter().any(|name| name == site)), "{names:?}");
    assert_eq!(density.dim(), 3 + 64 + 2 + 4);
    let position = density.draw_prior(2, 1).unwrap();
    let (logp, gradient) = evaluated(&density, &position);
    assert!(logp[0].is_finite());
    let told = density.explain(&position).unwrap().unwrap();
    let decoders = told.profile.steps.iter().filter(|step| step.name == "decode").count();
    assert_eq!(decoders, 1, "{:?}", told.profile.steps.iter().map(|step| step.name).collect::<Vec<_>>());
    let h = 1e-3;
    let size = gradient.iter().map(|g| g.abs()).fold(1.0, f64::max);
    // The last latent number, the lens, and what each band has for itself.
    for i in [0, 66, 67, 68, density.dim() - 1] {
        let beside = [2.0, 1.0, -1.0, -2.0].map(|by| {
            let mut moved = position.clone();
            moved[i] += by * h;
            evaluated(&density, &moved).0[0]
        });
        let slope = (8.0 * (beside[1] - beside[2]) - (beside[0] - beside[3])) / (12.0 * h);
        assert!((slope - gradient[i]).abs() < 2e-3 * size, "{i}: {} is not {slope}", gradient[i]);
    }
}
