//! A trusted plan on a GPU: workspaces for the numbers of lanes that are asked for.

use std::rc::Rc;

use super::explanation::Explanation;
use super::replay::Planned;
use super::worker::Lane;
use crate::autodiff::{SharedNumbers, Workspace};
use crate::cuda::Gpu;
use crate::error::{Error, Result};

/// Workspaces that are kept, the one used last at the end.
const KEPT: usize = 8;
/// What a workspace takes of the device, in bytes of its values and gradients: scratch and transposed copies come on top of them.
const OVERHEAD: usize = 3;
/// The most room for what operations prepare, in multiples of the usual.
const MOST_ROOM: usize = 64;

/// A plan on a device.
pub(super) struct OnGpu {
    gpu: Gpu,
    plan: Rc<Planned>,
    workspaces: Vec<Workspace>,
    shared: SharedNumbers,
    /// The most lanes of one workspace.
    most: usize,
    growth: usize,
    positions: Vec<f64>,
    logp: Vec<f64>,
    grad: Vec<f64>,
    /// How often each term was NaN (the last entry: a gradient).
    pub(super) not_a_number: Vec<u64>,
}

impl OnGpu {
    /// Lays the plan out for one lane.
    ///
    /// # Errors
    /// An operation without a body for the device; no memory.
    pub(super) fn new(gpu: &Gpu, plan: Rc<Planned>) -> Result<Self> {
        let most = (gpu.free_bytes()? / 2 / OVERHEAD / plan.plan.bytes_of_a_lane().max(1)).clamp(1, 1 << 14);
        let not_a_number = vec![0; plan.sites.len() + 1];
        let (gpu, workspaces, shared) = (gpu.clone(), vec![], SharedNumbers::default());
        let (positions, logp, grad) = (vec![], vec![], vec![]);
        let mut own = OnGpu { gpu, plan, workspaces, shared, most, growth: 1, positions, logp, grad, not_a_number };
        own.workspace(1)?;
        Ok(own)
    }

    /// The plan and its sites.
    pub(super) fn plan(&self) -> &Planned {
        &self.plan
    }

    /// Evaluates all lanes; -inf in lanes without a finite density.
    pub(super) fn evaluate(&mut self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        let dim = positions.len() / logp.len().max(1);
        let block = if self.plan.plan.is_divisible() { self.most } else { logp.len() };
        let blocks = positions.chunks(block * dim).zip(logp.chunks_mut(block)).zip(grad.chunks_mut(block * dim));
        for ((positions, logp), grad) in blocks {
            self.block(positions, logp, grad, dim)?;
        }
        Ok(())
    }

    fn block(&mut self, positions: &[f64], logp: &mut [f64], grad: &mut [f64], dim: usize) -> Result<()> {
        let lanes = if self.plan.plan.is_divisible() { rounded(logp.len()) } else { logp.len() };
        // Lanes that nobody asked for are the last one again.
        self.positions.clear();
        self.positions.extend_from_slice(positions);
        let last = positions.len().saturating_sub(dim);
        (logp.len()..lanes).for_each(|_| self.positions.extend_from_slice(&positions[last..]));
        self.logp.resize(lanes, 0.0);
        self.grad.resize(lanes * dim, 0.0);
        loop {
            let at = self.workspace(lanes)?;
            match self.workspaces[at].evaluate(&self.positions, &mut self.logp, &mut self.grad) {
                Err(Error::DeviceRoom { .. }) if self.growth < MOST_ROOM => {
                    self.growth *= 2;
                    self.workspaces.clear();
                }
                done => break done?,
            }
        }
        logp.copy_from_slice(&self.logp[..logp.len()]);
        grad.copy_from_slice(&self.grad[..grad.len()]);
        let Some(workspace) = self.workspaces.last() else { return Ok(()) };
        for (lane, (logp, grad)) in logp.iter_mut().zip(grad.chunks_exact_mut(dim)).enumerate() {
            if (Lane { logp, grad }).settle() {
                let terms = self.plan.sites.len();
                let which = (0..terms).find(|i| workspace.watched(*i, lane).is_nan()).unwrap_or(terms);
                self.not_a_number[which] += 1;
            }
        }
        Ok(())
    }

    /// What host and device take of a call with so many lanes.
    pub(super) fn explain(&mut self, positions: &[f64], lanes: usize) -> Result<Explanation> {
        let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; positions.len()]);
        // Makes the room that these positions need.
        self.evaluate(positions, &mut logp, &mut grad)?;
        let at = self.workspace(lanes)?;
        let profile = self.workspaces[at].least_profile(positions)?;
        Ok(Explanation { lanes, profile })
    }

    /// The place of the workspace for so many lanes, the last: laid out where there is none.
    fn workspace(&mut self, lanes: usize) -> Result<usize> {
        let workspace = match self.workspaces.iter().position(|w| w.lanes() == lanes) {
            Some(at) => self.workspaces.remove(at),
            None => {
                if self.workspaces.len() == KEPT {
                    self.workspaces.remove(0);
                }
                Workspace::on_gpu(&self.plan.plan, lanes, &self.gpu, self.growth, &self.shared)?
            }
        };
        self.workspaces.push(workspace);
        Ok(self.workspaces.len() - 1)
    }
}

/// The next number of lanes that there are workspaces for: 2^k and 3 2^k.
fn rounded(lanes: usize) -> usize {
    let power = lanes.next_power_of_two();
    if power >= 4 && lanes <= power / 4 * 3 { power / 4 * 3 } else { power }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn there_are_few_numbers_of_lanes_and_at_most_a_third_of_them_is_in_vain() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 9, 13].map(rounded), [1, 2, 3, 4, 6, 6, 8, 12, 16]);
        assert!((2..2000).all(|n| rounded(n) >= n && 3 * (rounded(n) - n) <= rounded(n)));
    }
}
