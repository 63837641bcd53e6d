//! What an optimizer is: an object that asks for the gradient at one point and is resumed with the answer.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One lane of an optimizer.
pub trait Optimizer: Serialize + DeserializeOwned {
    /// Its settings.
    type Settings;
    /// Its name, as progress and checkpoints show it.
    const NAME: &'static str;

    /// An optimizer at its start, `[dim]`.
    fn new(start: &[f64], settings: &Self::Settings) -> Self;

    /// The point at which the log density is wanted next.
    fn ask(&self) -> &[f64];

    /// Takes log density and gradient at the point asked for; says why the lane ended, if it did.
    fn answer(&mut self, logp: f64, grad: &[f64]) -> Option<Reason>;

    /// The highest point so far.
    fn best(&self) -> &Best;

    /// Steps taken so far (a line search is one step, whatever it cost in gradients).
    fn iterations(&self) -> usize;
}

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

/// The highest point that an optimizer has seen, and the gradient there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Where, `[dim]`.
    pub position: Vec<f64>,
    /// Log density there; `-inf` before the first finite answer.
    pub logp: f64,
    /// Largest gradient component there, in absolute value.
    pub gradient_norm: f64,
}

impl Best {
    /// Nothing seen yet.
    pub fn new(start: &[f64]) -> Self {
        Self { position: start.to_vec(), logp: f64::NEG_INFINITY, gradient_norm: f64::NAN }
    }

    /// Moves to a point that is higher by more than `noise`, or as high within `noise` and flatter: among values that
    /// differ by rounding alone, the gradient knows better which is nearer the maximum.
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
