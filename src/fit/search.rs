//! The search: maxima from many starts, each stage with random numbers of its own.

use ppl_core::{Ctx, LogDensity, ModelDensity, Processor};
use ppl_infer::Executor;
use ppl_infer::map::{MapResult, MapSettings, maximise_with};

use super::FitError;

/// What the stages before sampling share.
pub(super) struct Search<'s, 'e> {
    seed: u64,
    uses: u64,
    pub executor: &'s mut Executor<'e>,
    processor: Processor,
}

impl<'s, 'e> Search<'s, 'e> {
    pub(super) fn new(seed: u64, executor: &'s mut Executor<'e>, processor: Processor) -> Self {
        Search { seed, uses: 0, executor, processor }
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

    /// Maximises from all starts as lanes.
    pub(super) fn maximise(
        &mut self,
        density: &impl LogDensity,
        starts: &[f64],
        settings: &MapSettings,
    ) -> Result<MapResult, FitError> {
        Ok(maximise_with(density, starts, settings, self.executor)?)
    }
}
