//! The stages of a fit: lens light, search for the lens, joint maximum, Laplace approximation, draws.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::linear::Amplitudes;
use lens_models::parameter::{ParameterKind, ProfileParameter};
use lens_models::system::{BandsModel, Component, PointTerms, Role, Scales, System};
use ppl_core::{PriorSet, Values};
use ppl_infer::Executor;

use super::amplitudes;
use super::bands::seen;
use super::basin::{basins, from_source_plane};
use super::clock::Clock;
use super::curvature::around;
use super::derived::derived;
use super::draws::{posterior, stopped};
use super::evidence::Place;
use super::halos;
use super::light::{fit_light, latent_values};
use super::search::{Search, with_priors};
use super::{BandView, Basin, Fit, FitError, FitSettings, Method, field, scales, start, support};

/// How often sub-pixels are chosen anew at the maximum that the last ones gave: the second time few cells change, if any.
const REFINEMENTS: usize = 3;

/// Fits a system to its data under an executor, whose observers, stop and budget serve all stages.
///
/// # Errors
/// A system without light or source, mistakes in its priors, a density that is nowhere finite. A stop keeps the draws made.
pub fn fit(
    system: &System,
    data: Arc<ImageData>,
    settings: &FitSettings,
    executor: &mut Executor<'_>,
) -> Result<Fit, FitError> {
    fit_bands(system, &[data], settings, executor)
}

/// Fits a system to the images of its bands, in their order, or to its one image.
///
/// # Errors
/// As [`fit`]; images that are not one for each band.
pub fn fit_bands(
    system: &System,
    data: &[Arc<ImageData>],
    settings: &FitSettings,
    executor: &mut Executor<'_>,
) -> Result<Fit, FitError> {
    let has = |role| system.of_role(role).next().is_some();
    if !has(Role::Light) && !has(Role::Source) {
        return Err(FitError::Nothing { missing: "light", fix: "add a component under `source` or `light`" });
    }
    support::check_fixed(system)?;
    let mut clock = Clock::new();
    let of_data = Scales::of_bands(system, data);
    // All that looks for a maximum takes the best linear amplitudes that are not negative.
    let mut model = BandsModel::new(system, data, &of_data)?.with_amplitudes(Amplitudes::NonNegative);
    let mut search = Search::new(system, settings.seed, executor, settings.processor.clone());
    let mut density = search.density(with_priors(&model, system))?;
    if density.layout().dim() == 0 {
        return Err(FitError::Nothing { missing: "free parameter", fix: "take the `value` of one away" });
    }
    let mut priors = PriorSet::of(with_priors(&model, system))?;
    support::check(system, &priors)?;
    halos::check(system)?;
    if has(Role::Light) {
        tell_of_centres(system, &of_data[0]);
    }
    priors.extend(model.linear_priors()?);
    // Which basin is right does not hang on sub-pixels, and many starts on many of them fill the memory.
    let data = data.iter().map(|data| data.coarse().map(Arc::new)).collect::<Result<Vec<_>, _>>()?;

    // A halo that may be anywhere is looked for once there is a lens.
    let smooth = halos::without(system);
    let searched = smooth.as_ref().unwrap_or(system);
    let mut found = vec![];
    let mut starts = match start::given(system, &density)? {
        Some(start) => start,
        None => {
            let light = if has(Role::Light) && has(Role::Source) {
                search.executor.stage("lens light");
                let light = fit_light(system, &data, &of_data, &mut search)?;
                clock.lap("lens light", search.executor);
                Some(light)
            } else {
                None
            };
            search.executor.stage("search");
            found = basins(searched, &data, &of_data, light.as_ref(), settings.starts, &mut search)?;
            let mut starts = match found.first() {
                Some(place) if smooth.is_some() => {
                    halos::starts(&density, &place.values, settings.starts, &mut search)?
                }
                Some(place) => density.position_of(&place.values, settings.seed)?,
                None => vec![],
            };
            if has(Role::Points) {
                let near = search.density(with_priors(&model.with_points(PointTerms::SourcePlane), system))?;
                starts = from_source_plane(system, &near, &starts, 1, &mut search)?;
            }
            clock.lap("search", search.executor);
            starts
        }
    };
    let basins = shown(searched, &data, &of_data, &found, settings.basins)?;
    let fields = field::has_fields(system);
    let (mut settled, optimizer) = (system.clone(), field::optimizer(system));
    let (mut all, mut spreads) = (Values::new(), vec![]);
    if fields {
        // What scales a field is held while a maximum is looked for.
        all = latent_values(&density, &starts)?;
        settled = field::held(system, &all);
        model = model.with_system(&settled, &of_data)?;
        density = search.density(with_priors(&model, &settled))?;
        starts = density.position_of(&field::free(&settled, &all), 0)?;
    }
    search.executor.stage("maximum");
    let way = if smooth.is_some() { halos::maximum() } else { optimizer.clone() };
    let mut best = search.maximise(&density, &starts, &way)?;
    let ends = best.lanes.clone();
    clock.lap("maximum", search.executor);
    if model.is_adaptive() {
        search.executor.stage("sub-pixels");
        for _ in 0..REFINEMENTS {
            let finer = model.refined(&latent_values(&density, &best.position)?)?;
            if finer == model.sampling() {
                break;
            }
            model = model.resampled(&finer)?;
            density = search.density(with_priors(&model, &settled))?;
            best = search.maximise(&density, &best.position, &optimizer)?;
        }
        clock.lap("sub-pixels", search.executor);
    }
    if model.has_linear() && system.amplitudes == Amplitudes::Marginal {
        search.executor.stage("amplitudes");
        let found = model.amplitudes_at(&latent_values(&density, &best.position)?)?;
        model = model.without_dark(&found).with_amplitudes(Amplitudes::Marginal);
        density = search.density(with_priors(&model, &settled))?;
        best = search.maximise(&density, &best.position, &optimizer)?;
        clock.lap("amplitudes", search.executor);
    }
    if fields {
        search.executor.stage("scales");
        all = field::merged(all, &latent_values(&density, &best.position)?);
        (all, spreads) = scales::with_likely_scales(system, &model, &of_data, all, &mut search)?;
        settled = field::settled(system, &all);
        model = model.with_system(&settled, &of_data)?;
        priors = PriorSet::of(with_priors(&model, &settled))?;
        priors.extend(model.linear_priors()?);
        density = search.density(with_priors(&model, &settled))?;
        best.position = density.position_of(&field::free(&settled, &all), 0)?;
        clock.lap("scales", search.executor);
    }
    let data = model.data();
    let system = &settled;
    let mut before = search.executor.spent();
    let (mut posterior, top, halos) = if smooth.is_some() && settings.method == Method::Nuts {
        let found =
            halos::posterior(system, &model, &density, (&best.position, &ends), settings, &mut clock, &mut search)?;
        (found.0, found.1, Some(found.2))
    } else {
        let around = around(&density, &best.position, system, &spreads, settings, &mut search)?;
        clock.lap("curvature", search.executor);
        before = search.executor.spent();
        let (posterior, top) = posterior(&density, &around, settings, &mut clock, search.executor)?;
        (posterior, top, None)
    };
    let values = latent_values(&density, &top)?;
    let scenes = model.scenes_at(&values)?;
    let mut best = with_fixed(system, &values);
    if model.has_linear() {
        best.extend(model.best_amplitudes(&values)?);
        amplitudes::draw(system, &model, &mut posterior, settings.seed)?;
        clock.lap("draws of amplitudes", executor);
    }
    let mut images = seen(system, &data, &scenes, &best)?;
    let derived = derived(system, Some(&model), &posterior, &best)?;
    let (seconds, gradients) = (clock.seconds, executor.spent());
    let sampling_gradients = gradients - before;
    let stopped = stopped(&posterior, executor);
    let BandView { data, view, pedestal, .. } = images[0].clone();
    let pedestal = pedestal.filter(|_| system.bands.is_empty());
    images.truncate(if system.bands.is_empty() { 0 } else { images.len() });
    Ok(Fit {
        posterior,
        stopped,
        system: system.clone(),
        pedestal,
        halos,
        data: Some(data),
        bands: images,
        priors,
        best,
        view,
        basins,
        derived,
        seconds,
        gradients,
        sampling_gradients,
    })
}

