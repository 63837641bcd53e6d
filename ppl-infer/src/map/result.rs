//! What a MAP fit returns: the best lane, the end of every lane, and why each ended.

use serde::{Deserialize, Serialize};

/// Why a lane stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Converged: the gradient is small, |g|_inf <= tol_grad max(1, |logp|).
    Gradient,
    /// Converged: the quadratic model promises less than tol_gain nats, g' H g / 2 <= tol_gain.
    Gain,
    /// Converged: logp has stopped rising, and what the model still promises lies below the noise of logp.
    Plateau,
    /// Not converged: no higher point is found although the gradient promises one (a kink, or a wrong gradient).
    Stalled,
    /// Not converged: the limit on iterations was met first.
    MaxIterations,
    /// Not converged: given up in favour of better lanes.
    Pruned,
    /// Not converged: the observer asked to stop.
    Stopped,
    /// Failed: logp or its gradient is not finite at the start.
    NonFinite,
}

impl Reason {
    /// Whether a lane that ended so is at a maximum.
    pub fn converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Gain | Self::Plateau)
    }
}

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

/// What an observer is told after each round (one gradient for every running lane).
#[derive(Debug, Clone, PartialEq)]
pub struct MapProgress {
    /// Rounds done, which is also the number of gradients of any lane still running.
    pub round: usize,
    /// Lanes still running.
    pub running: usize,
    /// Gradients of all lanes together.
    pub gradient_count: usize,
    /// The highest log density of any lane so far.
    pub logp: f64,
}

/// The highest point of a climb and the gradient there.
#[derive(Debug, Clone)]
pub(super) struct Summit {
    pub position: Vec<f64>,
    pub logp: f64,
    pub gradient_norm: f64,
}

impl Summit {
    pub fn new(start: &[f64]) -> Self {
        Self { position: start.to_vec(), logp: f64::NEG_INFINITY, gradient_norm: f64::NAN }
    }

    /// Moves to a point that is higher by more than `noise`, or as high within `noise` and flatter: among values that
    /// differ by rounding alone, the gradient knows better which is nearer the top.
    pub fn offer(&mut self, position: &[f64], logp: f64, grad: &[f64], noise: f64) {
        let norm = max_norm(grad);
        if logp > self.logp + noise || (logp >= self.logp - noise && norm < self.gradient_norm) {
            self.position.copy_from_slice(position);
            self.logp = logp;
            self.gradient_norm = norm;
        }
    }
}

/// The largest component in absolute value.
pub(super) fn max_norm(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |norm: f64, x| norm.max(x.abs()))
}

/// Whether an answer can be used at all.
pub(super) fn is_finite(logp: f64, grad: &[f64]) -> bool {
    logp.is_finite() && grad.iter().all(|g| g.is_finite())
}
