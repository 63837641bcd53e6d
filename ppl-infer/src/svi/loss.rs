//! Losses: estimators of the ELBO, E_q[log p(x, z) - log q(z)], as sums of terms.

use ppl_core::handler::Trace;
use serde::{Deserialize, Serialize};

use super::term::Term;
use super::{mean_field, renyi, trace_elbo};
use crate::error::{Result, require};

/// Which estimator: in JSON `"trace"`, `"mean_field"` or `{"renyi": {..}}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Log probabilities of the model at draws of the guide less those of the guide: any guide (NumPyro's `Trace_ELBO`).
    #[default]
    Trace,
    /// The same, with the Kullback-Leibler divergence in closed form where a site of the guide and that of the model are both
    /// normal, or both log-normal: less noise (NumPyro's `TraceMeanField_ELBO`). What the distributions of a site depend on must be
    /// drawn before it in the model and in the guide alike.
    MeanField,
    /// The log probabilities of `Trace`, particles weighted by their importance: a tighter bound, which covers more of the posterior;
    /// in JSON `{"renyi": {"alpha": 0.5}}`.
    Renyi {
        /// Below 1, where it would be the plain mean; 0 is that of importance-weighted autoencoders.
        alpha: f64,
    },
}

impl Loss {
    pub(super) fn check(self) -> Result<()> {
        match self {
            Loss::Renyi { alpha } => require(alpha < 1.0 && alpha.is_finite(), "loss.renyi.alpha", alpha, "below 1"),
            _ => Ok(()),
        }
    }

    /// The bound by the ELBOs of all particles, and the weight of each in the gradient; `None` where all count alike.
    pub(super) fn bound(self, elbos: &[f64]) -> (f64, Option<Vec<f64>>) {
        match self {
            Loss::Renyi { alpha } => {
                let (bound, weights) = renyi::bound(elbos, alpha);
                (bound, Some(weights))
            }
            _ => (elbos.iter().sum::<f64>() / elbos.len() as f64, None),
        }
    }

    /// The terms of the ELBO for a run of the guide and of the model at its draws.
    pub(super) fn terms(self, guide: &Trace, model: &Trace) -> ppl_core::Result<Vec<Term>> {
        match self {
            Loss::Trace | Loss::Renyi { .. } => trace_elbo::terms(guide, model),
            Loss::MeanField => mean_field::terms(guide, model),
        }
    }
}