/// Says which lenses are held near the light by a default prior.
fn tell_of_centres(system: &System, scales: &Scales) {
    let held = |component: &&Component| {
        let free = |p: &&ProfileParameter| p.kind == ParameterKind::Center && !component.fixed.contains_key(p.name);
        let default = |p: &ProfileParameter| system.priors.get(&component.site(p)).is_none();
        component.profile.parameters().iter().filter(free).any(default)
    };
    let [x, y] = scales.center;
    for lens in system.of_role(Role::Lens).filter(held) {
        tracing::info!(
            "`{}` is held near the brightest light, ({x:.3}, {y:.3}) arcsec, by the default prior of its centre",
            lens.name
        );
    }
}

/// The first basins as they look; none where there is but one.
fn shown(
    system: &System,
    data: &[Arc<ImageData>],
    scales: &[Scales],
    places: &[Place],
    most: usize,
) -> Result<Vec<Basin>, FitError> {
    if places.len() < 2 {
        return Ok(vec![]);
    }
    let model = BandsModel::new(system, data, scales)?.with_amplitudes(Amplitudes::NonNegative);
    let basin = |place: &Place| {
        let scenes = model.scenes_at(&place.values)?;
        let mut best = with_fixed(system, &place.values);
        best.extend(model.best_amplitudes(&place.values)?);
        let mut bands = seen(system, data, &scenes, &best)?;
        let view = bands[0].view.clone();
        bands.truncate(if system.bands.is_empty() { 0 } else { bands.len() });
        Ok(Basin { best, log_density: place.log_density, log_evidence: place.log_evidence, view, bands })
    };
    places.iter().take(most).map(basin).collect()
}

/// Free and fixed parameters by site.
pub(super) fn with_fixed(system: &System, values: &Values) -> BTreeMap<String, Vec<f64>> {
    let mut all: BTreeMap<String, Vec<f64>> =
        values.iter().map(|(name, value)| (name.to_owned(), value.numbers().to_vec())).collect();
    for component in &system.components {
        all.extend(component.fixed_sites().map(|(site, fixed)| (site, fixed.clone())));
    }
    all
}
