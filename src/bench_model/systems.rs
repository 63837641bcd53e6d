//! Seven systems for the selftest of a device: between them every kind of profile, sampling, PSF, noise and amplitude.

use std::path::Path;
use std::sync::Arc;

use lens_models::data::Inputs;
use lens_models::fits::Image;
use lens_models::psf::Psf;
use lens_models::system::{Scales, System, SystemModel};
use ppl_core::{Ctx, ModelDensity, handler};
use vae_source::profile::profiles;

use super::{BenchModel, Model, paper, sersic};

/// What can go wrong with a model of a bench.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The system.
    #[error(transparent)]
    Lens(#[from] lens_models::Error),
    /// The neural source.
    #[error(transparent)]
    Source(#[from] vae_source::Error),
    /// The model.
    #[error(transparent)]
    Model(#[from] ppl_core::Error),
}

/// Makes a model.
pub type Make = Box<dyn Fn() -> Result<BenchModel, BenchError>>;

/// A SIE with its own light, a neighbour, and a sky, seen with photon noise through a wide PSF on adaptive sub-pixels.
const OBSERVED: &str = r#"{
  "lens": [ { "name": "lens", "profile": "sie" }, { "name": "near", "profile": "sis" }, { "name": "shear", "profile": "shear" } ],
  "light": [ { "name": "light", "profile": "sersic" }, { "name": "sky", "profile": "uniform" } ],
  "source": [ { "name": "source", "profile": "sersic", "count": 2 } ]
}"#;

/// Two components without any symmetry, and a source of the other normalisation.
const PLAIN: &str = r#"{
  "lens": [ { "name": "lens", "profile": "sple" }, { "name": "shear", "profile": "shear" } ],
  "source": [ { "name": "source", "profile": "sersic_lenstronomy_bn" } ]
}"#;

/// The neural source with kinks, turned.
const TURNED: &str = r#"{
  "lens": [ { "name": "lens", "profile": "epl" } ],
  "source": [ { "name": "source", "profile": "vae", "interpolation": "bilinear", "rotation": true } ]
}"#;

/// Light of many Gaussians beside a source, whose amplitudes are integrated over.
const MARGINAL: &str = r#"{
  "amplitudes": "marginal",
  "lens": [ { "name": "lens", "profile": "epl" } ],
  "light": [ { "name": "light", "profile": "mge", "gaussians": 8, "amp": "linear" } ],
  "source": [ { "name": "source", "profile": "sersic", "amp": "linear" } ]
}"#;

/// The same with the best amplitudes that are not negative, and a source whose amplitude is sampled.
const NON_NEGATIVE: &str = r#"{
  "amplitudes": "non_negative",
  "lens": [ { "name": "lens", "profile": "epl" } ],
  "light": [ { "name": "light", "profile": "mge", "gaussians": 20, "amp": "linear" } ],
  "source": [ { "name": "source", "profile": "sersic" } ]
}"#;

/// The systems by name.
///
/// # Errors
/// None: everything in them is fixed.
pub fn systems() -> Result<Vec<(&'static str, Make)>, BenchError> {
    let of = |json: &'static str, keys: &'static str, psf: usize| -> Make { Box::new(move || drawn(json, keys, psf)) };
    Ok(vec![
        ("EPL + shear + Sersic, 256 x 256", Box::new(|| Ok(sersic()?))),
        ("SPLE + shear + decoder, 256 x 256", Box::new(|| Ok(paper(None)?))),
        (
            "SIE + SIS + light + sky, photons, cells",
            of(OBSERVED, r#""exposure_time": 500.0, "psf_supersampling": 2"#, 17),
        ),
        ("SPLE + shear + Sersic, 3 x 3 sub-pixels", of(PLAIN, r#""supersampling": 3"#, 5)),
        ("EPL + turned decoder, bilinear", of(TURNED, r#""supersampling": 1"#, 0)),
        ("EPL + 8 Gaussians + Sersic, marginal", of(MARGINAL, r#""supersampling": 1"#, 9)),
        ("EPL + 20 Gaussians + Sersic, best amplitudes", of(NON_NEGATIVE, r#""supersampling": 2"#, 9)),
    ])
}

/// The posterior of a system at a draw from its prior, given an image of another one.
fn drawn(json: &str, keys: &str, psf: usize) -> Result<BenchModel, BenchError> {
    let side = 64;
    let data = format!(r#""image": "none", "pixel_scale": 0.06, "background_rms": 0.05, {keys}"#);
    let text = json.replacen('{', &format!("{{ \"data\": {{ {data} }},"), 1);
    let system = System::from_json_with(&text, Path::new("selftest"), Path::new("."), &profiles())?;
    let blob = |i: usize| {
        let (x, y) = ((i % side) as f32 - 30.0, (i / side) as f32 - 33.0);
        (-(x * x + 1.3 * y * y) / 200.0).exp() + 0.05 * (1.7 * i as f32).sin()
    };
    let image = Image::new(side, side, (0..side * side).map(blob).collect())?;
    let kernel = |i: usize| {
        let (x, y) = ((i % psf) as f32 - 0.5 * psf as f32, (i / psf) as f32 - 0.5 * psf as f32);
        (-(x * x + 0.7 * y * y + 0.5 * x * y) / 9.0).exp()
    };
    let pixels: Vec<f32> = (0..psf * psf).map(kernel).collect();
    let sum: f32 = pixels.iter().sum();
    let blur = || Psf::new(Image::new(psf, psf, pixels.iter().map(|p| p / sum).collect())?);
    let psf = if psf == 0 { None } else { Some(blur()?) };
    let inputs = Inputs { psf, ..Inputs::new(image) };
    let missing = || lens_models::Error::MissingKey { place: "selftest".to_owned(), key: "data", hint: "" };
    let data = Arc::new(system.data.as_ref().ok_or_else(missing)?.assemble(inputs)?);
    let light = system.of_role(lens_models::system::Role::Light).next().is_some();
    let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, light))?;
    // Its sub-pixels where it has none of its own: those that a draw of it wants.
    let drawn = handler::trace(handler::seed(|ctx: &mut Ctx| model.run(ctx).map(drop), 3))?;
    let mut values = ppl_core::Values::new();
    for (name, site) in drawn.trace.iter().filter(|(_, site)| site.is_latent()) {
        values.insert(&**name, site.value.clone());
    }
    let model = if data.adaptive { model.resampled(model.refined(&values)?)? } else { model };
    let run: Model = Box::new(move |ctx: &mut Ctx| model.run(ctx).map(drop));
    let density = ModelDensity::new(run)?;
    let position = density.position_of(&values, 0)?;
    Ok(BenchModel { density, position, what: "a system of the selftest" })
}
