//! The kernel of a chain: NUTS or static HMC, behind the same three calls.

use super::{hmc::Hmc, integrator::Point, metric::Metric, nuts::Nuts, settings::NutsSettings, tree::Candidate};
use ppl_core::rng::Rng;
use serde::{Deserialize, Serialize};

/// What one transition did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Info {
    /// Mean acceptance probability over the trajectory: what the step size is tuned on.
    pub accept_stat: f64,
    /// Energy of the draw.
    pub energy: f64,
    /// Doublings that were accepted (0 for HMC).
    pub tree_depth: u32,
    /// Leapfrog steps, each one gradient.
    pub n_leapfrog: u32,
    /// The energy error was greater than allowed.
    pub diverging: bool,
}

/// A transition kernel: `begin`, then `resume` with the density at `position` until it returns `Some`, then `draw`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Kernel {
    /// The no-U-turn sampler.
    Nuts(Box<Nuts>),
    /// Trajectories of fixed length.
    Hmc(Box<Hmc>),
}

macro_rules! each {
    ($kernel:expr, $k:ident => $call:expr) => {
        match $kernel {
            Kernel::Nuts($k) => $call,
            Kernel::Hmc($k) => $call,
        }
    };
}

impl Kernel {
    /// The kernel that these settings ask for.
    pub fn new(dim: usize, settings: &NutsSettings) -> Self {
        match settings.static_time {
            None => Self::Nuts(Box::new(Nuts::new(dim, settings.max_depth, settings.max_energy_error))),
            Some(time) => Self::Hmc(Box::new(Hmc::new(dim, time, settings.max_energy_error))),
        }
    }

    /// Begins a transition from a point with a new momentum.
    pub fn begin(&mut self, from: &Point, metric: &Metric, step: f64, rng: &mut Rng) {
        each!(self, k => k.begin(from, metric, step, rng));
    }

    /// Where the density is wanted.
    pub fn position(&self) -> &[f64] {
        each!(self, k => k.position())
    }

    /// Takes the density at [`Kernel::position`]; `Some` when the transition is over.
    pub fn resume(&mut self, logp: f64, gradient: &[f64], metric: &Metric, rng: &mut Rng) -> Option<Info> {
        each!(self, k => k.resume(logp, gradient, metric, rng))
    }

    /// The draw, once the transition is over.
    pub fn draw(&self) -> &Candidate {
        each!(self, k => k.draw())
    }
}
