//! Adam (Kingma & Ba 2015, arXiv:1412.6980).

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};
use crate::map::Moments;

/// Settings of Adam; its learning rate is the schedule's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Memory of the mean gradient. Default 0.9 (section 2).
    pub beta1: f64,
    /// Memory of the mean square gradient. Default 0.999 (section 2).
    pub beta2: f64,
    /// Added to the root mean square. Default 1e-8 (section 2).
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Adam {
    pub(super) fn check(&self) -> Result<()> {
        let fraction = |x: f64| (0.0..1.0).contains(&x);
        require(fraction(self.beta1), "optimizer.beta1", self.beta1, "in [0, 1)")?;
        require(fraction(self.beta2), "optimizer.beta2", self.beta2, "in [0, 1)")?;
        require(self.epsilon > 0.0, "optimizer.epsilon", self.epsilon, "positive")
    }

    pub(super) fn moments(&self) -> Moments {
        Moments { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon }
    }
}
