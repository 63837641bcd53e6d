//! Observers: they watch a run of any engine, for a progress bar, a trace or a log.

use crate::transition::DrawStats;

/// Watches a run. Every method does nothing unless it is written.
pub trait Observer {
    /// A stage of a run of several begins.
    fn on_stage(&mut self, name: &'static str) {
        let _ = name;
    }

    /// A round is over: the density was evaluated once, for all lanes that wanted it.
    fn on_round(&mut self, round: &Round) {
        let _ = round;
    }

    /// A transition of a chain is over, of warm-up too.
    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        let _ = event;
    }
}

/// Sees nothing.
impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn on_stage(&mut self, name: &'static str) {
        (**self).on_stage(name);
    }

    fn on_round(&mut self, round: &Round) {
        (**self).on_round(round);
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        (**self).on_draw(event);
    }
}

/// One round of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// The engine.
    pub solver: &'static str,
    /// Lanes that were evaluated together.
    pub lanes: usize,
    /// Gradients of all lanes since the executor was made, over all stages.
    pub gradients: u64,
    /// What the engine says of its progress: the highest log density so far, say.
    pub objective: f64,
}

/// Warm-up or sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Draws are thrown away.
    Warmup,
    /// Draws are kept.
    Sampling,
}

/// One finished transition of one chain.
#[derive(Debug, Clone, Copy)]
pub struct DrawEvent<'a> {
    /// Which chain.
    pub chain: usize,
    /// Whether the draw is kept.
    pub phase: Phase,
    /// Number of this transition within its phase, from 0.
    pub iteration: usize,
    /// Unconstrained draw, `[dim]`.
    pub position: &'a [f64],
    /// What the transition did.
    pub stats: &'a DrawStats,
    /// Divergences of this chain since the phase began.
    pub divergences: u64,
}
