//! A population: particles with both log densities and their gradients.

use ppl_core::LogDensity;
use rand::RngExt as _;

use ppl_core::rng::Rng;

use crate::error::Result;

/// Most lanes of one evaluation.
const LANES: usize = 256;

/// Particles on their way from one density to another.
#[derive(Clone)]
pub(super) struct Population {
    pub dim: usize,
    pub positions: Vec<f64>,
    /// Log density of the target and of the reference.
    pub logp: Vec<f64>,
    pub logq: Vec<f64>,
    pub grad_p: Vec<f64>,
    pub grad_q: Vec<f64>,
    /// Which particle of the first population each comes from.
    pub ancestors: Vec<usize>,
}

impl Population {
    pub fn new(dim: usize, positions: Vec<f64>) -> Self {
        let n = positions.len() / dim;
        let room = || vec![0.0; n * dim];
        Self {
            dim,
            logp: vec![0.0; n],
            logq: vec![0.0; n],
            grad_p: room(),
            grad_q: room(),
            ancestors: (0..n).collect(),
            positions,
        }
    }

    pub fn len(&self) -> usize {
        self.logp.len()
    }

    /// Evaluates both densities at all positions.
    pub fn evaluate(&mut self, target: &dyn LogDensity, reference: &dyn LogDensity) -> Result<()> {
        let rows = LANES * self.dim;
        let each = |density: &dyn LogDensity, logp: &mut [f64], grad: &mut [f64]| {
            let blocks = self.positions.chunks(rows).zip(logp.chunks_mut(LANES)).zip(grad.chunks_mut(rows));
            for ((positions, logp), grad) in blocks {
                density.logp_and_grad(positions, logp, grad)?;
                let finite = |g: &[f64]| g.iter().all(|g| g.is_finite());
                // What is not a number is outside of the support.
                logp.iter_mut()
                    .zip(grad.chunks(self.dim))
                    .filter(|(lp, g)| lp.is_nan() || !finite(g))
                    .for_each(|(lp, _)| *lp = f64::NEG_INFINITY);
            }
            Ok::<(), ppl_core::Error>(())
        };
        each(target, &mut self.logp, &mut self.grad_p)?;
        each(reference, &mut self.logq, &mut self.grad_q)?;
        Ok(())
    }

    /// The log density of one particle between the two, (1 - t) ln q + t ln p.
    pub fn bridge(&self, i: usize, t: f64) -> f64 {
        if self.logp[i] == f64::NEG_INFINITY { self.logp[i] } else { self.logq[i] + t * (self.logp[i] - self.logq[i]) }
    }

    /// Its gradient.
    pub fn bridge_gradient(&self, i: usize, t: f64, into: &mut [f64]) {
        let own = i * self.dim..(i + 1) * self.dim;
        let both = self.grad_p[own.clone()].iter().zip(&self.grad_q[own]);
        into.iter_mut().zip(both).for_each(|(g, (p, q))| *g = q + t * (p - q));
    }

    /// How far each is up from the reference to the target: ln p - ln q.
    pub fn climbs(&self) -> Vec<f64> {
        let one = |(p, q): (&f64, &f64)| if *p == f64::NEG_INFINITY { *p } else { p - q };
        self.logp.iter().zip(&self.logq).map(one).collect()
    }

    /// Takes particle `from` of another population in place of its own at `i`.
    pub fn take(&mut self, i: usize, other: &Self, from: usize) {
        let (own, its) = (i * self.dim..(i + 1) * self.dim, from * self.dim..(from + 1) * self.dim);
        self.positions[own.clone()].copy_from_slice(&other.positions[its.clone()]);
        self.grad_p[own.clone()].copy_from_slice(&other.grad_p[its.clone()]);
        self.grad_q[own].copy_from_slice(&other.grad_q[its]);
        (self.logp[i], self.logq[i], self.ancestors[i]) = (other.logp[from], other.logq[from], other.ancestors[from]);
    }

    /// As many particles, each as often as its weight says, within one: systematic resampling.
    pub fn resampled(&self, weights: &[f64], rng: &mut Rng) -> Self {
        let (n, total) = (self.len(), weights.iter().sum::<f64>());
        let mut next = self.clone();
        let (mut from, mut sum) = (0, weights[0]);
        let offset: f64 = rng.random();
        for i in 0..n {
            let at = (i as f64 + offset) / n as f64 * total;
            while sum < at && from + 1 < n {
                from += 1;
                sum += weights[from];
            }
            next.take(i, self, from);
        }
        next
    }
}
