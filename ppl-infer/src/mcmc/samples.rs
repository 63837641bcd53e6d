//! What a run of chains leaves: draws, what each transition did, and what was tuned.

use super::metric::Metric;
use serde::{Deserialize, Serialize};

/// The draws of all chains. Chains differ in length only where a run was stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Length of one draw.
    pub dim: usize,
    /// One a chain.
    pub chains: Vec<ChainSamples>,
}

/// The draws of one chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainSamples {
    /// Unconstrained draws, `[draw, dim]`, row-major, warm-up not among them.
    pub draws: Vec<f64>,
    /// What each transition did, `[draw]`.
    pub stats: Vec<DrawStats>,
    /// Gradients spent on warm-up, the step-size searches included.
    pub warmup_gradients: u64,
    /// Gradients spent on the draws.
    pub sampling_gradients: u64,
    /// The step size of sampling (the present one, while warm-up lasts).
    pub step_size: f64,
    /// The metric of sampling (the present one, while warm-up lasts).
    pub metric: Metric,
}

/// What one transition did; the names are those of ArviZ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct DrawStats {
    /// Log density of the draw, unconstrained.
    pub logp: f64,
    /// Energy (potential and kinetic) of the draw.
    pub energy: f64,
    /// Mean acceptance probability over the trajectory.
    pub accept_stat: f64,
    /// Step size of the trajectory.
    pub step_size: f64,
    /// Doublings of the trajectory.
    pub tree_depth: u32,
    /// Leapfrog steps of the trajectory, each one gradient.
    pub n_leapfrog: u32,
    /// The energy error was greater than allowed.
    pub diverging: bool,
}

impl ChainSamples {
    /// Number of draws.
    pub fn len(&self) -> usize {
        self.stats.len()
    }

    /// Whether there is no draw.
    pub fn is_empty(&self) -> bool {
        self.stats.is_empty()
    }

    /// Draws whose trajectory diverged.
    pub fn divergences(&self) -> usize {
        self.stats.iter().filter(|draw| draw.diverging).count()
    }
}

impl Samples {
    /// Draws that every chain has.
    pub fn common_draws(&self) -> usize {
        self.chains.iter().map(ChainSamples::len).min().unwrap_or(0)
    }

    /// One parameter, chain by chain: `[chain][draw]`.
    pub fn parameter(&self, index: usize) -> Vec<Vec<f64>> {
        let column = |chain: &ChainSamples| chain.draws.chunks_exact(self.dim).map(|draw| draw[index]).collect();
        self.chains.iter().map(column).collect()
    }

    /// Gradients spent by all chains: (warm-up, sampling).
    pub fn gradients(&self) -> (u64, u64) {
        self.chains.iter().fold((0, 0), |(w, s), chain| (w + chain.warmup_gradients, s + chain.sampling_gradients))
    }

    /// Draws of all chains whose trajectory diverged.
    pub fn divergences(&self) -> usize {
        self.chains.iter().map(ChainSamples::divergences).sum()
    }
}
