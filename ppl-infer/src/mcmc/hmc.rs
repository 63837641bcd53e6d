//! Hamiltonian Monte Carlo with trajectories of fixed length in time, as a state machine.

use super::{
    integrator::{PhasePoint, Point},
    kernel::Info,
    metric::Metric,
    tree::Candidate,
};
use ppl_core::rng::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Static HMC: `time / step` leapfrogs (at least one), then accept the end with probability `min(1, exp(H0 - H))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hmc {
    time: f64,
    max_energy_error: f64,
    step: f64,
    end: PhasePoint,
    candidate: Candidate,
    start_energy: f64,
    steps: u32,
    done: u32,
}

impl Hmc {
    /// A kernel with trajectories of this length in time.
    pub fn new(dim: usize, time: f64, max_energy_error: f64) -> Self {
        let (end, candidate) = (PhasePoint::zeros(dim), Candidate::zeros(dim));
        Self { time, max_energy_error, step: 0.0, end, candidate, start_energy: 0.0, steps: 0, done: 0 }
    }

    /// Begins a transition from a point with a new momentum.
    pub fn begin(&mut self, from: &Point, metric: &Metric, step: f64, rng: &mut Rng) {
        self.end.at.copy_from(from);
        metric.sample_momentum(rng, &mut self.end.momentum);
        self.end.complete(metric);
        self.candidate.at.copy_from(from);
        (self.candidate.energy, self.start_energy) = (self.end.energy, self.end.energy);
        // A float-to-integer cast saturates, and a trajectory of 2^32 steps never ends anyway.
        (self.step, self.steps, self.done) = (step, ((self.time / step) as u32).max(1), 0);
        self.end.drift(metric, step);
    }

    /// Where the density is wanted.
    pub fn position(&self) -> &[f64] {
        &self.end.at.position
    }

    /// Takes the density at [`Hmc::position`]; `Some` when the transition is over.
    pub fn resume(&mut self, logp: f64, gradient: &[f64], metric: &Metric, rng: &mut Rng) -> Option<Info> {
        self.done += 1;
        let mut gain = f64::NEG_INFINITY;
        if logp.is_finite() {
            self.end.land(metric, self.step, logp, gradient);
            if !self.end.energy.is_nan() {
                gain = self.start_energy - self.end.energy;
            }
        }
        let diverging = -gain > self.max_energy_error;
        if self.done < self.steps && !diverging {
            self.end.drift(metric, self.step);
            return None;
        }
        let accept_stat = gain.min(0.0).exp();
        if !diverging && rng.random::<f64>() < accept_stat {
            self.candidate.at.copy_from(&self.end.at);
            self.candidate.energy = self.end.energy;
        }
        Some(Info { accept_stat, energy: self.candidate.energy, tree_depth: 0, n_leapfrog: self.done, diverging })
    }

    /// The draw, once the transition is over.
    pub fn draw(&self) -> &Candidate {
        &self.candidate
    }
}
