//! What a user may choose about sequential Monte Carlo.

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};

/// Settings of [`smc`](super::smc).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmcSettings {
    /// Runs that know nothing of each other, so that they can be compared as chains are. Default 4.
    pub runs: usize,
    /// Particles of each run. Default 1000.
    pub particles: usize,
    /// Moves of every particle at each temperature. Default 5.
    pub moves: usize,
    /// Most leapfrog steps of a move; their number is drawn from 1 to this. Default 6.
    pub leapfrogs: usize,
    /// Share of the particles that the effective ones fall to from one temperature to the next. Default 0.5 (Jasra et al. 2011).
    pub keep: f64,
    /// Coordinates along which separate modes lie, each much narrower than all of them together: the length of a step along them is drawn
    /// for each particle from a fiftieth to the whole of what all particles spread over. Default: none.
    pub wide: Vec<usize>,
    /// Fixes every random number.
    pub seed: u64,
}

impl Default for SmcSettings {
    fn default() -> Self {
        Self { runs: 4, particles: 1000, moves: 5, leapfrogs: 6, keep: 0.5, wide: vec![], seed: 0 }
    }
}

impl SmcSettings {
    /// Refuses values with which nothing can work.
    pub(super) fn check(&self, dim: usize) -> Result<()> {
        require(self.runs > 0, "smc.runs", self.runs as f64, "at least 1")?;
        require(self.particles > 1, "smc.particles", self.particles as f64, "at least 2")?;
        require(self.moves > 0, "smc.moves", self.moves as f64, "at least 1")?;
        require(self.leapfrogs > 0, "smc.leapfrogs", self.leapfrogs as f64, "at least 1")?;
        require(self.keep > 0.0 && self.keep < 1.0, "smc.keep", self.keep, "between 0 and 1")?;
        let most = self.wide.iter().copied().max().unwrap_or(0);
        require(most < dim, "smc.wide", most as f64, "a coordinate of the density")
    }
}
