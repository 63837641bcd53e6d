//! Hamiltonian Monte Carlo with trajectories of fixed length in time.

use super::{
    integrator::{PhasePoint, Point},
    kernel::{Answer, Dynamics, Kernel},
    settings::SamplerSettings,
};
use crate::error::{Result, require};
use crate::transition::Info;
use ppl_core::rng::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// Settings of a run of static HMC.
pub type HmcSettings = SamplerSettings<Hmc>;

/// Static HMC: `time / step` leapfrogs (at least one), then accept the end with probability `min(1, exp(H0 - H))`.
///
/// Trajectories of one length can resonate with the density; `step_jitter` of the sampler's settings helps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hmc {
    /// Length of a trajectory in time. pi/2: with the metric tuned, a quarter of the period of a normal, whose draws are then
    /// nearly independent (at Stan's 2 pi they return to where they began).
    pub time: f64,
}

/// A trajectory under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HmcState {
    end: PhasePoint,
    start_energy: f64,
    steps: u32,
    done: u32,
}

impl Default for Hmc {
    fn default() -> Self {
        Self { time: FRAC_PI_2 }
    }
}

impl Kernel for Hmc {
    type State = HmcState;
    const NAME: &'static str = "HMC";

    fn check(&self) -> Result<()> {
        require(self.time > 0.0 && self.time.is_finite(), "kernel.time", self.time, "positive and finite")
    }

    fn init(&self, dim: usize) -> HmcState {
        HmcState { end: PhasePoint::zeros(dim), start_energy: 0.0, steps: 0, done: 0 }
    }

    fn begin(&self, state: &mut HmcState, from: &Point, dynamics: Dynamics<'_>, rng: &mut Rng) {
        let Dynamics { metric, step, .. } = dynamics;
        state.end.begin(from, metric, rng);
        state.start_energy = state.end.energy;
        // A float-to-integer cast saturates, and a trajectory of 2^32 steps never ends anyway.
        (state.steps, state.done) = (((self.time / step) as u32).max(1), 0);
        state.end.drift(metric, step);
    }

    fn position(state: &HmcState) -> &[f64] {
        &state.end.at.position
    }

    fn resume(
        &self,
        state: &mut HmcState,
        answer: Answer<'_>,
        dynamics: Dynamics<'_>,
        rng: &mut Rng,
        point: &mut Point,
    ) -> Option<Info> {
        let Dynamics { metric, step, max_energy_error } = dynamics;
        state.done += 1;
        let gain = state.end.arrive(metric, step, answer.logp, answer.gradient, state.start_energy);
        let diverging = -gain > max_energy_error;
        if state.done < state.steps && !diverging {
            state.end.drift(metric, step);
            return None;
        }
        let accept_stat = gain.min(0.0).exp();
        let mut energy = state.start_energy;
        if !diverging && rng.random::<f64>() < accept_stat {
            point.copy_from(&state.end.at);
            energy = state.end.energy;
        }
        Some(Info { accept_stat, energy, n_leapfrog: state.done, diverging, ..Info::default() })
    }
}
