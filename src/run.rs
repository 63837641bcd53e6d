//! From a model function to its posterior: the one call that most users make.

use std::sync::atomic::AtomicBool;

use ppl_core::message::Kind;
use ppl_core::{Ctx, LogDensity, ModelDensity, rng};
use ppl_infer::driver::{Ending, Observer, Outcome, sample};
use ppl_infer::map::Laplace;
use ppl_infer::mcmc::{InitialMetric, MetricAdaptation, MetricKind, NutsSettings, Samples, random_starts};
use ppl_infer::posterior::Posterior;

/// Draws that are transformed back in one evaluation.
const LANES: usize = 256;

/// Samples the posterior of a model by NUTS from random starts, with Stan's defaults.
///
/// # Errors
/// A mistake in the model or the settings; a density that is nowhere finite.
pub fn nuts<R>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    settings: &NutsSettings,
) -> ppl_infer::Result<Posterior> {
    let density = ModelDensity::new(model)?;
    let starts = random_starts(&density, settings.seed, settings.chains)?;
    let outcome = sample(&density, settings, &starts, &InitialMetric::Unit, &AtomicBool::new(false), &mut ())?;
    match outcome.ending {
        Ending::Failed(error) => Err(error),
        _ => posterior_of(&density, &outcome.samples),
    }
}

/// Samples a posterior by NUTS around its maximum: chains start at draws of the Laplace approximation, whose covariance is their
/// metric throughout; warm-up tunes the step alone, so that a few hundred transitions of it do.
///
/// # Errors
/// A mistake in the model or the settings.
pub fn nuts_from<M, R>(
    density: &ModelDensity<M>,
    around: &Laplace,
    settings: &NutsSettings,
) -> ppl_infer::Result<Posterior>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let outcome = sample_around(density, around, settings, &AtomicBool::new(false), &mut ())?;
    match outcome.ending {
        Ending::Failed(error) => Err(error),
        _ => posterior_of(density, &outcome.samples),
    }
}

/// The draws of [`nuts_from`], with a flag that stops them and an observer that watches.
pub(crate) fn sample_around(
    density: &impl LogDensity,
    around: &Laplace,
    settings: &NutsSettings,
    stop: &AtomicBool,
    observer: &mut dyn Observer,
) -> ppl_infer::Result<Outcome> {
    let (metric, metric_adaptation) = (MetricKind::Dense, MetricAdaptation::Fixed);
    let settings = NutsSettings { metric, metric_adaptation, ..settings.clone() };
    let mut starts = around.sample(&mut rng::keyed(settings.seed, "starts", 0), settings.chains);
    let (mut logp, mut grad) = (vec![0.0; settings.chains], vec![0.0; starts.len()]);
    density.logp_and_grad(&starts, &mut logp, &mut grad)?;
    // Chains may start only where the density is finite; one that does not starts at the maximum.
    let outside = starts.chunks_exact_mut(around.dim()).zip(logp).filter(|(_, logp)| !logp.is_finite());
    outside.for_each(|(start, _)| start.copy_from_slice(&around.mean));
    let metric = InitialMetric::Dense(around.covariance.clone());
    sample(density, &settings, &starts, &metric, stop, observer)
}

/// The posterior of a model from unconstrained draws: latent and deterministic sites, and the data.
///
/// # Errors
/// What the model returns.
pub fn posterior_of<M, R>(density: &ModelDensity<M>, samples: &Samples) -> ppl_infer::Result<Posterior>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut posterior = Posterior::from_stats(samples)?;
    let (dim, draws) = (samples.dim, samples.common_draws());
    let flat: Vec<f64> = samples.chains.iter().flat_map(|chain| chain.draws[..draws * dim].iter().copied()).collect();
    variables_of(density, &flat, &mut posterior)?;
    Ok(posterior)
}

/// Adds the sites at unconstrained draws `[chain, draw, dim]` to a posterior, and the data.
pub(crate) fn variables_of<M, R>(
    density: &ModelDensity<M>,
    draws: &[f64],
    posterior: &mut Posterior,
) -> ppl_infer::Result<()>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let dim = density.layout().dim();
    let mut sites: Vec<(String, Vec<usize>, Vec<f64>)> = vec![];
    for chunk in draws.chunks(LANES * dim) {
        let lanes = chunk.len() / dim;
        let trace = density.run_at(chunk)?;
        let kept = trace.iter().filter(|(_, site)| site.is_latent() || site.kind == Kind::Deterministic);
        for (i, (name, site)) in kept.enumerate() {
            if i == sites.len() {
                sites.push((name.to_string(), site.value.dims().sizes().to_vec(), vec![]));
            }
            // A value that all lanes share is repeated for each.
            (0..lanes).for_each(|lane| sites[i].2.extend_from_slice(site.value.lane(lane)));
        }
    }
    for (name, shape, values) in sites {
        posterior.push_variable(name, &shape, values)?;
    }
    for (name, value) in density.observed().iter() {
        posterior.push_observed(name, value.dims().sizes(), value.numbers().to_vec())?;
    }
    Ok(())
}
