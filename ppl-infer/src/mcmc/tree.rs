//! A balanced subtree of a NUTS trajectory, built leaf by leaf with an explicit stack.

use super::{
    integrator::{PhasePoint, Point},
    termination::{Span, Turn},
};
use ppl_core::rng::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The weight of a point whose energy is `gain` below that of the start. Weights are kept as such, not as logarithms, which costs
/// one exponential a leapfrog: the start has weight 1, so what underflows has no chance beside it, and a gain of 600 comes up
/// with probability exp(-600) in a chain that has settled.
pub fn weight(gain: f64) -> f64 {
    gain.min(600.0).exp()
}

/// A point that may become the next draw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Where it is.
    pub at: Point,
    /// Its energy.
    pub energy: f64,
}

/// A piece of trajectory of 2^k leaves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Subtree {
    /// What the termination criterion needs.
    pub span: Span,
    /// One leaf, drawn with probability proportional to its weight.
    pub candidate: Candidate,
    /// Sum of the weights `exp(H0 - H)` of the leaves.
    pub weight: f64,
}

/// What became of a subtree by its newest leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// It wants another leaf.
    Unfinished,
    /// It is complete, and goes forward throughout.
    Complete,
    /// Some part of it has made a turn: it is invalid.
    Turned,
}

/// Builds a subtree of given depth. `waiting[k]` is a finished first half of depth k whose second half is growing: the
/// frames of Stan's recursion, of which as many are alive as the number of leaves has ones in binary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Builder {
    dim: usize,
    depth: u32,
    leaves: u32,
    waiting: Vec<Subtree>,
    newest: Subtree,
}

impl Candidate {
    /// All zeros.
    pub fn zeros(dim: usize) -> Self {
        Self { at: Point::zeros(dim), energy: 0.0 }
    }
}

impl Subtree {
    fn zeros(dim: usize) -> Self {
        Self { span: Span::zeros(dim), candidate: Candidate::zeros(dim), weight: 0.0 }
    }

    fn set_leaf(&mut self, leaf: &PhasePoint, weight: f64) {
        self.span.set_point(&leaf.momentum, &leaf.velocity);
        self.candidate.at.copy_from(&leaf.at);
        self.candidate.energy = leaf.energy;
        self.weight = weight;
    }

    /// Appends the second half; the candidate is drawn by weight (uniform progressive sampling). False if it turned.
    fn append(&mut self, second: &mut Self, turn: Turn, rng: &mut Rng) -> bool {
        self.weight += second.weight;
        // 0 / 0, where both weights underflow, takes the first; such a subtree is never drawn from.
        if rng.random::<f64>() < second.weight / self.weight {
            std::mem::swap(&mut self.candidate, &mut second.candidate);
        }
        self.span.append(&mut second.span, turn)
    }
}

impl Builder {
    /// An empty builder; its stack grows to the deepest tree that it meets and is then used again.
    pub fn new(dim: usize) -> Self {
        Self { dim, depth: 0, leaves: 0, waiting: Vec::new(), newest: Subtree::zeros(dim) }
    }

    /// Begins a subtree of `2^depth` leaves.
    pub fn begin(&mut self, depth: u32) {
        (self.depth, self.leaves) = (depth, 0);
        while self.waiting.len() < depth as usize {
            self.waiting.push(Subtree::zeros(self.dim));
        }
    }

    /// Adds the next leaf, and merges every pair of halves that it completes.
    pub fn add(&mut self, leaf: &PhasePoint, weight: f64, turn: Turn, rng: &mut Rng) -> Growth {
        self.newest.set_leaf(leaf, weight);
        let merges = self.leaves.trailing_ones();
        self.leaves += 1;
        for half in &mut self.waiting[..merges as usize] {
            let persists = half.append(&mut self.newest, turn, rng);
            std::mem::swap(half, &mut self.newest);
            if !persists {
                return Growth::Turned;
            }
        }
        if merges == self.depth {
            return Growth::Complete;
        }
        std::mem::swap(&mut self.waiting[merges as usize], &mut self.newest);
        Growth::Unfinished
    }

    /// The subtree that was just completed.
    pub fn complete(&mut self) -> &mut Subtree {
        &mut self.newest
    }
}
