//! Mock data: the image of a system whose parameters are drawn from their priors or fixed, with noise of a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ppl_core::handler::{priors, seed, trace};
use ppl_core::message::Kind;
use ppl_core::{Ctx, Values, rng};
use rand_distr::{Distribution as _, StandardNormal};

use super::config::System;
use super::defaults::Scales;
use super::model::SystemModel;
use crate::data::{ImageData, Inputs, check_size};
use crate::error::{Error, Result};
use crate::fits::Image;
use crate::image_file::read_image;
use crate::op::expose;

/// A simulated image and what is true of it.
#[derive(Clone)]
pub struct Mock {
    /// Signal and noise.
    pub image: Image,
    /// Signal alone.
    pub signal: Image,
    /// Standard deviation of the noise of each pixel.
    pub sigma: Image,
    /// Every parameter of every component, fixed or drawn, by site.
    pub truth: BTreeMap<String, Vec<f64>>,
    /// The data as a fit would see them.
    pub data: Arc<ImageData>,
}

/// Simulates a system: free parameters are drawn from their priors, noise is added, both keyed by `seed_of_draws`.
///
/// # Errors
/// A system without `data`, without an image or `size`, or whose noise is not known.
pub fn simulate(system: &System, seed_of_draws: u64) -> Result<Mock> {
    // Amplitudes are drawn like all else.
    let system = &system.with_sampled_amplitudes();
    let missing = |key, hint| Error::MissingKey { place: "`data`".to_owned(), key, hint };
    let files = system.data.as_ref().ok_or_else(|| missing("pixel_scale", "a simulation needs a `data` entry"))?;
    let size = match (files.size, &files.image) {
        (Some(size), _) => size,
        (None, Some(path)) => read_image(system.folder.join(path))?.size(),
        (None, None) => return Err(missing("size", "width and height in pixels, such as [100, 100]")),
    };
    check_size(size.0.saturating_mul(size.1))?;
    let blank = Image::new(size.0, size.1, vec![0.0; size.0 * size.1])?;
    let (noise, exposure) = (files.read_noise(&system.folder)?, files.read_exposure(&system.folder)?);
    let open = files.clone_without_mask();
    let psf = open.read_psf(&system.folder)?;
    let data = open.assemble(Inputs {
        noise: noise.clone(),
        exposure: exposure.clone(),
        psf: psf.clone(),
        ..Inputs::new(blank)
    })?;
    let scales = Scales { peak: 1.0, ..Scales::of(&data, false) };
    let model = SystemModel::new(system, Arc::new(data), &scales)?;
    let run = |ctx: &mut Ctx| model.run(ctx).map(drop);
    let sites = trace(seed(priors(run, system.priors.clone()), seed_of_draws))?;
    let mut truth: BTreeMap<String, Vec<f64>> = sites
        .iter()
        .filter(|(_, site)| site.kind == Kind::Sample)
        .map(|(name, site)| (name.to_string(), site.value.numbers().to_vec()))
        .collect();
    for component in &system.components {
        for (name, values) in &component.fixed {
            truth.insert(format!("{}.{name}", component.name), values.clone());
        }
    }
    let mut signal = vec![0.0; size.0 * size.1];
    let mut drawn = Values::new();
    for (name, site) in sites.iter().filter(|(_, site)| site.is_latent()) {
        drawn.insert(&**name, site.value.clone());
    }
    let model = model.adapted(&drawn)?;
    let scene = model.scene_at(&drawn)?;
    for part in scene.light.iter().chain(&scene.source) {
        let image = expose(model.data(), part)?;
        signal.iter_mut().zip(image.lane(0)).for_each(|(s, v)| *s += v);
    }
    let sigma: Vec<f32> = match &noise {
        Some(map) => map.pixels.clone(),
        None => {
            let rms = files.background_rms.ok_or_else(|| missing("background_rms", "or else `noise`"))?;
            let time = |i: usize| exposure.as_ref().map(|map| f64::from(map.pixels[i])).or(files.exposure_time);
            // A pixel without exposure saw nothing; it is masked.
            let photons = |i: usize, m: f32| time(i).filter(|t| *t > 0.0).map_or(0.0, |t| f64::from(m).max(0.0) / t);
            signal.iter().enumerate().map(|(i, m)| (rms * rms + photons(i, *m)).sqrt() as f32).collect()
        }
    };
    let mut rng = rng::keyed(seed_of_draws, "noise", 0);
    let draw = |(s, sigma): (&f32, &f32)| {
        let z: f64 = StandardNormal.sample(&mut rng);
        (f64::from(*s) + f64::from(*sigma) * z) as f32
    };
    let image = Image::new(size.0, size.1, signal.iter().zip(&sigma).map(draw).collect())?;
    let signal = Image::new(size.0, size.1, signal)?;
    let sigma = Image::new(size.0, size.1, sigma)?;
    let data = Arc::new(files.assemble(Inputs { noise, exposure, psf, ..Inputs::new(image.clone()) })?);
    Ok(Mock { image, signal, sigma, truth, data })
}
