//! The search: climbs that count their gradients and tell a watcher how they go.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use ppl_core::LogDensity;
use ppl_infer::map::{MapResult, MapSettings, maximise};

use super::{FitError, Watch};

/// What the stages before sampling share.
pub(super) struct Search<'a> {
    seed: u64,
    climbs: u64,
    pub gradients: u64,
    stop: &'a AtomicBool,
    pub watch: &'a mut dyn Watch,
}

impl<'a> Search<'a> {
    pub(super) fn new(seed: u64, stop: &'a AtomicBool, watch: &'a mut dyn Watch) -> Self {
        Search { seed, climbs: 0, gradients: 0, stop, watch }
    }

    /// A seed of its own for each use.
    pub(super) fn seed(&mut self) -> u64 {
        self.climbs += 1;
        self.seed.wrapping_mul(1_000_003).wrapping_add(self.climbs)
    }

    /// Climbs from all starts as lanes.
    pub(super) fn climb(
        &mut self,
        density: &impl LogDensity,
        starts: &[f64],
        settings: &MapSettings,
    ) -> Result<MapResult, FitError> {
        let before = self.gradients;
        let (stop, watch) = (self.stop, &mut *self.watch);
        let mut observe = |progress: &ppl_infer::map::MapProgress| {
            watch.climb(before + progress.gradient_count as u64, progress.logp);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let result = maximise(density, starts, settings, &mut observe)?;
        self.gradients += result.gradient_count as u64;
        Ok(result)
    }
}
