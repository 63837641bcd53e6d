//! Transition: what a kernel says of one step of a chain.

use serde::{Deserialize, Serialize};

/// What one transition did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// Mean acceptance probability over the trajectory: what the step size is tuned on.
    pub accept_stat: f64,
    /// Energy of the draw.
    pub energy: f64,
    /// Doublings that were accepted (0 where the kernel does not double).
    pub tree_depth: u32,
    /// Leapfrog steps, each one gradient.
    pub n_leapfrog: u32,
    /// The energy error was greater than allowed.
    pub diverging: bool,
    /// The trajectory would have gone on but for a limit on its length.
    pub reached_max_depth: bool,
}

/// What became of one transition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct DrawStats {
    /// Log density of the draw, unconstrained.
    pub logp: f64,
    /// Step size of the trajectory.
    pub step_size: f64,
    /// What the kernel says of it.
    pub info: Info,
}
