//! Losses: estimators of the ELBO, E_q[log p(x, z) - log q(z)], as sums of terms.

use ppl_core::handler::Trace;
use serde::{Deserialize, Serialize};

use super::term::Term;
use super::{mean_field, trace_elbo};

/// Which estimator: in JSON `"trace"` or `"mean_field"`. Each is a mean over particles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Log probabilities of the model at draws of the guide less those of the guide: any guide (NumPyro's `Trace_ELBO`).
    #[default]
    Trace,
    /// The same, with the Kullback-Leibler divergence in closed form where a site of the guide and that of the model are both
    /// normal: less noise (NumPyro's `TraceMeanField_ELBO`). For guides whose sites do not depend on each other's draws in a way
    /// that the divergence would miss.
    MeanField,
}

impl Loss {
    /// The terms of the ELBO for a run of the guide and of the model at its draws.
    pub(super) fn terms(self, guide: &Trace, model: &Trace) -> ppl_core::Result<Vec<Term>> {
        match self {
            Loss::Trace => trace_elbo::terms(guide, model),
            Loss::MeanField => mean_field::terms(guide, model),
        }
    }
}
