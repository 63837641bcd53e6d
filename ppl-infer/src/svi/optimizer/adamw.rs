//! AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101).

use serde::{Deserialize, Serialize};

use super::adam::Adam;
use crate::error::{Result, require};

/// Settings of AdamW: beside the step of Adam, every unconstrained number is multiplied by 1 - rate * `weight_decay`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// As in [`Adam`].
    pub beta1: f64,
    /// As in [`Adam`].
    pub beta2: f64,
    /// As in [`Adam`].
    pub epsilon: f64,
    /// Default 0.01 (PyTorch).
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { beta1, beta2, epsilon } = Adam::default();
        Self { beta1, beta2, epsilon, weight_decay: 0.01 }
    }
}

impl AdamW {
    pub(super) fn check(&self) -> Result<()> {
        let decay = self.weight_decay;
        require(decay >= 0.0 && decay.is_finite(), "optimizer.weight_decay", decay, "zero or positive, and finite")?;
        self.adam().check()
    }

    pub(super) fn adam(&self) -> Adam {
        Adam { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon }
    }
}
