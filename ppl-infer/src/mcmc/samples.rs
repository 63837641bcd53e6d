//! What a run of chains leaves: draws, what each transition did, and what was tuned.

use super::metric::Metric;
use crate::{failure::ChainFailure, transition::DrawStats};
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
    /// Why the chain could not go on, if it could not.
    pub failure: Option<ChainFailure>,
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
        self.stats.iter().filter(|draw| draw.info.diverging).count()
    }
}

impl Samples {
    /// The chains that did not fail.
    pub fn sound(&self) -> impl Iterator<Item = &ChainSamples> + Clone {
        self.chains.iter().filter(|chain| chain.failure.is_none())
    }

    /// The chains that failed, with their numbers from 0.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &ChainFailure)> {
        self.chains.iter().enumerate().filter_map(|(index, chain)| Some((index, chain.failure.as_ref()?)))
    }

    /// Draws that every chain has which did not fail.
    pub fn common_draws(&self) -> usize {
        self.sound().map(ChainSamples::len).min().unwrap_or(0)
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
