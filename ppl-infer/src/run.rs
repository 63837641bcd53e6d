//! From a model or a log density to its posterior: the one call that most users make, and its parts.

use std::collections::BTreeMap;

use ppl_core::rng::keyed;
use ppl_core::{Ctx, ModelDensity};

use crate::counted::Counted;
use crate::error::{Error, Result};
use crate::executor::{Ending, Executor};
use crate::interrupt;
use crate::map::{Curvature, Laplace, LaplaceSettings, MapSettings, laplace, maximise_with};
use crate::mcmc::{
    HmcSettings, InitialMetric, Kernel, MetricAdaptation, MetricKind, NutsSettings, Sampler, SamplerSettings, Samples,
    Start, Starts,
};
use crate::posterior::{Posterior, Warning};
use crate::progress::ProgressBars;
use crate::target::Target;

/// Starts of the search for a maximum, for each chain that is to start there.
const STARTS_PER_CHAIN: usize = 4;

/// Samples the posterior of a model by NUTS, with Stan's defaults.
///
/// A terminal sees its progress; Ctrl-C ends it, and what was found so far is kept. Warnings go to stderr, and stand in the
/// posterior: [`Posterior::warnings`].
///
/// ```
/// use ppl_core::{Ctx, Result, distributions::{HalfNormal, Normal}};
/// use ppl_infer::{NutsSettings, nuts};
///
/// fn model(ctx: &mut Ctx) -> Result<()> {
///     let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
///     let sigma = ctx.sample("sigma", HalfNormal::new(2.0))?;
///     ctx.observe("y", Normal::new(mu, sigma), [1.2, 0.7, 1.9, 1.1])
/// }
///
/// let posterior = nuts(model, &NutsSettings { seed: 1, ..Default::default() })?;
/// assert!((posterior.summary().get("mu").unwrap().mean - 1.2).abs() < 0.2);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
///
/// # Errors
/// A mistake in the model or the settings; no chain with a good start.
pub fn nuts<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R>, settings: &NutsSettings) -> Result<Posterior> {
    sample(&ModelDensity::new(model)?, settings)
}

/// Samples the posterior of a model by HMC with trajectories of fixed length; otherwise as [`nuts`].
///
/// # Errors
/// As [`nuts`].
pub fn hmc<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R>, settings: &HmcSettings) -> Result<Posterior> {
    sample(&ModelDensity::new(model)?, settings)
}

/// Samples a log density by the kernel of the settings; otherwise as [`nuts`]. A plain function becomes a density by
/// [`FnDensity`](crate::target::FnDensity), a type of your own by `impl Target for MyDensity {}`.
///
/// # Errors
/// A mistake in the settings; no chain with a good start; a density that fails before there is a draw.
pub fn sample<K: Kernel>(target: &impl Target, settings: &SamplerSettings<K>) -> Result<Posterior> {
    on_terminal(target, settings, |executor| sample_with(target, settings, executor))
}

/// Samples a posterior by NUTS around its maximum: chains start at draws of the Laplace approximation, whose covariance is their
/// first metric, and improve it [together](MetricAdaptation::Pooled), so that one or two hundred transitions of warm-up do. Otherwise
/// as [`nuts`].
///
/// # Errors
/// As [`sample`].
pub fn nuts_from(target: &impl Target, around: &Laplace, settings: &NutsSettings) -> Result<Posterior> {
    on_terminal(target, settings, |executor| sample_around(target, around, settings, executor))
}

