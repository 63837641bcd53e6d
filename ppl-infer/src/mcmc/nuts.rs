//! The no-U-turn sampler: one transition as a state machine that asks for one gradient at a time.

use super::{
    integrator::{PhasePoint, Point},
    kernel::Info,
    metric::Metric,
    termination::Span,
    tree::{Builder, Candidate, Growth, weight},
};
use ppl_core::rng::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Multinomial NUTS (Betancourt, arXiv:1701.02434, appendix A) with the termination criterion of Stan >= 2.21:
/// the trajectory doubles in a random direction until it turns; within a new half the candidate is drawn by weight, and
/// between halves with probability `min(1, new / old)`, which favours the new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nuts {
    max_depth: u32,
    max_energy_error: f64,
    /// Signed: negative while the trajectory grows backward in time.
    step: f64,
    /// The backward and the forward end; the growing one is moved in place.
    ends: [PhasePoint; 2],
    /// The finished trajectory; its last end is at the growing side.
    span: Span,
    builder: Builder,
    candidate: Candidate,
    weight: f64,
    start_energy: f64,
    depth: u32,
    leapfrogs: u32,
    accept_sum: f64,
}

impl Nuts {
    /// A kernel whose trajectories have at most `2^max_depth` points and end where the energy error is greater than
    /// `max_energy_error`.
    pub fn new(dim: usize, max_depth: u32, max_energy_error: f64) -> Self {
        Self {
            max_depth,
            max_energy_error,
            step: 0.0,
            ends: [PhasePoint::zeros(dim), PhasePoint::zeros(dim)],
            span: Span::zeros(dim),
            builder: Builder::new(dim),
            candidate: Candidate::zeros(dim),
            weight: 0.0,
            start_energy: 0.0,
            depth: 0,
            leapfrogs: 0,
            accept_sum: 0.0,
        }
    }

    /// Begins a transition from a point with a new momentum; a gradient is then wanted at [`Nuts::position`].
    pub fn begin(&mut self, from: &Point, metric: &Metric, step: f64, rng: &mut Rng) {
        let [back, front] = &mut self.ends;
        front.at.copy_from(from);
        metric.sample_momentum(rng, &mut front.momentum);
        front.complete(metric);
        back.copy_from(front);
        self.span.set_point(&front.momentum, &front.velocity);
        self.candidate.at.copy_from(from);
        (self.candidate.energy, self.start_energy) = (front.energy, front.energy);
        (self.weight, self.accept_sum, self.depth, self.leapfrogs) = (1.0, 0.0, 0, 0);
        self.step = step;
        self.double(metric, rng);
    }

    /// Where the density is wanted.
    pub fn position(&self) -> &[f64] {
        &self.ends[self.growing()].at.position
    }

    /// Takes the density at [`Nuts::position`]; `Some` when the transition is over.
    pub fn resume(&mut self, logp: f64, gradient: &[f64], metric: &Metric, rng: &mut Rng) -> Option<Info> {
        let growing = self.growing();
        let leaf = &mut self.ends[growing];
        self.leapfrogs += 1;
        // A density of NaN or +inf, like -inf, is a point that must not be visited.
        let mut gain = f64::NEG_INFINITY;
        if logp.is_finite() {
            leaf.land(metric, self.step, logp, gradient);
            if !leaf.energy.is_nan() {
                gain = self.start_energy - leaf.energy;
            }
        }
        let weight = weight(gain);
        self.accept_sum += weight.min(1.0);
        if -gain > self.max_energy_error {
            return Some(self.info(true));
        }
        match self.builder.add(leaf, weight, rng) {
            Growth::Unfinished => {
                leaf.drift(metric, self.step);
                None
            }
            Growth::Turned => Some(self.info(false)),
            Growth::Complete => {
                let persists = self.accept(rng);
                if !persists || self.depth == self.max_depth {
                    return Some(self.info(false));
                }
                self.double(metric, rng);
                None
            }
        }
    }

    /// The draw, once the transition is over.
    pub fn draw(&self) -> &Candidate {
        &self.candidate
    }

    /// Joins the complete subtree to the trajectory; false if the whole has turned.
    fn accept(&mut self, rng: &mut Rng) -> bool {
        self.depth += 1;
        let new = self.builder.complete();
        if new.weight > self.weight || rng.random::<f64>() < new.weight / self.weight {
            std::mem::swap(&mut self.candidate, &mut new.candidate);
        }
        self.weight += new.weight;
        self.span.append(&mut new.span)
    }

    /// Picks a direction, and takes the first half step of a subtree as large as the trajectory.
    fn double(&mut self, metric: &Metric, rng: &mut Rng) {
        let forward = rng.random::<f64>() > 0.5;
        if forward != (self.step > 0.0) {
            self.step = -self.step;
            self.span.flip();
        }
        self.builder.begin(self.depth);
        let growing = self.growing();
        self.ends[growing].drift(metric, self.step);
    }

    /// Which end of the trajectory is being moved.
    fn growing(&self) -> usize {
        usize::from(self.step > 0.0)
    }

    fn info(&self, diverging: bool) -> Info {
        Info {
            accept_stat: self.accept_sum / f64::from(self.leapfrogs),
            energy: self.candidate.energy,
            tree_depth: self.depth,
            n_leapfrog: self.leapfrogs,
            diverging,
        }
    }
}
