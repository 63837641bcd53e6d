//! What a transition kernel is: an object that asks for one gradient at a time and says what the transition did.

use super::{integrator::Point, metric::Metric};
use crate::error::Result;
use crate::transition::Info;
use ppl_core::rng::Rng;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// A transition kernel, which is also its own settings: plain numbers that JSON can name.
///
/// [`begin`](Kernel::begin) starts a transition, then [`resume`](Kernel::resume) takes the density at
/// [`position`](Kernel::position) until it returns what the transition did. Metric and step size belong to warm-up and come
/// from outside.
pub trait Kernel: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned {
    /// A transition under way, which can be written to disk at any gradient.
    type State: Clone + Debug + PartialEq + Serialize + DeserializeOwned;

    /// Its name, as progress and checkpoints show it.
    const NAME: &'static str;

    /// Refuses settings that no transition could follow.
    fn check(&self) -> Result<()>;

    /// Room for transitions in this many dimensions.
    fn init(&self, dim: usize) -> Self::State;

    /// Begins a transition from a point with a new momentum.
    fn begin(&self, state: &mut Self::State, from: &Point, dynamics: Dynamics<'_>, rng: &mut Rng);

    /// Where the density is wanted.
    fn position(state: &Self::State) -> &[f64];

    /// Takes the density there. When the transition is over, `point`, from which it began, is moved to the draw.
    fn resume(
        &self,
        state: &mut Self::State,
        answer: Answer<'_>,
        dynamics: Dynamics<'_>,
        rng: &mut Rng,
        point: &mut Point,
    ) -> Option<Info>;
}

/// What a transition runs on.
#[derive(Debug, Clone, Copy)]
pub struct Dynamics<'a> {
    /// What momenta are scaled by.
    pub metric: &'a Metric,
    /// Leapfrog step.
    pub step: f64,
    /// Energy error that is called a divergence.
    pub max_energy_error: f64,
}

/// The density at the position that a kernel asked for.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Log density.
    pub logp: f64,
    /// Its gradient, `[dim]`.
    pub gradient: &'a [f64],
}
