//! The search: maxima from many starts, each stage with random numbers of its own.

use lens_models::system::{BandsModel, Scene, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Processor, handler};
use ppl_infer::map::{MapResult, MapSettings, maximise_with};
use ppl_infer::{Error as EngineError, Executor};

use super::{FitError, support};

/// What the stages before sampling share.
pub(super) struct Search<'s, 'e> {
    seed: u64,
    uses: u64,
    pub executor: &'s mut Executor<'e>,
    processor: Processor,
    system: &'s System,
}

impl<'s, 'e> Search<'s, 'e> {
    pub(super) fn new(system: &'s System, seed: u64, executor: &'s mut Executor<'e>, processor: Processor) -> Self {
        Search { seed, uses: 0, executor, processor, system }
    }

    /// A seed of its own for each use.
    pub(super) fn seed(&mut self) -> u64 {
        self.uses += 1;
        self.seed.wrapping_mul(1_000_003).wrapping_add(self.uses)
    }

    /// The density of a model on the processor of the fit.
    pub(super) fn density<M, R>(&self, model: M) -> Result<ModelDensity<M>, FitError>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        Ok(ModelDensity::new(model)?.on(&self.processor)?)
    }

    /// Maximises from all starts as lanes. A stop ends the search: what follows from half of it would be another fit.
    pub(super) fn maximise<M, R>(
        &mut self,
        density: &ModelDensity<M>,
        starts: &[f64],
        settings: &MapSettings,
    ) -> Result<MapResult, FitError>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        // Many starts on a large image would fill the memory before there is a plan.
        density.settle(starts.get(..density.dim()).unwrap_or_default())?;
        self.maximise_any(density, starts, settings).map_err(|error| match error {
            FitError::Engine(EngineError::NoFiniteStart { lanes }) => {
                let first = &starts[..density.layout().dim().min(starts.len())];
                FitError::Nowhere { site: support::unfit(self.system, density, first), starts: lanes }
            }
            error => error,
        })
    }

    /// The same of a density that is no model.
    pub(super) fn maximise_any(
        &mut self,
        density: &impl LogDensity,
        starts: &[f64],
        settings: &MapSettings,
    ) -> Result<MapResult, FitError> {
        let found = maximise_with(density, starts, settings, self.executor);
        if self.executor.stopped() {
            return Err(EngineError::StoppedEarly.into());
        }
        Ok(found?)
    }
}

/// The model under the priors of its system.
pub(super) fn with_priors(
    model: &BandsModel,
    system: &System,
) -> impl Fn(&mut Ctx) -> ppl_core::Result<Vec<Scene>> + use<> {
    let model = model.clone();
    handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors())
}
