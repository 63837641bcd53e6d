//! Convolutions: `conv2d` and `conv_transpose2d` over lanes and batches.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, common_lanes, record};
use ppl_core::{Array, Result};

use super::correlate::correlate;
use super::geometry::{Geometry, Kernel};
use super::outer::outer;
use super::spread::spread;

/// The convolution of images `[batch, channels, height, width]` with weights `[out, channels, side, side]`, as PyTorch's
/// `conv2d` without a bias: `[batch, out, ..]`. Weights with one lane serve all lanes.
///
/// # Errors
/// Other shapes; a stride that does not divide the kernel, or with which the kernel does not end at the end of the image.
pub fn conv2d(images: &Array, weight: &Array, kernel: Kernel) -> Result<Array> {
    let op = Convolution::<false> { kernel, geometry: None };
    record(op, &[images.as_value(), weight.as_value()]).map(Array::from_value)
}

/// The transposed convolution of images `[batch, channels, height, width]` with weights `[channels, out, side, side]`, as
/// PyTorch's `conv_transpose2d` without a bias: `[batch, out, ..]`. Weights with one lane serve all lanes.
///
/// # Errors
/// Other shapes; a stride that does not divide the kernel.
pub fn conv_transpose2d(images: &Array, weight: &Array, kernel: Kernel) -> Result<Array> {
    let op = Convolution::<true> { kernel, geometry: None };
    record(op, &[images.as_value(), weight.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
struct Convolution<const TRANSPOSED: bool> {
    kernel: Kernel,
    geometry: Option<Geometry>,
}

/// The lanes that share their weights: all at once (`None`), or one after the other.
fn groups(weight: &Shape, lanes: usize) -> impl Iterator<Item = Option<usize>> {
    let shared = weight.lanes == 1;
    (0..if shared { 1 } else { lanes }).map(move |lane| (!shared).then_some(lane))
}

/// The pixels of a group of lanes.
fn pixels(operand: Operand<'_>, group: Option<usize>) -> &[f32] {
    group.map_or(operand.pixels(), |lane| operand.lane_pixels(lane))
}

/// The gradient of the pixels of a group of lanes.
fn gradient<'a>(gradients: &'a mut Gradients<'_>, input: usize, group: Option<usize>) -> Option<&'a mut [f32]> {
    match group {
        None => gradients.pixels(input),
        Some(lane) => gradients.lane_pixels(input, lane),
    }
}

impl<const TRANSPOSED: bool> FusedOp for Convolution<TRANSPOSED> {
    const NAME: &'static str = if TRANSPOSED { "conv_transpose2d" } else { "conv2d" };

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (image, weight) = (inputs[0].dims, inputs[1].dims);
        let (geometry, out) = if TRANSPOSED {
            let geometry = Geometry::transposed(self.kernel, image, weight)?;
            (geometry, geometry.wide)
        } else {
            let geometry = Geometry::convolution(self.kernel, image, weight)?;
            (geometry, geometry.deep)
        };
        self.geometry = Some(geometry);
        let dims = Dims::new(&[image.sizes()[0], out[0], out[1], out[2]]);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let Some(geometry) = self.geometry else { return };
        let lanes = out.shape.lanes;
        out.pixels().fill(0.0);
        for group in groups(inputs.at(1).shape, lanes) {
            let (images, weight) = (pixels(inputs.at(0), group), pixels(inputs.at(1), group));
            let out = match group {
                None => out.pixels(),
                Some(lane) => out.lane_pixels(lane),
            };
            if TRANSPOSED { spread(&geometry, images, weight, out) } else { correlate(&geometry, images, weight, out) }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Some(geometry) = self.geometry else { return };
        for group in groups(inputs.at(1).shape, out.shape.lanes) {
            let (images, weight) = (pixels(inputs.at(0), group), pixels(inputs.at(1), group));
            let cotangent = pixels(cotangent, group);
            if let Some(into) = gradient(gradients, 0, group) {
                if TRANSPOSED {
                    correlate(&geometry, cotangent, weight, into);
                } else {
                    spread(&geometry, cotangent, weight, into);
                }
            }
            if let Some(into) = gradient(gradients, 1, group) {
                let (wide, deep) = if TRANSPOSED { (cotangent, images) } else { (images, cotangent) };
                outer(&geometry, wide, deep, into);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::check;

    fn check_both(kernel: Kernel, batch: usize, wide: [usize; 3], deep: [usize; 3]) {
        let weight = [deep[0], wide[0], kernel.side, kernel.side];
        let image = |[c, h, w]: [usize; 3]| [batch, c, h, w];
        for (images, weights) in [(1, 1), (3, 1), (1, 2), (2, 2)] {
            let weight = pixels(weights, &weight);
            // Linear in each input: the rounding of f32 sums of some hundred terms, 1e-6, over a step of 0.1.
            let (down, up) = (pixels(images, &image(wide)), pixels(images, &image(deep)));
            check::vjp(|| Convolution::<false> { kernel, geometry: None }, &[down, weight.clone()], 0.1, 1e-4);
            check::vjp(|| Convolution::<true> { kernel, geometry: None }, &[up, weight], 0.1, 1e-4);
        }
    }

    #[test]
    fn the_vjp_of_convolutions_is_right_for_lanes_batches_strides_and_paddings() {
        let kernel = |side, stride, padding| Kernel { side, stride, padding };
        check_both(kernel(4, 2, 1), 2, [2, 8, 8], [3, 4, 4]);
        check_both(kernel(4, 2, 1), 1, [1, 4, 6], [7, 2, 3]);
        check_both(kernel(4, 1, 0), 2, [3, 4, 4], [5, 1, 1]);
        check_both(kernel(4, 1, 0), 1, [2, 5, 6], [2, 2, 3]);
        check_both(kernel(3, 1, 1), 2, [2, 4, 5], [2, 4, 5]);
        check_both(kernel(6, 3, 2), 1, [1, 8, 5], [2, 3, 2]);
    }
}
