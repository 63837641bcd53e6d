//! Grids of blocks for kernels whose threads walk along the points of a lane.

use ppl_core::cuda::Gpu;

/// Threads of a block.
pub(super) const THREADS: usize = 256;

/// Blocks along the points of each of so many lanes: enough to fill the device a few times, each with points for its threads.
pub(super) fn blocks(gpu: &Gpu, points: usize, lanes: usize) -> usize {
    let most = points.div_ceil(THREADS).max(1);
    (8 * gpu.multiprocessors()).div_ceil(lanes.max(1)).clamp(1, most)
}
