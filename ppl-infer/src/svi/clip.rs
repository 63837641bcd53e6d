//! Gradient clipping: an upper bound on what one step sees.

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};

/// How gradients are clipped: in JSON `{"norm": 10}` or `{"value": 1}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    /// g min(1, most / |g|), with the Euclidean norm over all params together (Pascanu et al. 2013, arXiv:1211.5063).
    Norm(f64),
    /// Each component between -most and most.
    Value(f64),
}

impl Clip {
    pub(super) fn check(self) -> Result<()> {
        let (Clip::Norm(most) | Clip::Value(most)) = self;
        require(most > 0.0, "clip", most, "positive")
    }

    /// What gradients of this norm are multiplied with.
    pub(super) fn factor(self, norm: f64) -> f64 {
        match self {
            Clip::Norm(most) if norm > most => most / norm,
            _ => 1.0,
        }
    }

    /// The bound on each component.
    pub(super) fn bound(self) -> f64 {
        match self {
            Clip::Norm(_) => f64::INFINITY,
            Clip::Value(most) => most,
        }
    }
}
