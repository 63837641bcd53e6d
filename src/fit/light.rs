//! The lens light first: fitted alone, with less and less weight on what rises above it, which is the arcs.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::linear::Amplitudes;
use lens_models::op::expose;
use lens_models::system::{BandsModel, Role, Scales, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values, handler};
use ppl_infer::map::{MapSettings, Pruning};

use super::FitError;
use super::search::Search;

/// Starts of the first round.
const STARTS: usize = 12;
/// Rounds of reweighting after it.
const ROUNDS: usize = 4;
/// Residuals of this many sigma begin to lose weight.
const ARC: f32 = 2.0;

/// The lens light that a fit of the light alone finds.
pub(super) struct Light {
    /// Its parameters by site.
    pub values: Values,
    /// Its linear amplitudes by site.
    pub amplitudes: BTreeMap<String, Vec<f64>>,
    /// Its image in each band, as the camera sees it; dark where it does not shine.
    pub images: Vec<Vec<f32>>,
}

/// Fits the light components of a system to all of the image, or of the images of those bands that they shine in.
///
/// Arcs lie above the light, never below, so a positive residual z is weighted by 1 / (1 + (z / 2)^2), as for a Cauchy
/// distribution, while a negative one keeps its weight (iteratively reweighted least squares).
pub(super) fn fit_light(
    system: &System,
    data: &[Arc<ImageData>],
    scales: &[Scales],
    search: &mut Search<'_, '_>,
) -> Result<Light, FitError> {
    let lit = |band: &usize| system.of_band(*band).of_role(Role::Light).next().is_some();
    let bands: Vec<usize> = (0..data.len()).filter(lit).collect();
    let scales: Vec<Scales> = bands.iter().map(|band| scales[*band]).collect();
    let system = system.with_roles(&[Role::Light, Role::Band]).of_bands(&bands);
    let mut found: Option<Light> = None;
    for round in 0..=ROUNDS {
        let weighted = |band: &usize| match &found {
            None => data[*band].clone(),
            Some(light) => reweighted(&data[*band], &light.images[*band]),
        };
        let lit: Vec<Arc<ImageData>> = bands.iter().map(weighted).collect();
        let model = BandsModel::new(&system, &lit, &scales)?.with_amplitudes(Amplitudes::NonNegative);
        let density = search.density(handler::priors(|ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))?;
        // With their amplitudes found by the way, many Gaussians have but a shape to look for.
        let starts = if model.has_linear() { STARTS.min(density.dim()) } else { STARTS };
        let (starts, pruning) = match &found {
            None => (density.draw_prior(search.seed(), starts)?, Some(Pruning { after: 30, ..Pruning::default() })),
            Some(light) => (density.position_of(&light.values, round as u64)?, None),
        };
        // With every light parameter fixed there is nothing to maximise.
        let position = match starts.is_empty() {
            true => starts,
            false => search.maximise(&density, &starts, &MapSettings { pruning, ..MapSettings::default() })?.position,
        };
        let values = latent_values(&density, &position)?;
        let mut images: Vec<Vec<f32>> = data.iter().map(|data| vec![0.0; data.image.pixels.len()]).collect();
        for ((band, data), scene) in bands.iter().zip(&lit).zip(model.scenes_at(&values)?) {
            if let Some(light) = &scene.light {
                images[*band] = expose(data, light)?.lane(0).to_vec();
            }
        }
        found = Some(Light { amplitudes: model.best_amplitudes(&values)?, values, images });
    }
    found.ok_or(FitError::Nothing { missing: "light", fix: "add a component under `light`" })
}

/// The data with less weight where they lie above the light.
fn reweighted(data: &ImageData, light: &[f32]) -> Arc<ImageData> {
    let (z, sigma) = (data.residual(light), data.inverse_sigma(light));
    let weight = |(z, w): (&f32, f32)| if *z > 0.0 { w / (1.0 + (z / ARC).powi(2)).sqrt() } else { w };
    Arc::new(data.reweighted(z.iter().zip(sigma).map(weight).collect()))
}

/// The values of the latent sites at a position.
pub(super) fn latent_values<M, R>(density: &ModelDensity<M>, position: &[f64]) -> Result<Values, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut values = Values::new();
    for (name, site) in density.run_at(position)?.iter().filter(|(_, site)| site.is_latent()) {
        values.insert(&**name, site.value.clone());
    }
    Ok(values)
}
