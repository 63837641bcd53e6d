//! Why a chain cannot go on; the others do.

use serde::{Deserialize, Serialize};

/// What ends one chain and no other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ChainFailure {
    /// The density is not finite where the chain starts.
    #[error("the log density at its start is {logp}, or the gradient there is not finite; start it elsewhere")]
    NotFinite { logp: f64 },

    /// No step is short enough where the chain stands.
    #[error(
        "no leapfrog step down to {step:e} keeps the energy where the log density is {logp:.3e}: the chain is far out, or the density is not continuous there or its gradient wrong; start it elsewhere or check the gradient"
    )]
    StepTooShort { step: f64, logp: f64 },

    /// No step is too long.
    #[error(
        "leapfrog steps up to {step:e} are all accepted: the density is flat (improper); give every site a proper prior"
    )]
    StepTooLong { step: f64 },

    /// No start was good.
    #[error("none of {tries} starts was good{}; of the last: {last}", .site.as_ref().map(|s| format!(" (the log probability of `{s}` is not finite)")).unwrap_or_default())]
    NoStart { tries: usize, site: Option<String>, last: Box<ChainFailure> },
}

impl ChainFailure {
    /// Whether another start may do better.
    pub fn is_of_start(&self) -> bool {
        matches!(self, Self::NotFinite { .. } | Self::StepTooShort { .. })
    }
}
