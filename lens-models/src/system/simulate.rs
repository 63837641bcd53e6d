//! Mock data: the image of a system whose parameters are drawn from their priors or fixed, with noise of a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ppl_core::handler::{priors, seed, trace};
use ppl_core::message::Kind;
use ppl_core::{Ctx, Values, rng};
use rand_distr::{Distribution as _, StandardNormal};

use super::bands_model::BandsModel;
use super::config::System;
use super::defaults::Scales;
use crate::data::{DataFiles, ImageData, Inputs, check_size};
use crate::error::{Error, Result};
use crate::fits::Image;
use crate::image_file::read_image;
use crate::noise::{Correlation, Noise};
use crate::op::expose;
use crate::psf::Psf;

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
    /// The correlation of the noise, if there is one.
    pub correlation: Option<Correlation>,
    /// The data as a fit would see them.
    pub data: Arc<ImageData>,
}

/// Simulates a system: free parameters are drawn from their priors, noise is added, both keyed by `seed_of_draws`.
///
/// # Errors
/// A system without `data`, without an image or `size`, or whose noise is not known; one of several bands.
pub fn simulate(system: &System, seed_of_draws: u64) -> Result<Mock> {
    system.one_band("a mock", "take `simulate_bands`")?;
    let missing = || missing("pixel_scale", "a simulation needs a `data` entry");
    simulate_bands(system, seed_of_draws)?.into_iter().next().ok_or_else(missing)
}

fn missing(key: &'static str, hint: &'static str) -> Error {
    Error::MissingKey { place: "`data`".to_owned(), key, hint }
}

/// What a band is simulated from.
struct Camera<'s> {
    files: &'s DataFiles,
    size: (usize, usize),
    noise: Option<Image>,
    exposure: Option<Image>,
    correlation: Option<Correlation>,
    psf: Option<Psf>,
}

impl<'s> Camera<'s> {
    fn read(system: &System, files: &'s DataFiles) -> Result<Self> {
        let size = match (files.size, &files.image) {
            (Some(size), _) => size,
            (None, Some(path)) => read_image(system.folder.join(path))?.size(),
            (None, None) => return Err(missing("size", "width and height in pixels, such as [100, 100]")),
        };
        check_size(size.0.saturating_mul(size.1))?;
        let (noise, exposure) = (files.read_noise(&system.folder)?, files.read_exposure(&system.folder)?);
        let psf = files.clone_without_mask().read_psf(&system.folder)?;
        let correlation = files.find_correlation(&system.folder, noise.as_ref())?;
        Ok(Camera { files, size, noise, exposure, correlation, psf })
    }

    /// The data of an image; what is masked may be left open.
    fn data(&self, files: &DataFiles, image: Image) -> Result<Arc<ImageData>> {
        let (noise, exposure) = (self.noise.clone(), self.exposure.clone());
        let (correlation, psf) = (self.correlation.clone(), self.psf.clone());
        files.assemble(Inputs { noise, exposure, correlation, psf, ..Inputs::new(image) }).map(Arc::new)
    }

    /// Data without signal, all of whose pixels are used.
    fn blank(&self) -> Result<Arc<ImageData>> {
        let (width, height) = self.size;
        self.data(&self.files.clone_without_mask(), Image::new(width, height, vec![0.0; width * height])?)
    }

    /// Standard deviation of the noise of each pixel.
    fn sigma(&self, signal: &[f32]) -> Result<Vec<f32>> {
        if let Some(map) = &self.noise {
            return Ok(map.pixels.clone());
        }
        let rms = self.files.background_rms.ok_or_else(|| missing("background_rms", "or else `noise`"))?;
        let time = |i: usize| self.exposure.as_ref().map(|map| f64::from(map.pixels[i])).or(self.files.exposure_time);
        // A pixel without exposure saw nothing; it is masked.
        let photons = |i: usize, m: f32| time(i).filter(|t| *t > 0.0).map_or(0.0, |t| f64::from(m).max(0.0) / t);
        Ok(signal.iter().enumerate().map(|(i, m)| (rms * rms + photons(i, *m)).sqrt() as f32).collect())
    }
}

/// The same of every band, in their order, with one truth; of one image, of that.
///
/// # Errors
/// As [`simulate`], with the band.
pub fn simulate_bands(system: &System, seed_of_draws: u64) -> Result<Vec<Mock>> {
    // Amplitudes are drawn like all else.
    let system = &system.with_sampled_amplitudes();
    let name = |files: &DataFiles| files.name.clone();
    let read = |files| Camera::read(system, files).map_err(|error| error.in_band(name(files).as_deref()));
    let cameras = system.files().map(read).collect::<Result<Vec<_>>>()?;
    if cameras.is_empty() {
        return Err(missing("pixel_scale", "a simulation needs a `data` entry"));
    }
    let blank = |camera: &Camera<'_>| camera.blank().map_err(|error| error.in_band(name(camera.files).as_deref()));
    let data = cameras.iter().map(blank).collect::<Result<Vec<_>>>()?;
    let scales: Vec<Scales> = data.iter().map(|data| Scales { peak: 1.0, ..Scales::of(data, false) }).collect();
    let first = scales[0];
    let scales: Vec<Scales> = scales.iter().map(|Scales { noise, .. }| Scales { noise: *noise, ..first }).collect();
    let model = BandsModel::new(system, &data, &scales)?;
    let run = |ctx: &mut Ctx| model.run(ctx).map(drop);
    let sites = trace(seed(priors(run, system.priors.clone()), seed_of_draws))?;
    let mut truth: BTreeMap<String, Vec<f64>> = sites
        .iter()
        .filter(|(_, site)| site.kind == Kind::Sample)
        .map(|(name, site)| (name.to_string(), site.value.numbers().to_vec()))
        .collect();
    for component in &system.components {
        truth.extend(component.fixed_sites().map(|(site, values)| (site, values.clone())));
    }
    let mut drawn = Values::new();
    for (name, site) in sites.iter().filter(|(_, site)| site.is_latent()) {
        drawn.insert(&**name, site.value.clone());
    }
    let model = model.adapted(&drawn)?;
    let scenes = model.scenes_at(&drawn)?;
    let mut mocks = vec![];
    for (band, ((camera, model), scene)) in cameras.iter().zip(model.bands()).zip(&scenes).enumerate() {
        let (width, height) = camera.size;
        let mut signal = vec![0.0; width * height];
        for part in scene.light.iter().chain(&scene.source) {
            let image = expose(model.data(), part)?;
            signal.iter_mut().zip(image.lane(0)).for_each(|(s, v)| *s += v);
        }
        let sigma = camera.sigma(&signal)?;
        let mut rng = rng::keyed(seed_of_draws, "noise", band);
        let mut z: Vec<f64> = signal.iter().map(|_| StandardNormal.sample(&mut rng)).collect();
        if let Noise::Correlated(noise) = &model.data().noise {
            noise.colour(&mut z);
        }
        let draw = |((s, sigma), z): ((&f32, &f32), &f64)| (f64::from(*s) + f64::from(*sigma) * z) as f32;
        let image = Image::new(width, height, signal.iter().zip(&sigma).zip(&z).map(draw).collect())?;
        let data = camera.data(camera.files, image.clone())?;
        let (signal, sigma) = (Image::new(width, height, signal)?, Image::new(width, height, sigma)?);
        let correlation = camera.correlation.clone();
        mocks.push(Mock { image, signal, sigma, correlation, truth: truth.clone(), data });
    }
    Ok(mocks)
}
