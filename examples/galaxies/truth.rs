//! A simulated galaxy beside its truth, on the same pixels and in the same unit.

use arclet::source::data::simulate::SimulatedGalaxy;
use arclet::source::data::{Cuts, Galaxy, central_square, downscale, prepare};

/// The galaxy, prepared, and its image without noise; `None` where a cut of the paper drops it.
pub fn with_truth(SimulatedGalaxy { stamp, truth }: &SimulatedGalaxy) -> Option<(Galaxy, Vec<f32>)> {
    let galaxy = prepare(stamp, &Cuts::default()).ok()?;
    let noisy = downscale(&central_square(&stamp.image), galaxy.side);
    let maximum = noisy.pixels.iter().copied().fold(f32::MIN, f32::max);
    let mut truth = downscale(&central_square(truth), galaxy.side).pixels;
    truth.iter_mut().for_each(|p| *p /= maximum);
    Some((galaxy, truth))
}
