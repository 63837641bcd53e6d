//! The stages of a fit: lens light, search for the lens, joint maximum, Laplace approximation, draws.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use lens_models::data::ImageData;
use lens_models::system::{Role, Scales, System, SystemModel};
use ppl_core::{Ctx, LogDensity, ModelDensity, PriorSet, Values, handler, rng};
use ppl_infer::driver::{Ending, sample};
use ppl_infer::map::{Laplace, LaplaceSettings, LbfgsSettings, MapSettings, Method as Climb, Pruning, laplace};
use ppl_infer::mcmc::{InitialMetric, MetricAdaptation, MetricKind, NutsSettings};
use ppl_infer::posterior::Posterior;

use super::light::{Light, fit_light, latent_values, scene_at};
use super::search::Search;
use super::view::View;
use super::{Fit, FitError, FitSettings, Method, Watch};
use crate::run::{posterior_of, variables_of};

/// Fraction of the lens light that the search for the lens takes to be uncertain.
const LIGHT_ERROR: f32 = 0.1;
/// Basins that the search hands on to the joint fit.
const BASINS: usize = 4;

/// Fits a system to its data.
///
/// # Errors
/// A system without light or source, mistakes in its priors, a density that is nowhere finite. A stop keeps the draws made.
pub fn fit(
    system: &System,
    data: Arc<ImageData>,
    settings: &FitSettings,
    stop: &AtomicBool,
    watch: &mut dyn Watch,
) -> Result<Fit, FitError> {
    let has = |role| system.of_role(role).next().is_some();
    if !has(Role::Light) && !has(Role::Source) {
        return Err(FitError::Nothing { missing: "light", mend: "add a component under `source` or `light`" });
    }
    let mut clock = Clock { seconds: vec![], since: Instant::now() };
    let scales = Scales::of(&data, has(Role::Light));
    let model = SystemModel::new(system, data.clone(), &scales)?;
    let run = handler::priors(|ctx: &mut Ctx| model.run(ctx), system.priors.clone());
    let density = ModelDensity::new(&run)?;
    let priors = PriorSet::of(&run)?;
    let mut search = Search::new(settings.seed, stop, watch);

    let light = if has(Role::Light) && has(Role::Source) {
        search.watch.stage("lens light");
        let light = fit_light(system, &data, &scales, &mut search)?;
        clock.lap("lens light");
        Some(light)
    } else {
        None
    };
    search.watch.stage("search");
    let starts = basins(system, &data, &scales, light.as_ref(), settings.starts, &mut search)?;
    let starts: Vec<f64> = starts
        .iter()
        .map(|values| density.position_of(values, settings.seed))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    clock.lap("search");
    search.watch.stage("maximum");
    let best = search.climb(&density, &starts, &MapSettings::default())?;
    clock.lap("maximum");
    search.watch.stage("curvature");
    let around = laplace(&density, &best.position, &LaplaceSettings::default())?;
    search.gradients += around.gradient_count as u64;
    clock.lap("curvature");

    let mut gradients = search.gradients;
    let dim = density.dim();
    let (posterior, stopped, top) = match settings.method {
        Method::Map => (gaussian(&density, &around, settings)?, false, around.mean.clone()),
        Method::Nuts => {
            search.watch.stage("sampling");
            let mut rng = rng::keyed(settings.seed, "starts", 0);
            let starts = around.sample(&mut rng, settings.chains);
            let nuts = NutsSettings {
                warmup: settings.warmup,
                draws: settings.draws,
                chains: settings.chains,
                seed: settings.seed,
                metric: MetricKind::Dense,
                metric_adaptation: MetricAdaptation::Fixed,
                ..NutsSettings::default()
            };
            let metric = InitialMetric::Dense(around.covariance.clone());
            let starts = finite_starts(&density, starts, &around.mean)?;
            let outcome = sample(&density, &nuts, &starts, &metric, stop, watch)?;
            clock.lap("sampling");
            let (warm, kept) = outcome.samples.gradients();
            gradients += warm + kept;
            let stopped = match outcome.ending {
                Ending::Failed(error) => return Err(error.into()),
                Ending::Stopped => true,
                _ => false,
            };
            let highest = outcome.samples.chains.iter().flat_map(|c| c.stats.iter().zip(c.draws.chunks(dim)));
            let highest = highest.max_by(|a, b| a.0.logp.total_cmp(&b.0.logp));
            let top = highest.filter(|h| h.0.logp > around.logp).map_or(around.mean.clone(), |h| h.1.to_vec());
            (posterior_of(&density, &outcome.samples)?, stopped, top)
        }
    };
    let (values, scene) = scene_at(&density, &model, &top)?;
    let best = with_fixed(system, &values);
    let view = View::new(system, &data, &scene, &best)?;
    let not_a_number = density.not_a_number();
    let seconds = clock.seconds;
    Ok(Fit { posterior, stopped, system: system.clone(), data, priors, best, view, seconds, gradients, not_a_number })
}

