//! Patience: a run ends when its loss on held-out data has stopped falling.

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};

/// When the held-out loss is taken, and how long it may go without a new minimum. The params of the minimum are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// Steps from one held-out loss to the next. 100.
    pub every: u64,
    /// Held-out losses without a new minimum after which the run ends. 10.
    pub times: u64,
    /// By how much a loss must fall below the minimum to count as a new one. 0.
    pub min_delta: f64,
    /// Draws of the guide for a held-out loss, always with the same random numbers. 10.
    pub particles: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self { every: 100, times: 10, min_delta: 0.0, particles: 10 }
    }
}

impl Patience {
    pub(super) fn check(&self) -> Result<()> {
        require(self.every > 0, "patience.every", self.every as f64, "at least 1")?;
        require(self.times > 0, "patience.times", self.times as f64, "at least 1")?;
        require(self.min_delta >= 0.0, "patience.min_delta", self.min_delta, "zero or positive")?;
        require(self.particles > 0, "patience.particles", self.particles as f64, "at least 1")
    }
}

/// One loss on held-out data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Steps taken before it.
    pub step: u64,
    /// The negative ELBO.
    pub loss: f64,
}
