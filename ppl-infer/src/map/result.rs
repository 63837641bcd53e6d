//! What a MAP fit returns: the best lane and the end of every lane.

use serde::Serialize;

use super::optimizer::Reason;

/// The end of one lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaneEnd {
    /// Which start it came from.
    pub lane: usize,
    /// The highest point it saw, `[dim]`, unconstrained.
    pub position: Vec<f64>,
    /// Log density there; `-inf` if the start was not finite.
    pub logp: f64,
    /// Largest gradient component there, in absolute value; NaN if the start was not finite.
    pub gradient_norm: f64,
    /// Why it ended.
    pub reason: Reason,
    /// Steps it took.
    pub iterations: usize,
    /// Gradients it asked for.
    pub gradient_count: usize,
}

/// The maximum that [`maximise`](super::maximise) found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapResult {
    /// The best lane's highest point, `[dim]`, unconstrained.
    pub position: Vec<f64>,
    /// Log density there.
    pub logp: f64,
    /// Whether the best lane met a convergence rule.
    pub converged: bool,
    /// Why the best lane ended.
    pub reason: Reason,
    /// Steps of the best lane.
    pub iterations: usize,
    /// Gradients of all lanes together.
    pub gradient_count: usize,
    /// Every lane, highest first; of equals the lower lane number comes first.
    pub lanes: Vec<LaneEnd>,
}
