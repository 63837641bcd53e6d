//! The posterior about a maximum: draws of NUTS from the Gaussian around it, or of that Gaussian.

use ppl_core::{Ctx, LogDensity, ModelDensity, rng};
use ppl_infer::mcmc::NutsSettings;
use ppl_infer::posterior::{Posterior, Warning};
use ppl_infer::{Executor, Target};

use super::around::Around;
use super::clock::Clock;
use super::{FitError, FitSettings, Method};

/// The posterior about a maximum by the method of the fit, and the highest point that was seen, unconstrained.
pub(super) fn posterior<M, R>(
    density: &ModelDensity<M>,
    around: &Around,
    settings: &FitSettings,
    clock: &mut Clock,
    executor: &mut Executor<'_>,
) -> Result<(Posterior, Vec<f64>), FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    match settings.method {
        Method::Map => Ok((gaussian(density, around, settings)?, around.mean())),
        Method::Nuts => {
            executor.stage("sampling");
            let drawn = draw(density, around, settings, executor)?;
            clock.lap("sampling", executor);
            Ok(drawn)
        }
    }
}

/// Whether a stop cut the draws short.
pub(super) fn stopped(posterior: &Posterior, executor: &Executor<'_>) -> bool {
    executor.stopped() || posterior.warnings().iter().any(|w| matches!(w, Warning::CutShort { .. }))
}

/// NUTS from draws of the Laplace approximation, whose covariance is its metric: the posterior, and the highest point that was
/// seen, unconstrained.
fn draw<M, R>(
    density: &ModelDensity<M>,
    around: &Around,
    settings: &FitSettings,
    executor: &mut Executor<'_>,
) -> Result<(Posterior, Vec<f64>), FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let FitSettings { warmup, draws, chains, seed, target_accept, .. } = *settings;
    let (kernel, usual) = around.trajectories();
    let target_accept = target_accept.unwrap_or(usual);
    let nuts = NutsSettings { kernel, warmup, draws, chains, seed, target_accept, ..NutsSettings::default() };
    let straight = around.straight();
    let by_straight = straight.density(density);
    let outcome = around.chains(&by_straight, &nuts, executor)?;
    let dim = by_straight.dim();
    let all = outcome.samples.chains.iter().flat_map(|c| c.stats.iter().zip(c.draws.chunks(dim)));
    let by_sites = all.map(|(stats, here)| (stats.logp - straight.slope(here), here));
    let highest = by_sites.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(logp, _)| *logp > around.logp());
    let top = highest.map_or_else(|| around.mean(), |(_, here)| straight.leave(here));
    Ok((outcome.posterior(&by_straight)?, top))
}

/// Independent draws of the Laplace approximation as a posterior.
fn gaussian<M, R>(density: &ModelDensity<M>, around: &Around, settings: &FitSettings) -> Result<Posterior, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut posterior = Posterior::new(settings.chains, settings.draws);
    let draws = around.sample(&mut rng::keyed(settings.seed, "laplace", 0), settings.chains * settings.draws);
    around.straight().density(density).describe(&draws, &mut posterior)?;
    for (site, count) in density.not_a_number() {
        posterior.warn(Warning::NotANumber { site, count });
    }
    Ok(posterior)
}
