//! A lens by hand: EPL, shear and Sersic as an ordinary model function, with a distribution of our own for the slope.

use arclet::core::{distributions::family::*, distributions::*, rng::Rng};
use arclet::prelude::*;
use std::sync::Arc;

/// The logistic distribution: with z = (x - loc) / scale, log p(x) = -|z| - 2 ln(1 + e^-|z|) - ln scale
#[derive(Clone, Copy)]
struct Logistic;

impl Family<2> for Logistic {
    const NAME: &'static str = "logistic";
    const PARAMS: [Parameter; 2] = [real("loc"), positive("scale")];
    const SUPPORT: Support = Support::REAL;
    fn log_prob(x: f64, [loc, scale]: [f64; 2]) -> Partials<2> {
        let z = (x - loc) / scale;
        let (slope, value) = ((0.5 * z).tanh(), -z.abs() - 2.0 * (-z.abs()).exp().ln_1p() - scale.ln());
        Partials { value, dx: -slope / scale, dparams: [slope / scale, (z * slope - 1.0) / scale] }
    }
    fn sample(rng: &mut Rng, [loc, scale]: [f64; 2]) -> f64 {
        let u = Uniform::sample(rng, [0.0, 1.0]);
        loc + scale * (u / (1.0 - u)).ln()
    }
}

/// The lensed source before the camera. Slopes of lenses scatter by 0.16 about 2.08 (Auger et al. 2010).
fn arcs(ctx: &mut Ctx, grid: &Arc<Grid>) -> Result<Array> {
    let theta_e = ctx.sample("theta_E", LogNormal::new(0.0, 0.3))?;
    let gamma = ctx.sample("gamma", Logistic::with((2.08, 0.09)))?;
    let [e1, e2, x, y] = ctx.sample("lens", Normal::new([0.0; 4], [0.2, 0.2, 0.05, 0.05]))?.unstack()?;
    let mass = Deflector::new(&Epl, [theta_e, gamma, e1, e2, x, y])?;
    let shear = Deflector::new(&Shear, ctx.sample("shear", Normal::new([0.0; 2], 0.05))?.unstack::<2>()?)?;
    let [amp, radius, n] = ctx.sample("source", LogNormal::new([0.0, -1.5, 0.5], [1.0, 0.5, 0.4]))?.unstack()?;
    let [e1, e2, x, y] = ctx.sample("source_shape", Normal::new([0.0; 4], 0.2))?.unstack()?;
    brightness(&trace_rays(grid, &[mass, shear])?, &LightComponent::new(&Sersic, [amp, radius, n, e1, e2, x, y])?)
}

fn main() -> anyhow::Result<()> {
    let files: DataFiles = serde_json::from_str(r#"{"pixel_scale": 0.08, "psf_fwhm": 0.15, "background_rms": 0.05}"#)?;
    let (image, psf) = (Image::new(60, 60, vec![0.0; 3600])?, files.read_psf("".as_ref())?);
    let mut data = files.assemble(Inputs { psf, ..Inputs::new(image) })?;
    let grid = Arc::new(data.grid.clone());
    // The mock image: the same function at chosen values, the rest drawn from the priors, and noise by a model of its own.
    let truth = Values::new().with("theta_E", 1.2).with("gamma", 2.05).with("source", [2.0, 0.2, 1.2]);
    let light = seed(substitute(|ctx: &mut Ctx| arcs(ctx, &grid), truth), 1)(&mut Ctx::new(1))?;
    let noise = seed(|ctx: &mut Ctx| ctx.sample("noise", Normal::new(vec![0.0; 3600], 0.05)), 1)(&mut Ctx::new(1))?;
    let signal = expose(&Arc::new(data.clone()), &light)?;
    data.image.pixels = signal.lane(0).iter().zip(noise.lane(0)).map(|(s, n)| s + *n as f32).collect();
    let data = Arc::new(data);
    let density = ModelDensity::new(|ctx: &mut Ctx| {
        let image = expose(&data, &arcs(ctx, &grid)?)?;
        ctx.factor("image", image_log_prob(&data, &image)?)
    })?;
    let best = maximise(&density, &density.draw_prior(1, 32)?, &MapSettings::default())?;
    let around = laplace(&density, &best.position, &LaplaceSettings::default())?;
    let settings = NutsSettings { warmup: 200, draws: 500, seed: 1, ..Default::default() };
    println!("{}", nuts_from(&density, &around, &settings)?.summary());
    Ok(())
}
