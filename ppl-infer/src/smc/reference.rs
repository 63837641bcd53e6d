//! The reference: a density that can be drawn from, where particles begin.

use ppl_core::LogDensity;

use crate::error::Result;

/// A normalised log density that can be drawn from. It should be nowhere much narrower than the target.
pub trait Reference: LogDensity {
    /// Draws `n` positions, `[n, dim]`, row-major.
    ///
    /// # Errors
    /// What a model returns.
    fn draw(&self, seed: u64, n: usize) -> Result<Vec<f64>>;
}
