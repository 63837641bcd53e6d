//! The generalised no-U-turn criterion, with the two checks across the seam of two subtrees.

use serde::{Deserialize, Serialize};

/// How far a trajectory goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Until it would come back (Hoffman & Gelman 2014): half a period of a normal, and up to a whole one, as it grows by doubling. Means of draws are
    /// then better than those of independent ones, for many a draw lies opposite the last; their spread, which is where the last had it, is worse.
    #[default]
    Half,
    /// Until its ends move at right angles besides: a quarter of a period and up to half of one. Draws of a density close to a normal in a metric that
    /// fits are nearly independent, at half the gradients (docs/samplers.md).
    Quarter,
}

/// One end of a piece of trajectory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Momentum `p`, `[dim]`.
    pub momentum: Vec<f64>,
    /// Velocity `M^-1 p`, `[dim]`.
    pub velocity: Vec<f64>,
}

/// A piece of trajectory as the criterion sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The end that was there first.
    pub first: End,
    /// The end that grows.
    pub last: End,
    /// Sum of all momenta, `[dim]`.
    pub rho: Vec<f64>,
}

impl End {
    fn zeros(dim: usize) -> Self {
        Self { momentum: vec![0.0; dim], velocity: vec![0.0; dim] }
    }

    fn set(&mut self, momentum: &[f64], velocity: &[f64]) {
        self.momentum.copy_from_slice(momentum);
        self.velocity.copy_from_slice(velocity);
    }
}

impl Span {
    /// All zeros.
    pub fn zeros(dim: usize) -> Self {
        Self { first: End::zeros(dim), last: End::zeros(dim), rho: vec![0.0; dim] }
    }

    /// The span of one point.
    #[inline]
    pub fn set_point(&mut self, momentum: &[f64], velocity: &[f64]) {
        self.first.set(momentum, velocity);
        self.last.set(momentum, velocity);
        self.rho.copy_from_slice(momentum);
    }

    /// Turns the span round, so that it grows at its other end.
    pub fn flip(&mut self) {
        std::mem::swap(&mut self.first, &mut self.last);
    }

    /// Appends `next`, which grew from the last end of `self`, and says whether the whole still goes forward:
    /// `v . rho > 0` at both ends of the whole, of `self` with the first point of `next`, and of the last point of
    /// `self` with `next`. (Betancourt, arXiv:1701.02434, A.4.2; the two checks across the seam as in Stan since 2.21.) For a quarter of a turn
    /// `v . p > 0` of the two ends of the whole, too; as this is the same with time reversed, what is drawn from stays the same.
    ///
    /// `next` is left with the ends that are now inside, for its buffers to be used again.
    #[inline]
    pub fn append(&mut self, next: &mut Self, turn: Turn) -> bool {
        let dim = self.rho.len();
        let (far, near) = (&self.first.velocity[..dim], &self.last.velocity[..dim]);
        let (inner, outer) = (&next.first.velocity[..dim], &next.last.velocity[..dim]);
        let (near_momentum, inner_momentum) = (&self.last.momentum[..dim], &next.first.momentum[..dim]);
        let next_rho = &next.rho[..dim];
        // One pass, six sums that do not wait for each other.
        let (mut whole, mut left, mut right) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        for i in 0..dim {
            let left_rho = self.rho[i] + inner_momentum[i];
            let right_rho = next_rho[i] + near_momentum[i];
            left[0] += far[i] * left_rho;
            left[1] += inner[i] * left_rho;
            right[0] += near[i] * right_rho;
            right[1] += outer[i] * right_rho;
            self.rho[i] += next_rho[i];
            whole[0] += far[i] * self.rho[i];
            whole[1] += outer[i] * self.rho[i];
        }
        std::mem::swap(&mut self.last, &mut next.last);
        [whole, left, right].iter().flatten().all(|along| *along > 0.0) && (turn == Turn::Half || self.ends_agree())
    }

    /// Whether both ends move the same way.
    fn ends_agree(&self) -> bool {
        self.first.velocity.iter().zip(&self.last.momentum).map(|(v, p)| v * p).sum::<f64>() > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a unit circle in phase space (the harmonic oscillator) at these angles, as one span.
    fn arc(from: usize, to: usize, step: f64) -> Span {
        let momentum = |k: usize| [-(k as f64 * step).sin(), (k as f64 * step).cos()];
        let mut span = Span::zeros(2);
        span.set_point(&momentum(from), &momentum(from));
        for k in from + 1..to {
            let mut next = Span::zeros(2);
            next.set_point(&momentum(k), &momentum(k));
            span.append(&mut next, Turn::Half);
        }
        span
    }

    #[test]
    fn an_arc_persists_until_it_spans_half_a_circle_or_a_quarter() {
        let step = 0.1;
        for (turn, most) in [(Turn::Half, std::f64::consts::PI), (Turn::Quarter, std::f64::consts::FRAC_PI_2)] {
            for half in [4, 7, 8, 9, 15, 16, 20] {
                let (mut old, mut new) = (arc(0, half, step), arc(half, 2 * half, step));
                // The momentum at either end is at half the arc from rho: orthogonal to it when the arc is pi.
                let spanned = (2 * half - 1) as f64 * step;
                assert_eq!(old.append(&mut new, turn), spanned < most, "{turn:?} {spanned}");
            }
        }
    }

    #[test]
    fn the_checks_across_the_seam_catch_a_full_turn_that_the_ends_hide() {
        // Two arcs that together come round once: at the ends the motion looks forward again.
        let (mut old, mut new) = (Span::zeros(1), Span::zeros(1));
        old.set_point(&[1.0], &[1.0]);
        new.set_point(&[-0.1], &[-0.1]);
        let mut end = Span::zeros(1);
        end.set_point(&[0.5], &[0.5]);
        new.append(&mut end, Turn::Half);
        assert!(old.first.velocity[0] * (old.rho[0] + new.rho[0]) > 0.0);
        assert!(new.last.velocity[0] * (old.rho[0] + new.rho[0]) > 0.0);
        assert!(!old.append(&mut new, Turn::Half));
    }
}
