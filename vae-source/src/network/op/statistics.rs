//! Statistics of a batch: mean and variance of every channel, as a value.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::{Array, Error, Result};
use rayon::prelude::*;

/// Mean and variance of each channel over the images of a lane and their pixels: `[2, channels]` for `[batch, channels, height,
/// width]`. The variance is that of the batch (divided by the number of pixels, as batch normalisation has it).
///
/// # Errors
/// Images of another rank.
pub fn batch_statistics(images: &Array) -> Result<Array> {
    record(Statistics { sides: [0; 3] }, &[images.as_value()]).map(Array::from_value)
}

/// Batch, channels, pixels of `[batch, channels, height, width]`.
pub(super) fn sides(dims: Dims) -> Result<[usize; 3]> {
    match *dims.sizes() {
        [batch, channels, height, width] => Ok([batch, channels, height * width]),
        _ => Err(Error::Axis { axis: 3, dims }),
    }
}

/// The planes of one channel in the images of a lane.
pub(super) fn planes([_, channels, pixels]: [usize; 3], lane: &[f32], channel: usize) -> impl Iterator<Item = &[f32]> {
    lane.chunks_exact(pixels).skip(channel).step_by(channels)
}

/// Partial sums that run side by side.
const SUMS: usize = 16;

/// The sum of f(x_i, y_i) in f32 over one plane, the sums of planes being added up in f64.
pub(super) fn sum(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> f64 {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<SUMS>(), y.as_chunks::<SUMS>());
    let mut sums = [0.0_f32; SUMS];
    for (x, y) in x.iter().zip(y) {
        (0..SUMS).for_each(|i| sums[i] += f(x[i], y[i]));
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| f(*x, *y)).sum();
    sums.iter().map(|sum| f64::from(*sum)).sum::<f64>() + f64::from(rest)
}

#[derive(Clone)]
struct Statistics {
    sides: [usize; 3],
}

impl FusedOp for Statistics {
    const NAME: &'static str = "batch_statistics";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.sides = sides(inputs[0].dims)?;
        Ok(Output::pixels(Shape::new(inputs[0].lanes, Dims::new(&[2, self.sides[1]]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let [batch, channels, pixels] = self.sides;
        let count = (batch * pixels) as f64;
        for lane in 0..out.shape.lanes {
            let images = inputs.at(0).lane_pixels(lane);
            let (means, variances) = out.lane_pixels(lane).split_at_mut(channels);
            means.par_iter_mut().zip(variances).with_min_len(8).enumerate().for_each(|(channel, (mean, variance))| {
                let over = |f: &dyn Fn(&[f32]) -> f64| planes(self.sides, images, channel).map(f).sum::<f64>() / count;
                let centre = over(&|plane| sum(plane, plane, |x, _| x)) as f32;
                // Around the rounded mean, so that nothing is lost where the mean is large; then moved to the exact one.
                let moved = over(&|plane| sum(plane, plane, |x, _| x - centre));
                *variance =
                    (over(&|plane| sum(plane, plane, |x, _| (x - centre) * (x - centre))) - moved * moved) as f32;
                *mean = centre;
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let [batch, channels, pixels] = self.sides;
        let count = (batch * pixels) as f32;
        for lane in 0..out.shape.lanes {
            let Some(into) = gradients.lane_pixels(0, lane) else { return };
            let (means, by_mean) = (out.lane_pixels(lane), cotangent.lane_pixels(lane));
            let by_variance = &by_mean[channels..];
            let planes = into.par_chunks_exact_mut(pixels).zip(inputs.at(0).lane_pixels(lane).par_chunks_exact(pixels));
            planes.enumerate().with_min_len(16).for_each(|(plane, (into, x))| {
                let channel = plane % channels;
                let (mean, offset, slope) =
                    (means[channel], by_mean[channel] / count, 2.0 * by_variance[channel] / count);
                into.iter_mut().zip(x).for_each(|(g, x)| *g += offset + slope * (x - mean));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_batch_statistics_is_right_for_lanes() {
        for lanes in [1, 2] {
            // Quadratic: rounding of f32 over the step, 1e-7 / 0.1.
            check::vjp(|| Statistics { sides: [0; 3] }, &[pixels(lanes, &[3, 2, 4, 5])], 0.1, 1e-5);
        }
    }

    #[test]
    fn a_large_mean_leaves_the_variance_alone() {
        let x: Vec<f32> = (0..64).map(|i| 1000.0 + (i % 2) as f32).collect();
        let statistics = batch_statistics(&Array::constant(&[1, 1, 8, 8], x).unwrap()).unwrap();
        assert_eq!(statistics.lane(0), [1000.5, 0.25]);
    }
}
