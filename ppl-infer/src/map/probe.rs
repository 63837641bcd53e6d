//! Central differences of the gradient along many directions at once, each with a step that the log density can show.

use nalgebra::DMatrix;
use ppl_core::LogDensity;

use super::optimizer::is_finite;
use crate::error::{Error, Result};

/// Rounds of the search for steps; each at least halves, or doubles, what is not yet right.
const MAX_ROUNDS: usize = 60;
/// One round changes a step by no more than this factor: near the first step a drop may be nothing but rounding.
const MAX_FACTOR: f64 = 10.0;
/// An interval of steps narrower than this ratio holds a jump of logp: its lower end is taken.
const JUMP: f64 = 1.01;

/// How far a probe goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The step along every direction that is tried first.
    pub first: f64,
    /// A direction in which logp has not dropped at this step is taken as flat.
    pub limit: f64,
    /// The drop that the steps aim at.
    pub target: f64,
    /// Most lanes in one call.
    pub max_lanes: usize,
}

/// What was measured along each direction u at its step h.
pub(super) struct Probe {
    pub steps: Vec<f64>,
    /// logp(m) - [logp(m + h u) + logp(m - h u)] / 2
    pub drops: Vec<f64>,
    /// Column k: -[g(m + h u_k) - g(m - h u_k)] / (2 h), which is the Hessian of -logp times u_k. `[dim, directions]`.
    pub curvature: DMatrix<f64>,
    pub gradient_count: usize,
}

/// The search for one direction's step.
struct Search {
    step: f64,
    /// Steps known to be too small and too large.
    low: f64,
    high: f64,
    /// Step and drop at which the kept column was measured.
    kept: Option<(f64, f64)>,
    done: bool,
}

/// Probes the columns of `directions` (`[dim, n]`) around `mean`.
///
/// Steps grow or shrink until the drop lies in [target / 10, 4 target]. A direction that is flat, or steeper on one side than
/// any step shows, keeps the largest step that was too small.
pub(super) fn probe(
    density: &(impl LogDensity + ?Sized),
    mean: &[f64],
    logp: f64,
    directions: &DMatrix<f64>,
    reach: Reach,
) -> Result<Probe> {
    let (dim, n) = directions.shape();
    let Reach { first, limit, target, max_lanes } = reach;
    let band = [0.1 * target, 4.0 * target];
    let start = Search { step: first, low: 0.0, high: f64::INFINITY, kept: None, done: false };
    let mut searches: Vec<Search> = (0..n).map(|_| Search { ..start }).collect();
    let mut curvature = DMatrix::zeros(dim, n);
    let mut gradient_count = 0;
    for _ in 0..MAX_ROUNDS {
        let open: Vec<usize> = (0..n).filter(|&k| !searches[k].done).collect();
        if open.is_empty() {
            break;
        }
        for batch in open.chunks((max_lanes / 2).max(1)) {
            let mut positions = Vec::with_capacity(2 * batch.len() * dim);
            for &k in batch {
                for step in [searches[k].step, -searches[k].step] {
                    positions.extend(mean.iter().zip(directions.column(k).iter()).map(|(m, u)| m + step * u));
                }
            }
            let (mut values, mut grads) = (vec![0.0; 2 * batch.len()], vec![0.0; positions.len()]);
            density.logp_and_grad(&positions, &mut values, &mut grads)?;
            gradient_count += values.len();
            for ((&k, pair), grad) in batch.iter().zip(values.chunks(2)).zip(grads.chunks(2 * dim)) {
                let (up, down) = grad.split_at(dim);
                let search = &mut searches[k];
                let finite = is_finite(pair[0], up) && is_finite(pair[1], down);
                let drop = if finite { logp - 0.5 * (pair[0] + pair[1]) } else { f64::INFINITY };
                if search.keeps(drop, band) {
                    for ((c, up), down) in curvature.column_mut(k).iter_mut().zip(up).zip(down) {
                        *c = -(up - down) / (2.0 * search.step);
                    }
                }
                search.advance(drop, band, target, limit);
            }
        }
    }
    let kept =
        searches.iter().enumerate().map(|(direction, search)| search.kept.ok_or(Error::NoCurvature { direction }));
    let (steps, drops) = kept.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    Ok(Probe { steps, drops, curvature, gradient_count })
}

impl Search {
    /// Whether this answer replaces the kept one: anything not too large (steps that are too small only grow), or less too large.
    fn keeps(&mut self, drop: f64, band: [f64; 2]) -> bool {
        let better = match self.kept {
            None => drop.is_finite(),
            Some((_, kept)) => drop <= band[1] || drop < kept && kept > band[1],
        };
        if better {
            self.kept = Some((self.step, drop));
        }
        better
    }

    fn advance(&mut self, drop: f64, band: [f64; 2], target: f64, limit: f64) {
        let guess = (target / drop).sqrt();
        if (band[0]..=band[1]).contains(&drop) {
            self.done = true;
        } else if drop > band[1] {
            self.high = self.step;
            self.step *= guess.max(1.0 / MAX_FACTOR);
        } else {
            self.low = self.step;
            self.step *= if guess.is_finite() { guess.clamp(2.0, MAX_FACTOR) } else { MAX_FACTOR };
        }
        if !(self.low < self.step && self.step < self.high) {
            self.step = (self.low * self.high).sqrt();
        }
        self.done |= self.low >= limit || self.high / self.low < JUMP;
    }
}
