//! The basin: which of the many configurations that explain an image the fit goes on with.

use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::linear::Amplitudes;
use lens_models::op::AMP;
use lens_models::system::{BandsModel, Role, Scales, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values, handler};
use ppl_infer::map::{LbfgsSettings, MapResult, MapSettings, OptimizerSettings, Pruning};

use super::FitError;
use super::evidence::{Place, distinct, weighed};
use super::light::{Light, latent_values};
use super::search::Search;
use super::search_terms::search_terms;
use super::stand_in;

/// Fraction of the lens light that the search for the lens takes to be uncertain.
const LIGHT_ERROR: f32 = 0.1;
/// How much larger than the noise the search takes the errors of the model to be.
const TEMPER: f32 = 3.0;
/// Gradients that every start gets before the worse half is given up: with 30, right basins were lost that 60 kept.
const PATIENCE: usize = 80;
/// Basins that go on from lens and source alone to everything.
const BASINS: usize = 6;
/// Width of the scatter of the starts in units of the prior's, Einstein radii apart.
const SCATTER: f64 = 0.5;

/// Where the search ends, with values for every free site, the basin to go on with first. The constants above were chosen on the 30
/// lenses of `docs/slacs.md`.
///
/// A real source is no sum of Sersic profiles and a real lens galaxy neither, so under the plain noise an odd
/// configuration that soaks up such errors can win over the right one. The search therefore takes the noise to be
/// [`TEMPER`] times larger and the light to be uncertain by [`LIGHT_ERROR`]: first lens and source with the light held,
/// from many starts, then everything from the best of them. Linear amplitudes are the best that are not negative, whatever becomes of
/// them while sampling: a sum of Gaussians of either sign would make rings, of which the arcs are parts. A source that a network makes is looked for by its stand-in.
pub(super) fn basins(
    system: &System,
    data: &[Arc<ImageData>],
    scales: &[Scales],
    light: Option<&Light>,
    starts: usize,
    search: &mut Search<'_, '_>,
) -> Result<Vec<Place>, FitError> {
    let held = light.map_or_else(Values::new, |l| l.values.clone());
    let simple = stand_in::simplified(system);
    let tempered_data = match (light, &simple) {
        (Some(light), _) => data.iter().zip(&light.images).map(|(data, light)| tempered(data, light)).collect(),
        (None, Some(_)) => data.iter().map(|data| tempered(data, &vec![0.0; data.image.pixels.len()])).collect(),
        (None, None) => data.to_vec(),
    };
    let searched = simple.as_ref().unwrap_or(system);
    let priors = searched.sampled_priors();
    let searched = light.map_or_else(|| searched.clone(), |light| held_amplitudes(searched, light));
    let terms = search_terms(system);
    let model =
        BandsModel::new(&searched, &tempered_data, scales)?.with_amplitudes(Amplitudes::NonNegative).with_points(terms);
    let run = handler::priors(|ctx: &mut Ctx| model.run(ctx), priors);
    let density = search.density(handler::condition(&run, held.clone()))?;
    if density.dim() == 0 && simple.is_none() {
        return Ok(vec![Place::alone(held)]);
    }
    let from = scattered(&density, search.seed(), starts)?;
    let optimizer = OptimizerSettings::Lbfgs(LbfgsSettings { max_iterations: 400, ..LbfgsSettings::default() });
    // Several of these end in one place, and the best of them need not be the best of everything.
    let pruning = Some(Pruning { after: PATIENCE, keep: 0.5, at_least: 4 * BASINS });
    let found = search.maximise(&density, &from, &MapSettings { optimizer, pruning })?;
    if light.is_none() && simple.is_none() {
        return weighed(system, &density, &found.lanes, search);
    }
    let lanes = distinct(&searched, &density, &found.lanes);
    let model =
        BandsModel::new(system, &tempered_data, scales)?.with_amplitudes(Amplitudes::NonNegative).with_points(terms);
    let joint = search.density(handler::priors(|ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))?;
    let mut from = vec![];
    for lane in lanes.into_iter().take(BASINS) {
        let mut values = held.clone();
        for (name, value) in latent_values(&density, &lane.position)?.iter() {
            values.insert(name, value.clone());
        }
        let values =
            simple.as_ref().map_or_else(|| values.clone(), |simple| stand_in::translated(system, simple, &values));
        from.extend(joint.position_of(&values, 0)?);
    }
    let pruning = simple.is_some().then_some(Pruning { after: PATIENCE, keep: 0.5, at_least: 2 });
    let found = search.maximise(&joint, &from, &MapSettings { pruning, ..MapSettings::default() })?;
    weighed(system, &joint, &found.lanes, search)
}

/// The system with the linear amplitudes of the lens light held at those that were found: its image is then made once.
fn held_amplitudes(system: &System, light: &Light) -> System {
    let mut system = system.clone();
    for component in system.components.iter_mut().filter(|c| c.role == Role::Light) {
        let site = component.linear().map(|p| component.site(p));
        if let Some(numbers) = site.and_then(|site| light.amplitudes.get(&site)) {
            component.fixed.insert(AMP, numbers.clone());
        }
    }
    system
}

/// Where the best ends are, at most so many, that are different lenses, one after the other.
pub(super) fn places<M, R>(system: &System, density: &ModelDensity<M>, found: &MapResult, most: usize) -> Vec<f64>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let ends = distinct(system, density, &found.lanes).into_iter().take(most);
    ends.flat_map(|end| end.position.clone()).collect()
}

/// The maxima in the plane of the source, from which the likelihood of the images is near its own.
pub(super) fn from_source_plane<M, R>(
    system: &System,
    near: &ModelDensity<M>,
    starts: &[f64],
    most: usize,
    search: &mut Search<'_, '_>,
) -> Result<Vec<f64>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    Ok(places(system, near, &search.maximise(near, starts, &MapSettings::default())?, most))
}

/// The data with noise as the search takes it.
fn tempered(data: &ImageData, light: &[f32]) -> Arc<ImageData> {
    let sigma = |(w, m): (&f32, &f32)| if *w > 0.0 { 1.0 / (TEMPER / w).hypot(LIGHT_ERROR * m) } else { 0.0 };
    Arc::new(data.reweighted(data.inverse_sigma(light).iter().zip(light).map(sigma).collect()))
}

/// Starts `[starts, dim]` from the prior: Einstein radii as they are drawn, everything else half as far from its mean.
pub(super) fn scattered<M, R>(density: &ModelDensity<M>, seed: u64, starts: usize) -> Result<Vec<f64>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut from = density.draw_prior(seed, starts)?;
    let dim = density.dim();
    for entry in
        density.layout().entries().iter().filter(|e| !e.name.ends_with("theta_E") && !e.name.ends_with("r_ein"))
    {
        for i in entry.offset..entry.offset + entry.len {
            let mean = from.iter().skip(i).step_by(dim).sum::<f64>() / starts as f64;
            from.iter_mut().skip(i).step_by(dim).for_each(|q| *q = mean + SCATTER * (*q - mean));
        }
    }
    Ok(from)
}
