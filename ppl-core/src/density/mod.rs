//! A log density over flat unconstrained vectors, many lanes at once: all that an engine ever sees.

mod explanation;
mod layout;
mod model;
#[cfg(feature = "cuda")]
mod on_gpu;
mod place;
mod placement;
mod replay;
mod worker;

use crate::error::Result;

pub use explanation::Explanation;
pub use layout::{Entry, Layout};
pub use model::ModelDensity;
pub use replay::Replayed;

/// log p(q) up to a constant, and its gradient, at many positions in one call.
pub trait LogDensity {
    /// Length of one position.
    fn dim(&self) -> usize;

    /// Evaluates `logp.len()` lanes: `positions` and `grad` are `[lanes, dim]`, row-major; `logp` is `[lanes]`.
    ///
    /// A position outside the support gives `-inf` in its own lane and leaves the others alone.
    /// What one lane gets never depends on the lanes beside it. `Err` is fatal: nothing could be computed.
    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()>;
}

impl<D: LogDensity + ?Sized> LogDensity for &D {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        (**self).logp_and_grad(positions, logp, grad)
    }
}

#[cfg(test)]
mod tests;
