//! Real galaxies as the decoder can make them, beside the best single Sersic profile: two arclet models on the same pixels.
//!
//! `cargo run --release --example galaxy_fits [SOURCE_FOLDER] [OUT_FOLDER] [ROUNDING]` reads the folder that `arclet train-source` wrote
//! (default: `source`), prints a row a galaxy and the summary, and writes `galaxy-fits.png` (default: into the current folder); the
//! real galaxies are found by `ARCLET_DATA` (default `../shared`). ReLU is rounded off by ROUNDING (default: not). Without an
//! encoder in the folder fits begin at the mean of the latent prior.
//!
//! Lengths are in widths of the image, brightness in maxima of the galaxy. Neither model is blurred: the decoder learned galaxies that
//! the telescope had blurred, and the Sersic profile is fitted to such ones, its light averaged over 3 x 3 points a pixel.

#[path = "galaxies/bright.rs"]
mod bright;
#[path = "galaxies/chi2.rs"]
mod chi2;
#[path = "galaxies/picture.rs"]
mod picture;
#[path = "galaxies/real.rs"]
mod real;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arclet::infer::diagnostics::median;
use arclet::infer::map::{LbfgsSettings, OptimizerSettings, Pruning};
use arclet::plot::{ContactSheet, PanelKind, Tile};
use arclet::prelude::*;
use arclet::source::data::Galaxy;
use arclet::source::latent::LatentPrior;
use arclet::source::network::{Decoder, LATENT, SIDE};
use arclet::source::profile::{self, Interpolation, Placed};
use arclet::source::vae::Vae;

use bright::Bright;
use chi2::chi2;
use picture::panel;

/// The decoder's image, placed: z of the latent prior, and how wide, how bright and where it is.
fn decoded(ctx: &mut Ctx, decoder: &Decoder, prior: &LatentPrior, positions: &Array) -> Result<Array> {
    let factor = Var::matrix(LATENT, LATENT, prior.scale_tril.clone())?;
    let z = ctx.sample("z", MultivariateNormal::with_scale_tril(prior.loc.clone(), factor))?;
    let [scale, amp] = ctx.sample("size", LogNormal::new([0.0; 2], 0.5))?.unstack()?;
    let [x, y] = ctx.sample("centre", Normal::new([0.0; 2], 0.05))?.unstack()?;
    let placed = Placed::new(x, y, scale, amp, 0.0);
    profile::brightness(&decoder.decode(&z)?, positions, &placed, Interpolation::Cubic)
}

/// A Sersic profile; its priors are wide beside what thousands of pixels say.
fn sersic(ctx: &mut Ctx, positions: &Array) -> Result<Array> {
    let [amp, radius, n] = ctx.sample("light", LogNormal::new([-1.5, -2.0, 0.3], [1.5, 1.0, 0.7]))?.unstack()?;
    let [e1, e2] = ctx.sample("shape", Normal::new([0.0; 2], 0.3))?.unstack()?;
    let [x, y] = ctx.sample("centre", Normal::new([0.0; 2], 0.05))?.unstack()?;
    brightness(positions, &LightComponent::new(&Sersic, [amp, radius, n, e1, e2, x, y])?)
}

/// The image of a model that is most probable, from several starts; what a start leaves out is drawn from its prior.
fn best(
    data: &Arc<ImageData>,
    starts: &[Values],
    model: impl Fn(&mut Ctx) -> Result<Array>,
) -> anyhow::Result<Vec<f32>> {
    let density = ModelDensity::new(|ctx: &mut Ctx| {
        let image = expose(data, &model(ctx)?)?;
        ctx.factor("image", image_log_prob(data, &image)?)
    })?;
    let mut positions = Vec::new();
    for (seed, start) in (0..).zip(starts) {
        positions.extend(density.position_of(start, seed)?);
    }
    // A thousandth of a nat is 5e-7 of chi^2 a pixel.
    let optimizer = OptimizerSettings::Lbfgs(LbfgsSettings { tol_gain: 1e-3, ..LbfgsSettings::default() });
    let settings = MapSettings { optimizer, pruning: Some(Pruning::default()) };
    let best = maximise(&density, &positions, &settings)?;
    let mut values = Values::new();
    for (name, site) in density.run_at(&best.position)?.iter().filter(|(_, site)| site.is_latent()) {
        values.insert(&**name, site.value.clone());
    }
    let light = substitute(model, values)(&mut Ctx::new(1))?;
    Ok(expose(data, &light)?.lane(0).to_vec())
}