/// The best basins of lens and source, the light held where it was found: values for every free site.
fn basins(
    system: &System,
    data: &Arc<ImageData>,
    scales: &Scales,
    light: Option<&Light>,
    starts: usize,
    search: &mut Search<'_>,
) -> Result<Vec<Values>, FitError> {
    let held = light.map_or_else(Values::new, |l| l.values.clone());
    // What the light leaves at the centre is its own error, not arcs: it must not draw the source there.
    let data = match light {
        None => data.clone(),
        Some(light) => {
            let error = |(w, m): (&f32, &f32)| if *w > 0.0 { 1.0 / (1.0 / w).hypot(LIGHT_ERROR * m) } else { 0.0 };
            let inverse = data.inverse_sigma(&light.image);
            Arc::new(data.reweighted(inverse.iter().zip(&light.image).map(error).collect()))
        }
    };
    let model = SystemModel::new(system, data, scales)?;
    let run = handler::priors(|ctx: &mut Ctx| model.run(ctx), system.priors.clone());
    let density = ModelDensity::new(handler::condition(run, held.clone()))?;
    if density.dim() == 0 {
        return Ok(vec![held]);
    }
    let from = density.draw_prior(search.seed(), starts)?;
    let climb = LbfgsSettings { max_iterations: 400, ..LbfgsSettings::default() };
    let pruning = Some(Pruning { after: 30, keep: 0.5, at_least: BASINS });
    let found = search.climb(&density, &from, &MapSettings { method: Climb::Lbfgs(climb), pruning })?;
    let mut basins = vec![];
    for lane in found.lanes.iter().filter(|lane| lane.logp.is_finite()).take(BASINS) {
        let mut values = held.clone();
        for (name, value) in latent_values(&density, &lane.position)?.iter() {
            values.insert(name, value.clone());
        }
        basins.push(values);
    }
    Ok(basins)
}

/// Chains may start only where the density is finite; one that does not starts at the maximum.
fn finite_starts(density: &impl LogDensity, mut starts: Vec<f64>, mean: &[f64]) -> Result<Vec<f64>, FitError> {
    let chains = starts.len() / mean.len();
    let (mut logp, mut grad) = (vec![0.0; chains], vec![0.0; starts.len()]);
    density.logp_and_grad(&starts, &mut logp, &mut grad)?;
    for (start, logp) in starts.chunks_exact_mut(mean.len()).zip(logp) {
        if !logp.is_finite() {
            start.copy_from_slice(mean);
        }
    }
    Ok(starts)
}

/// Independent draws of the Laplace approximation as a posterior.
fn gaussian<M, R>(
    density: &ModelDensity<M>,
    around: &Laplace,
    settings: &FitSettings,
) -> Result<Posterior, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut posterior = Posterior::new(settings.chains, settings.draws);
    let draws = around.sample(&mut rng::keyed(settings.seed, "laplace", 0), settings.chains * settings.draws);
    variables_of(density, &draws, &mut posterior)?;
    Ok(posterior)
}

/// Free and fixed parameters by site.
fn with_fixed(system: &System, values: &Values) -> BTreeMap<String, Vec<f64>> {
    let mut all: BTreeMap<String, Vec<f64>> =
        values.iter().map(|(name, value)| (name.to_owned(), value.numbers().to_vec())).collect();
    for component in &system.components {
        for (name, fixed) in &component.fixed {
            all.insert(format!("{}.{name}", component.name), fixed.clone());
        }
    }
    all
}

/// Seconds of each stage.
struct Clock {
    seconds: Vec<(&'static str, f64)>,
    since: Instant,
}

impl Clock {
    fn lap(&mut self, stage: &'static str) {
        self.seconds.push((stage, self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }
}
