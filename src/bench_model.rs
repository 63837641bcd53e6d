//! The models that benches time: one definition for criterion and for `arclet bench`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lens_models::Result;
use lens_models::data::{DataFiles, ImageData, Inputs};
use lens_models::fits::Image;
use lens_models::op::expose;
use lens_models::psf::Psf;
use lens_models::system::{Scales, System, SystemModel};
use ppl_core::density::Explanation;
use ppl_core::distributions::{HalfCauchy, Normal};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values, Var, handler};
use vae_source::network::{Decoder, LATENT, SIDE, WeightSet, decoder_weights, op};

type Model = Box<dyn Fn(&mut Ctx) -> ppl_core::Result<()>>;

/// A posterior and where to evaluate it.
pub struct BenchModel {
    density: ModelDensity<Model>,
    position: Vec<f64>,
    what: &'static str,
}

/// Repeated evaluations in buffers of their own.
pub struct Calls<'m> {
    density: &'m ModelDensity<Model>,
    positions: Vec<f64>,
    logp: Vec<f64>,
    grad: Vec<f64>,
}

const SIZE: usize = 256;
const PIXEL: f64 = 0.04;
const SIGMA: f64 = 0.05;
/// Pixels along each side of the PSF.
const PSF: usize = 13;

const SERSIC: &str = r#"{
  "lens": [
    { "name": "lens", "profile": "epl", "parameters": {
      "theta_E": { "value": 1.5 }, "gamma": { "value": 2.05 }, "e1": { "value": 0.1 }, "e2": { "value": 0.05 },
      "center_x": { "value": 0.03 }, "center_y": { "value": -0.02 } } },
    { "name": "shear", "profile": "shear", "parameters": { "gamma1": { "value": 0.02 }, "gamma2": { "value": -0.03 } } }
  ],
  "source": [
    { "name": "source", "profile": "sersic", "parameters": {
      "amp": { "value": 1.0 }, "R_sersic": { "value": 0.3 }, "n_sersic": { "value": 1.5 }, "e1": { "value": 0.05 },
      "e2": { "value": 0.02 }, "center_x": { "value": 0.05 }, "center_y": { "value": 0.02 } } }
  ]
}"#;

/// EPL + shear + Sersic source, 256 x 256 pixels of 0.04 arcsec, 13 x 13 PSF, constant noise: 15 parameters.
///
/// # Errors
/// None: everything in it is fixed.
pub fn sersic() -> Result<BenchModel> {
    let truth = System::from_json(SERSIC, Path::new("sersic"), Path::new("."))?;
    let files = DataFiles {
        image: None,
        size: None,
        noise: None,
        psf: None,
        mask: None,
        pixel_scale: PIXEL,
        supersampling: 1,
        mask_radius: None,
        background_rms: Some(SIGMA),
        exposure_time: None,
        psf_fwhm: None,
    };
    let psf = Psf::new(kernel()?)?;
    let data = |pixels| -> Result<Arc<ImageData>> {
        let image = Image::new(SIZE, SIZE, pixels)?;
        files.assemble(Inputs { image, noise: None, psf: Some(psf.clone()), mask: None }).map(Arc::new)
    };
    // The image is the model's own: what is timed does not depend on it.
    let blank = data(vec![0.0; SIZE * SIZE])?;
    let model = SystemModel::new(&truth, blank.clone(), &Scales { peak: 1.0, ..Scales::of(&blank, false) })?;
    let source = handler::trace(handler::seed(|ctx: &mut Ctx| model.run(ctx), 0))?.returned.source;
    let pixels =
        source.map_or_else(|| Ok(vec![0.0; SIZE * SIZE]), |s| expose(&blank, &s).map(|i| i.lane(0).to_vec()))?;
    let data = data(pixels)?;

    let mut values = Values::new();
    let mut free = System { folder: PathBuf::new(), ..truth };
    for component in &mut free.components {
        for (name, value) in std::mem::take(&mut component.fixed) {
            // A little beside the truth, as a sampler is: at the truth itself all residuals would be 0.
            values = values.with(format!("{}.{name}", component.name), value[0] * 1.001);
        }
    }
    let model = SystemModel::new(&free, data.clone(), &Scales::of(&data, false))?;
    let model: Model = Box::new(move |ctx: &mut Ctx| model.run(ctx).map(drop));
    let density = ModelDensity::new(model)?;
    let position = density.position_of(&values, 0)?;
    Ok(BenchModel {
        density,
        position,
        what: "EPL + shear + Sersic source, 256 x 256 pixels, 13 x 13 PSF, 15 parameters",
    })
}

/// Eight schools (Rubin 1981), non-centred: 10 parameters.
///
/// # Errors
/// None: everything in it is fixed.
pub fn schools() -> Result<BenchModel> {
    const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let model: Model = Box::new(|ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
        let z = ctx.plate("schools", EFFECT.len(), |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
        ctx.observe("effect", Normal::new(z * tau + mu, ERROR), EFFECT)
    });
    let density = ModelDensity::new(model)?;
    let position = (0..density.layout().dim()).map(|i| 0.5 * (1.3 * i as f64).sin()).collect();
    Ok(BenchModel { density, position, what: "eight schools, non-centred, 10 parameters" })
}