/// The pixels of a galaxy, its noise, and `supersampling` points along a side of a pixel at which a model is evaluated.
fn data_of(galaxy: &Galaxy, supersampling: usize) -> anyhow::Result<Arc<ImageData>> {
    let files: DataFiles = serde_json::from_value(serde_json::json!({
        "pixel_scale": 1.0 / galaxy.side as f64, "supersampling": supersampling, "background_rms": galaxy.sigma_noise,
    }))?;
    let image = Image::new(galaxy.side, galaxy.side, galaxy.pixels.clone())?;
    Ok(Arc::new(files.assemble(Inputs::new(image))?))
}

/// Widths of the decoder's image at which a fit begins, in widths of the galaxy's.
const ZOOMS: [f64; 3] = [1.0, 0.75, 1.33];

/// Where a fit with the decoder begins: the mean of the code (of the prior, where there is no encoder) of the galaxy as it is, closer,
/// and from further away; and the first with the image moved by a pixel.
fn starts(mut vae: Option<&mut Vae>, prior: &LatentPrior, galaxy: &Galaxy) -> anyhow::Result<Vec<Values>> {
    let positions = sky(&Grid::new(SIDE, SIDE, 1.0 / SIDE as f64, 1)?)?;
    let image = Array::constant(&[SIDE, SIDE], galaxy.pixels.clone())?;
    let mut starts = Vec::new();
    for zoom in ZOOMS {
        let placed = Placed::new(0.0, 0.0, 1.0 / zoom, 1.0, 0.0);
        let seen = profile::brightness(&image, &positions, &placed, Interpolation::Cubic)?;
        let z = vae.as_mut().map_or_else(|| Ok(prior.loc.clone()), |vae| vae.encode(&[seen.lane(0)]))?;
        let start = |at: f64| Values::new().with("z", z.clone()).with("size", [zoom, 1.0]).with("centre", [at; 2]);
        starts.push(start(0.0));
        if zoom == 1.0 {
            starts.extend([-1.0, 1.0].map(|pixels| start(pixels / SIDE as f64)));
        }
    }
    Ok(starts)
}

/// Starts of the Sersic profile, drawn from its priors.
const DRAWN: usize = 24;

/// A galaxy and the best image of each model.
struct Fitted {
    bright: Bright,
    decoder: Vec<f32>,
    sersic: Vec<f32>,
}

