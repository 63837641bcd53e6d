//! Workers: what one thread needs to replay a plan for its share of the lanes.

use crate::autodiff::{Plan, Workspace};
use crate::error::Result;

/// Workspaces that a worker keeps, those used last: one for whole blocks, and those of a few remainders.
const KEPT: usize = 4;

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Worker {
    /// The one used last at the end.
    workspaces: Vec<Workspace>,
    /// How often each watched term was NaN (the last entry: a gradient).
    pub(super) not_a_number: Vec<u64>,
}

/// One lane after an evaluation of it.
pub(super) struct Lane<'a> {
    pub(super) logp: &'a mut f64,
    pub(super) grad: &'a mut [f64],
}

impl Lane<'_> {
    /// Whether all of it is finite; what is not becomes impossible, -inf without a gradient. `true` with it where something
    /// was NaN that should not have been.
    pub(super) fn settle(self) -> bool {
        if self.logp.is_finite() && self.grad.iter().all(|g| g.is_finite()) {
            return false;
        }
        let odd = self.logp.is_nan() || self.logp.is_finite();
        *self.logp = f64::NEG_INFINITY;
        self.grad.fill(0.0);
        odd
    }
}

impl Worker {
    /// Lays out what an evaluation of so many lanes in blocks of at most `block` needs.
    pub(super) fn prepare(&mut self, plan: &Plan, block: usize, lanes: usize) -> Result<()> {
        for lanes in [block, lanes % block] {
            if lanes > 0 {
                self.workspace(plan, lanes)?;
            }
        }
        Ok(())
    }

    /// Evaluates the lanes of `logp` in blocks of at most `block` lanes, for which [`Worker::prepare`] has laid out workspaces.
    pub(super) fn evaluate(
        &mut self,
        terms: usize,
        block: usize,
        positions: &[f64],
        logp: &mut [f64],
        grad: &mut [f64],
    ) -> Result<()> {
        self.not_a_number.resize(terms + 1, 0);
        let dim = positions.len() / logp.len().max(1);
        let blocks = positions.chunks(block * dim).zip(logp.chunks_mut(block)).zip(grad.chunks_mut(block * dim));
        for ((positions, logp), grad) in blocks {
            let Some(workspace) = self.workspaces.iter_mut().find(|w| w.lanes() == logp.len()) else {
                // What was in the buffers before must not pass for an answer.
                logp.fill(f64::NEG_INFINITY);
                grad.fill(0.0);
                self.not_a_number[terms] += logp.len() as u64;
                continue;
            };
            workspace.evaluate(positions, logp, grad)?;
            for (lane, (logp, grad)) in logp.iter_mut().zip(grad.chunks_exact_mut(dim)).enumerate() {
                if (Lane { logp, grad }).settle() {
                    let which = (0..terms).find(|i| workspace.watched(*i, lane).is_nan()).unwrap_or(terms);
                    self.not_a_number[which] += 1;
                }
            }
        }
        Ok(())
    }

    /// The place of the workspace for so many lanes, laid out where there is none.
    pub(super) fn workspace(&mut self, plan: &Plan, lanes: usize) -> Result<usize> {
        match self.workspaces.iter().position(|w| w.lanes() == lanes) {
            Some(at) => self.workspaces[at..].rotate_left(1),
            None => {
                let made = Workspace::new(plan, lanes)?;
                if self.workspaces.len() == KEPT {
                    self.workspaces.remove(0);
                }
                self.workspaces.push(made);
            }
        }
        Ok(self.workspaces.len() - 1)
    }

    /// The workspace at a place that [`Worker::workspace`] gave.
    pub(super) fn at(&mut self, at: usize) -> &mut Workspace {
        &mut self.workspaces[at]
    }
}
