//! The no-U-turn sampler: trajectories that double until they turn.

use super::{
    integrator::{PhasePoint, Point},
    kernel::{Answer, Dynamics, Kernel},
    metric::Metric,
    settings::SamplerSettings,
    termination::{Span, Turn},
    tree::{Builder, Candidate, Growth, weight},
};
use crate::error::{Result, require};
use crate::transition::Info;
use ppl_core::rng::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Settings of a run of NUTS.
pub type NutsSettings = SamplerSettings<Nuts>;

/// Multinomial NUTS (Betancourt, arXiv:1701.02434, appendix A) with the termination criterion of Stan >= 2.21:
/// the trajectory doubles in a random direction until it turns; within a new half the candidate is drawn by weight, and
/// between halves with probability `min(1, new / old)`, which favours the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nuts {
    /// Doublings of a trajectory at most, up to 30. 10 (Stan).
    pub max_depth: u32,
    /// How far a trajectory goes. Half a turn (Stan).
    pub turn: Turn,
}

/// A trajectory under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NutsState {
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

impl Default for Nuts {
    fn default() -> Self {
        Self { max_depth: 10, turn: Turn::Half }
    }
}

impl Kernel for Nuts {
    type State = NutsState;
    const NAME: &'static str = "NUTS";

    fn check(&self) -> Result<()> {
        let holds = (1..=30).contains(&self.max_depth);
        require(holds, "kernel.max_depth", self.max_depth.into(), "between 1 and 30")
    }

    fn init(&self, dim: usize) -> NutsState {
        NutsState {
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

    fn begin(&self, state: &mut NutsState, from: &Point, dynamics: Dynamics<'_>, rng: &mut Rng) {
        let [back, front] = &mut state.ends;
        front.begin(from, dynamics.metric, rng);
        back.copy_from(front);
        state.span.set_point(&front.momentum, &front.velocity);
        state.candidate.at.copy_from(from);
        (state.candidate.energy, state.start_energy) = (front.energy, front.energy);
        (state.weight, state.accept_sum, state.depth, state.leapfrogs) = (1.0, 0.0, 0, 0);
        state.step = dynamics.step;
        state.double(dynamics.metric, rng);
    }

    fn position(state: &NutsState) -> &[f64] {
        &state.ends[state.growing()].at.position
    }

    fn resume(
        &self,
        state: &mut NutsState,
        answer: Answer<'_>,
        dynamics: Dynamics<'_>,
        rng: &mut Rng,
        point: &mut Point,
    ) -> Option<Info> {
        let (metric, growing) = (dynamics.metric, state.growing());
        let leaf = &mut state.ends[growing];
        let gain = leaf.arrive(metric, state.step, answer.logp, answer.gradient, state.start_energy);
        let weight = weight(gain);
        state.leapfrogs += 1;
        state.accept_sum += weight.min(1.0);
        let (diverging, mut reached_max_depth) = (-gain > dynamics.max_energy_error, false);
        if !diverging {
            match state.builder.add(leaf, weight, self.turn, rng) {
                Growth::Unfinished => {
                    leaf.drift(metric, state.step);
                    return None;
                }
                Growth::Turned => {}
                Growth::Complete => {
                    let persists = state.accept(self.turn, rng);
                    reached_max_depth = persists && state.depth == self.max_depth;
                    if persists && !reached_max_depth {
                        state.double(metric, rng);
                        return None;
                    }
                }
            }
        }
        point.copy_from(&state.candidate.at);
        Some(Info {
            accept_stat: state.accept_sum / f64::from(state.leapfrogs),
            energy: state.candidate.energy,
            tree_depth: state.depth,
            n_leapfrog: state.leapfrogs,
            diverging,
            reached_max_depth,
        })
    }
}

impl NutsState {
    /// Joins the complete subtree to the trajectory; false if the whole has turned.
    fn accept(&mut self, turn: Turn, rng: &mut Rng) -> bool {
        self.depth += 1;
        let new = self.builder.complete();
        if new.weight > self.weight || rng.random::<f64>() < new.weight / self.weight {
            std::mem::swap(&mut self.candidate, &mut new.candidate);
        }
        self.weight += new.weight;
        self.span.append(&mut new.span, turn)
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
}
