//! Profiles: what the operations of a plan take, and, of one with a part on a GPU, what host and device take of an evaluation.

use std::time::{Duration, Instant};

use crate::shape::Shape;

/// What one evaluation took.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The operations, in order.
    pub steps: Vec<StepProfile>,
    /// With a GPU: what came after what.
    pub parts: Vec<Part>,
}

/// What one operation of a plan works on, and how long it takes.
#[derive(Clone, Debug)]
pub struct StepProfile {
    /// The operation.
    pub name: &'static str,
    /// Lanes and dimensions of its output.
    pub shape: Shape,
    /// Bytes that it reads and writes, forwards.
    pub bytes: usize,
    /// Forwards.
    pub value: Duration,
    /// Backwards.
    pub vjp: Duration,
    /// Launches on a GPU, forwards and backwards; both times are then of the device. None on the host.
    pub launches: Option<[usize; 2]>,
}

/// A part of an evaluation with a GPU.
#[derive(Clone, Debug)]
pub struct Part {
    /// The stage: what the device does without hearing from the host.
    pub stage: usize,
    /// What the host does.
    pub what: &'static str,
    /// How long it takes.
    pub host: Duration,
    /// Of the part in which the host waits: how long the device took from the first launch of the stage to the end of it.
    pub device: Option<Duration>,
    /// And how many launches, copies and fillings that were.
    pub launches: usize,
}

impl Profile {
    /// The lesser of each of the times of two evaluations.
    pub(crate) fn least(mut self, other: &Profile) -> Self {
        for (own, other) in self.steps.iter_mut().zip(&other.steps) {
            (own.value, own.vjp) = (own.value.min(other.value), own.vjp.min(other.vjp));
        }
        for (own, other) in self.parts.iter_mut().zip(&other.parts) {
            (own.host, own.device) = (own.host.min(other.host), own.device.min(other.device));
        }
        self
    }
}

/// How long something takes.
pub(super) fn took(something: impl FnOnce()) -> Duration {
    let start = Instant::now();
    something();
    start.elapsed()
}