/// Runs with progress and Ctrl-C, and says the warnings.
fn on_terminal<K: Kernel>(
    target: &impl Target,
    settings: &SamplerSettings<K>,
    run: impl FnOnce(&mut Executor<'_>) -> Result<Outcome>,
) -> Result<Posterior> {
    let listener = interrupt::listen();
    let mut executor = Executor::new().observe(ProgressBars::new(settings)).stop(listener.flag());
    let outcome = run(&mut executor);
    // The last line of progress comes before any warning.
    drop(executor);
    let posterior = outcome?.posterior(target)?;
    for warning in posterior.warnings() {
        eprintln!("warning: {warning}");
    }
    Ok(posterior)
}

/// Runs the chains of these settings under an executor.
///
/// # Errors
/// A mistake in the settings. What goes wrong later stands in the outcome, beside the draws made before it.
pub fn sample_with<K: Kernel>(
    target: &impl Target,
    settings: &SamplerSettings<K>,
    executor: &mut Executor<'_>,
) -> Result<Outcome> {
    settings.check()?;
    let starts = match &settings.start {
        Start::Uniform { radius } => Starts::Uniform { radius: *radius },
        Start::Prior => Starts::Prior,
        Start::Given(positions) => Starts::Given(positions.clone()),
        Start::Laplace => Starts::Around(Box::new(around_maximum(target, settings, executor)?)),
    };
    executor.stage("sampling");
    Outcome::of(target, settings, starts, &InitialMetric::Unit, executor)
}

/// Runs chains around a maximum under an executor; see [`nuts_from`].
///
/// # Errors
/// As [`sample_with`].
pub fn sample_around<K: Kernel>(
    target: &impl Target,
    around: &Laplace,
    settings: &SamplerSettings<K>,
    executor: &mut Executor<'_>,
) -> Result<Outcome> {
    let (metric, metric_adaptation) = (MetricKind::Dense, MetricAdaptation::Pooled);
    let settings = SamplerSettings { metric, metric_adaptation, ..settings.clone() };
    let covariance = InitialMetric::Dense(around.covariance.clone());
    Outcome::of(target, &settings, Starts::Around(Box::new(around.clone())), &covariance, executor)
}

/// Runs chains around a point of many dimensions under an executor: they start at draws of the Gaussian of its curvature, whose covariance
/// is their metric throughout.
///
/// # Errors
/// As [`sample_with`].
pub fn sample_curved<K: Kernel>(
    target: &impl Target,
    around: &Curvature,
    settings: &SamplerSettings<K>,
    executor: &mut Executor<'_>,
) -> Result<Outcome> {
    let settings = SamplerSettings { metric: MetricKind::LowRank, ..settings.clone() };
    let starts = around.sample(&mut keyed(settings.seed, "starts", 0), settings.chains);
    Outcome::of(target, &settings, Starts::Given(starts), &InitialMetric::LowRank(around.covariance.clone()), executor)
}

/// The Laplace approximation at the best maximum from uniform starts.
fn around_maximum<K: Kernel>(
    target: &impl Target,
    settings: &SamplerSettings<K>,
    executor: &mut Executor<'_>,
) -> Result<Laplace> {
    let uniform = Starts::Uniform { radius: 2.0 };
    let mut from = Vec::new();
    for lane in 0..STARTS_PER_CHAIN * settings.chains {
        from.extend(uniform.draw(target, settings.seed, lane, 0)?);
    }
    executor.stage("maximum");
    let best = maximise_with(target, &from, &MapSettings::default(), executor)?;
    executor.stage("curvature");
    let around = laplace(target, &best.position, &LaplaceSettings::default())?;
    executor.spend(around.gradient_count as u64);
    Ok(around)
}

/// The draws of a run, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// All draws, of a run that failed or was stopped too.
    pub samples: Samples,
    /// How the run ended.
    pub ending: Ending,
    /// Draws of each chain that were asked for.
    asked: usize,
    kernel: &'static str,
    seed: u64,
    /// NaNs of each site during the run.
    not_a_number: BTreeMap<String, u64>,
}

impl Outcome {
    fn of<K: Kernel>(
        target: &impl Target,
        settings: &SamplerSettings<K>,
        starts: Starts,
        initial: &InitialMetric,
        executor: &mut Executor<'_>,
    ) -> Result<Self> {
        let mut counted = Counted::new(Sampler::new(target, settings, starts, initial)?, target);
        let ending = executor.run(target, &mut counted);
        let (asked, kernel, seed) = (settings.draws, K::NAME, settings.seed);
        let Counted { sampler, not_a_number, .. } = counted;
        Ok(Self { samples: sampler.into_samples(), ending, asked, kernel, seed, not_a_number })
    }

    /// Why a run has no draws.
    #[must_use]
    pub fn without_draws(self) -> Error {
        let lost = self.samples.failures().next();
        match (self.ending, lost) {
            (Ending::Failed(error), _) => error,
            (Ending::Finished, Some((chain, failure))) => Error::Chain { chain, source: failure.clone() },
            _ => Error::StoppedEarly,
        }
    }

    /// The posterior of the target that was sampled, with its warnings.
    ///
    /// # Errors
    /// Where there is no draw; what the target returns.
    pub fn posterior(self, target: &impl Target) -> Result<Posterior> {
        let draws = self.samples.common_draws();
        if draws == 0 {
            return Err(self.without_draws());
        }
        let mut posterior = posterior_of(target, &self.samples)?;
        posterior.set_attribute("sampler", self.kernel).set_attribute("seed", self.seed);
        let error = match self.ending {
            Ending::Failed(error) => Some(error.to_string()),
            _ => None,
        };
        if draws < self.asked {
            posterior.warn(Warning::CutShort { draws, asked: self.asked, error });
        }
        for (chain, failure) in self.samples.failures() {
            posterior.warn(Warning::LostChain { chain, failure: failure.clone() });
        }
        for (site, count) in self.not_a_number {
            posterior.warn(Warning::NotANumber { site, count });
        }
        posterior.diagnose();
        Ok(posterior)
    }
}

/// The posterior of unconstrained draws, without warnings.
///
/// # Errors
/// What the target returns.
pub fn posterior_of(target: &impl Target, samples: &Samples) -> Result<Posterior> {
    let mut posterior = Posterior::from_stats(samples)?;
    let kept = samples.common_draws() * samples.dim;
    let flat: Vec<f64> = samples.sound().flat_map(|chain| chain.draws[..kept].iter().copied()).collect();
    target.describe(&flat, &mut posterior)?;
    Ok(posterior)
}