impl Fitted {
    /// chi^2 a pixel of the decoder and of the Sersic profile.
    fn chi2(&self) -> [f64; 2] {
        [&self.decoder, &self.sersic].map(|image| chi2(&self.bright.galaxy, image))
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let source = PathBuf::from(arguments.next().unwrap_or_else(|| "source".into()));
    let out = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let rounding: f64 = arguments.next().as_deref().unwrap_or("0").parse()?;
    std::fs::create_dir_all(&out)?;
    let mut vae = source.join("encoder.safetensors").exists().then(|| Vae::read(&source)).transpose()?;
    let decoder = Decoder::read(source.join("decoder.safetensors"))?.rounded(rounding)?;
    let prior = LatentPrior::read(&source.join("prior.safetensors"))?;
    let began = Instant::now();
    println!(
        "| galaxy | magnitude | pixels of the stamp | maximum / sigma | decoder | Sersic | corners without light |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut fitted = Vec::new();
    for bright in bright::galaxies()? {
        let Bright { magnitude, stamp_side, ref galaxy } = bright;
        let (coarse, fine) = (data_of(galaxy, 1)?, data_of(galaxy, 3)?);
        let (coarse_sky, fine_sky) = (sky(&coarse.grid)?, sky(&fine.grid)?);
        let decoder =
            best(&coarse, &starts(vae.as_mut(), &prior, galaxy)?, |ctx| decoded(ctx, &decoder, &prior, &coarse_sky))?;
        let sersic = best(&fine, &vec![Values::new(); DRAWN], |ctx| sersic(ctx, &fine_sky))?;
        let (ident, signal, sky) = (galaxy.ident, 1.0 / galaxy.sigma_noise, chi2::sky(galaxy));
        let fit = Fitted { bright, decoder, sersic };
        let [a, b] = fit.chi2();
        println!("| {ident} | {magnitude:.2} | {stamp_side} | {signal:.0} | {a:.3} | {b:.3} | {sky:.3} |");
        fitted.push(fit);
    }
    println!("\nchi2 a pixel; {:.0} s\n", began.elapsed().as_secs_f64());
    println!("| galaxies | number | decoder is better | decoder: median | Sersic: median | corners: median |");
    println!("|---|---|---|---|---|---|");
    for (name, smallest) in [("all", 0), ("with stamps of 64 pixels or more", SIDE)] {
        let some: Vec<&Fitted> = fitted.iter().filter(|fit| fit.bright.stamp_side >= smallest).collect();
        let better = some.iter().filter(|fit| fit.chi2()[0] < fit.chi2()[1]).count();
        let [decoder, sersic] = [0, 1].map(|k| median(&some.iter().map(|fit| fit.chi2()[k]).collect::<Vec<_>>()));
        let sky = median(&some.iter().map(|fit| chi2::sky(&fit.bright.galaxy)).collect::<Vec<_>>());
        let (number, percent) = (some.len(), 100.0 * better as f64 / some.len() as f64);
        println!("| {name} | {number} | {better} ({percent:.0} %) | {decoder:.3} | {sersic:.3} | {sky:.3} |");
    }
    std::fs::write(out.join("galaxy-fits.png"), sheet(&fitted)?)?;
    Ok(())
}

/// A dozen of the galaxies, spread over the range of how much better the decoder is.
fn sheet(fitted: &[Fitted]) -> anyhow::Result<Vec<u8>> {
    let mut order: Vec<&Fitted> = fitted.iter().collect();
    let gain = |fit: &Fitted| {
        let [decoder, sersic] = fit.chi2();
        sersic / decoder
    };
    order.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
    let shown = order.len().min(12);
    let mut tiles = Vec::new();
    for k in 0..shown {
        let Fitted { bright, decoder, sersic } = order[k * (order.len() - 1) / (shown - 1).max(1)];
        let Bright { magnitude, galaxy, .. } = bright;
        let residual = |image: &[f32]| -> Vec<f32> {
            galaxy.pixels.iter().zip(image).map(|(data, image)| (data - image) / galaxy.sigma_noise).collect()
        };
        let panels = [
            (PanelKind::Galaxy, "HST F814W", &galaxy.pixels),
            (PanelKind::Galaxy, "decoder", decoder),
            (PanelKind::Residual, "residual / σ", &residual(decoder)),
            (PanelKind::Galaxy, "Sersic", sersic),
            (PanelKind::Residual, "residual / σ", &residual(sersic)),
        ];
        let panels = panels.map(|(kind, title, pixels)| panel(kind, title, pixels, galaxy.pixel_scale));
        let width = galaxy.side as f64 * galaxy.pixel_scale;
        let [a, b] = [decoder, sersic].map(|image| chi2(galaxy, image));
        tiles.push(Tile {
            title: format!("galaxy {}, {magnitude:.1} mag, {width:.1}″ wide", galaxy.ident),
            caption: format!("χ²/pixel: decoder {a:.3}, Sersic {b:.3}; maximum {:.0} σ", 1.0 / galaxy.sigma_noise),
            panels: panels.into_iter().collect::<anyhow::Result<_>>()?,
        });
    }
    let title = "Real galaxies, the best image of the decoder and the best Sersic profile".to_owned();
    let note = "from where the decoder is best to where it is worst; greys asinh from −0.1 to 1 of the maximum, residuals −5 to 5".to_owned();
    Ok(ContactSheet { title, note, tiles, columns: 2 }.render()?)
}