/// The decoder of the neural source with random weights: 64 latent numbers, and a weighted sum of the 64 x 64 pixels of their image
/// for a likelihood.
///
/// # Errors
/// None: everything in it is fixed.
pub fn decoder() -> vae_source::Result<BenchModel> {
    let decoder = Decoder::new(&WeightSet::initial(&decoder_weights(), 1))?;
    let pixels = SIDE * SIDE;
    let weights = Var::matrix(1, pixels, (0..pixels).map(|i| (0.1 * i as f64).cos()).collect::<Vec<f64>>())?;
    let model: Model = Box::new(move |ctx: &mut Ctx| {
        let z = ctx.plate("latent", LATENT, |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
        let image = op::to_numbers(&op::reshaped(&decoder.decode(&z)?, &[1, pixels])?)?;
        ctx.factor("image", (&image * &weights).sum())
    });
    let density = ModelDensity::new(model)?;
    let position = (0..density.layout().dim()).map(|i| (1.3 * i as f64).sin()).collect();
    Ok(BenchModel { density, position, what: "the decoder of the neural source, 64 latent numbers to 64 x 64 pixels" })
}

impl BenchModel {
    /// What it is, in a line.
    pub fn describe(&self) -> &'static str {
        self.what
    }

    /// Its log density.
    pub fn density(&self) -> &dyn LogDensity {
        &self.density
    }

    /// The operations of its plan, with what each takes for so many lanes.
    ///
    /// # Errors
    /// What the model returns.
    pub fn explain(&self, lanes: usize) -> ppl_core::Result<Option<Explanation>> {
        self.density.explain(&self.calls(lanes).positions)
    }

    /// Evaluations of so many lanes at once, each at a place of its own.
    pub fn calls(&self, lanes: usize) -> Calls<'_> {
        let dim = self.position.len();
        let beside = |i: usize| self.position[i % dim] + 1e-4 * ((i / dim) as f64 + 0.1 * (i % dim) as f64).sin();
        let positions = (0..lanes * dim).map(beside).collect();
        Calls { density: &self.density, positions, logp: vec![0.0; lanes], grad: vec![0.0; lanes * dim] }
    }
}

impl Calls<'_> {
    /// Evaluates at places nearby, as a plan is trusted only after it has agreed with the model at some.
    ///
    /// # Errors
    /// What the model returns.
    pub fn warm_up(&mut self) -> ppl_core::Result<()> {
        let home = self.positions.clone();
        for step in 1..=8 {
            self.positions.iter_mut().zip(&home).for_each(|(q, home)| *q = home + 1e-6 * f64::from(step));
            self.evaluate()?;
        }
        self.positions = home;
        Ok(())
    }

    /// One call: log density and gradient of every lane.
    ///
    /// # Errors
    /// What the model returns.
    pub fn evaluate(&mut self) -> ppl_core::Result<(&[f64], &[f64])> {
        self.density.logp_and_grad(&self.positions, &mut self.logp, &mut self.grad)?;
        Ok((&self.logp, &self.grad))
    }
}

/// An ellipse turned by 30 degrees with a wide wing: no product of a row and a column.
fn kernel() -> Result<Image> {
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let half = (PSF / 2) as f64;
    let value = |i: usize| {
        let (x, y) = ((i % PSF) as f64 - half, (i / PSF) as f64 - half);
        let (u, v) = ((cos * x + sin * y) / 1.6, (cos * y - sin * x) / 1.1);
        ((-0.5 * (u * u + v * v)).exp() + 0.03 / (1.0 + (x * x + y * y) / 9.0)) as f32
    };
    let pixels: Vec<f32> = (0..PSF * PSF).map(value).collect();
    let sum: f32 = pixels.iter().sum();
    Image::new(PSF, PSF, pixels.iter().map(|p| p / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sersic_model_has_15_parameters_and_a_finite_gradient_in_every_lane() -> Result<()> {
        let model = sersic()?;
        assert_eq!(model.density().dim(), 15);
        let mut calls = model.calls(3);
        let (logp, grad) = calls.evaluate()?;
        assert!(logp.iter().all(|l| l.is_finite()) && logp[0] != logp[1]);
        assert!(grad.iter().all(|g| g.is_finite() && *g != 0.0));
        Ok(())
    }

    #[test]
    fn the_decoder_is_replayed_by_a_plan_with_a_gradient_in_every_lane() -> vae_source::Result<()> {
        let model = decoder()?;
        let mut calls = model.calls(2);
        calls.warm_up()?;
        let (logp, grad) = calls.evaluate()?;
        assert!(logp[0] != logp[1] && grad.len() == 128 && grad.iter().all(|g| g.is_finite() && *g != 0.0));
        assert!(model.explain(2)?.is_some());
        Ok(())
    }
}
