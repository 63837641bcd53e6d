//! Fitting point sources without an image: from their positions, fluxes and delays to the posterior of the lens and of H0.

use lens_models::system::{PointTerms, PointsModel, System};
use ppl_core::{Ctx, PriorSet, handler};
use ppl_infer::Executor;
use ppl_infer::map::{LbfgsSettings, MapSettings, OptimizerSettings};

use super::around::{Around, Shape};
use super::basin::{from_source_plane, places, scattered};
use super::clock::Clock;
use super::curvature::laplace_of;
use super::derived::derived;
use super::draws::{posterior, stopped};
use super::light::latent_values;
use super::search::Search;
use super::search_terms::search_terms;
use super::stages::with_fixed;
use super::straight::Straight;
use super::{Fit, FitError, FitSettings, View, start, support};

/// Maxima of the search that go on to the likelihood itself. Its density costs little, and several configurations may have much the same images:
/// of six, the right one was not always one.
const MAXIMA: usize = 24;

/// Fits a system of point sources under an executor.
///
/// # Errors
/// A system without point sources, mistakes in its priors, a density that is nowhere finite. A stop keeps the draws made.
pub fn fit_points(system: &System, settings: &FitSettings, executor: &mut Executor<'_>) -> Result<Fit, FitError> {
    support::check_fixed(system)?;
    let mut clock = Clock::new();
    let model = PointsModel::new(system)?;
    let under = |terms| {
        let model = model.with_points(terms);
        handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors())
    };
    let mut search = Search::new(system, settings.seed, executor, settings.processor.clone());
    let density = search.density(under(PointTerms::Given))?;
    if density.layout().dim() == 0 {
        return Err(FitError::Nothing { missing: "free parameter", fix: "take the `value` of one away" });
    }
    let priors = PriorSet::of(under(PointTerms::Given))?;
    support::check(system, &priors)?;
    let starts = match start::given(system, &density)? {
        Some(start) => start,
        None => {
            search.executor.stage("search");
            let wide = search.density(under(search_terms(system)))?;
            let from = scattered(&wide, search.seed(), settings.starts)?;
            let optimizer = OptimizerSettings::Lbfgs(LbfgsSettings { max_iterations: 400, ..LbfgsSettings::default() });
            let found = search.maximise(&wide, &from, &MapSettings { optimizer, pruning: None })?;
            let near = search.density(under(PointTerms::SourcePlane))?;
            // Wide errors may leave one maximum, from which the way leads to a lens that is not the right one.
            let mut near_starts = places(system, &wide, &found, MAXIMA);
            near_starts.extend(&from);
            let starts = from_source_plane(system, &near, &near_starts, MAXIMA, &mut search)?;
            clock.lap("search", search.executor);
            starts
        }
    };
    search.executor.stage("maximum");
    let best = search.maximise(&density, &starts, &MapSettings::default())?;
    clock.lap("maximum", search.executor);
    let around =
        Around::Dense(laplace_of(&density, &best.position, system, executor)?, Shape::Ridge, Straight::default());
    clock.lap("curvature", executor);
    let before = executor.spent();
    let (posterior, top) = posterior(&density, &around, settings, &mut clock, executor)?;
    let best = with_fixed(system, &latent_values(&density, &top)?);
    let view = View::of_points(system, &best)?;
    let derived = derived(system, None, &posterior, &best)?;
    Ok(Fit {
        stopped: stopped(&posterior, executor),
        posterior,
        system: system.clone(),
        data: None,
        bands: vec![],
        priors,
        best,
        view,
        basins: vec![],
        pedestal: None,
        halos: None,
        derived,
        gradients: executor.spent(),
        sampling_gradients: executor.spent() - before,
        seconds: clock.seconds,
    })
}
