//! Batch normalisation with given statistics, and the LeakyReLU behind it, in one pass.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, common_lanes, record};
use ppl_core::{Array, Error, Result};
use rayon::prelude::*;

use super::statistics::{planes, sides};

/// What PyTorch adds to a variance.
pub(in crate::network) const EPSILON: f32 = 1e-5;

/// leaky_relu(weight (x - mean) / sqrt(variance + 1e-5) + bias) for images `[batch, channels, height, width]`, statistics `[2,
/// channels]` (mean, variance), weight and bias `[channels]`. Slope 0 is ReLU, slope 1 no activation. What has one lane serves
/// all lanes.
///
/// # Errors
/// Other shapes.
pub fn normalised(images: &Array, statistics: &Array, weight: &Array, bias: &Array, slope: f32) -> Result<Array> {
    let op = Normalise { slope, sides: [0; 3], sums: vec![] };
    record(op, &[images, statistics, weight, bias].map(Array::as_value)).map(Array::from_value)
}

#[derive(Clone)]
struct Normalise {
    slope: f32,
    sides: [usize; 3],
    /// For each channel: the sum of the gradient behind the activation, and of its product with x - mean.
    sums: Vec<[f64; 2]>,
}

/// What a channel is multiplied with, its mean, and what it is divided by.
struct Channel {
    factor: f32,
    mean: f32,
    bias: f32,
    /// 1 / sqrt(variance + epsilon).
    inverse: f32,
}

/// The statistics and the parameters of one lane.
#[derive(Clone, Copy)]
struct Layer<'a>([&'a [f32]; 3]);

impl<'a> Layer<'a> {
    fn of(inputs: Inputs<'a>, lane: usize) -> Self {
        Layer([1, 2, 3].map(|i| inputs.at(i).lane_pixels(lane)))
    }

    fn channel(self, at: usize) -> Channel {
        let Layer([statistics, weight, bias]) = self;
        let inverse = 1.0 / (statistics[weight.len() + at] + EPSILON).sqrt();
        Channel { factor: weight[at] * inverse, mean: statistics[at], bias: bias[at], inverse }
    }
}

impl FusedOp for Normalise {
    const NAME: &'static str = "batch_normalise";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.sides = sides(inputs[0].dims)?;
        let channels = self.sides[1];
        let wanted = [Dims::new(&[2, channels]), Dims::new(&[channels]), Dims::new(&[channels])];
        if let Some((input, _)) = inputs[1..].iter().zip(wanted).find(|(input, wanted)| input.dims != *wanted) {
            return Err(Error::Broadcast { left: inputs[0].dims, right: input.dims });
        }
        self.sums.resize(channels, [0.0; 2]);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), inputs[0].dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let ([_, channels, pixels], slope) = (self.sides, self.slope);
        for lane in 0..out.shape.lanes {
            let layer = Layer::of(inputs, lane);
            let sources = inputs.at(0).lane_pixels(lane).par_chunks_exact(pixels);
            let planes = out.lane_pixels(lane).par_chunks_exact_mut(pixels).zip(sources);
            planes.enumerate().with_min_len(16).for_each(|(plane, (y, x))| {
                let Channel { factor, mean, bias, .. } = layer.channel(plane % channels);
                for (y, x) in y.iter_mut().zip(x) {
                    let normal = factor * (x - mean) + bias;
                    *y = if normal > 0.0 { normal } else { slope * normal };
                }
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let ([_, channels, pixels], slope) = (self.sides, self.slope);
        // The sign of the output is that of what the activation took.
        let through = |y: f32, c: f32| if y > 0.0 { c } else { slope * c };
        for lane in 0..out.shape.lanes {
            let layer = Layer::of(inputs, lane);
            let (x, y, c) = (inputs.at(0).lane_pixels(lane), out.lane_pixels(lane), cotangent.lane_pixels(lane));
            if let Some(into) = gradients.lane_pixels(0, lane) {
                let sources = y.par_chunks_exact(pixels).zip(c.par_chunks_exact(pixels));
                let planes = into.par_chunks_exact_mut(pixels).zip(sources);
                planes.enumerate().with_min_len(16).for_each(|(plane, (into, (y, c)))| {
                    let factor = layer.channel(plane % channels).factor;
                    into.iter_mut().zip(y).zip(c).for_each(|((g, y), c)| *g += factor * through(*y, *c));
                });
            }
            if !(1..4).any(|input| gradients.is_wanted(input)) {
                continue;
            }
            self.sums.par_iter_mut().enumerate().with_min_len(8).for_each(|(at, sums)| {
                *sums = [0.0; 2];
                let mean = layer.channel(at).mean;
                let of = |pixels| planes(self.sides, pixels, at);
                for ((x, y), c) in of(x).zip(of(y)).zip(of(c)) {
                    let [plain, moved] = sums_of(x, y, c, mean, slope);
                    sums[0] += plain;
                    sums[1] += moved;
                }
            });
            for (at, [plain, moved]) in self.sums.iter().enumerate() {
                let Channel { factor, inverse, .. } = layer.channel(at);
                if let Some(into) = gradients.lane_pixels(1, lane) {
                    into[at] -= (f64::from(factor) * plain) as f32;
                    into[channels + at] -= (0.5 * f64::from(factor * inverse * inverse) * moved) as f32;
                }
                if let Some(into) = gradients.lane_pixels(2, lane) {
                    into[at] += (moved * f64::from(inverse)) as f32;
                }
                if let Some(into) = gradients.lane_pixels(3, lane) {
                    into[at] += *plain as f32;
                }
            }
        }
    }
}

/// Partial sums that run side by side.
const SUMS: usize = 16;

/// Over one plane, the sums of the gradient behind the activation and of its product with x - mean.
fn sums_of(x: &[f32], y: &[f32], c: &[f32], mean: f32, slope: f32) -> [f64; 2] {
    let (mut plain, mut moved) = ([0.0_f32; SUMS], [0.0_f32; SUMS]);
    let mut add = |i: usize, x: f32, y: f32, c: f32| {
        let g = if y > 0.0 { c } else { slope * c };
        plain[i] += g;
        moved[i] += g * (x - mean);
    };
    let ((x, x_rest), (y, y_rest), (c, c_rest)) = (x.as_chunks::<SUMS>(), y.as_chunks::<SUMS>(), c.as_chunks::<SUMS>());
    for ((x, y), c) in x.iter().zip(y).zip(c) {
        (0..SUMS).for_each(|i| add(i, x[i], y[i], c[i]));
    }
    x_rest.iter().zip(y_rest).zip(c_rest).enumerate().for_each(|(i, ((x, y), c))| add(i, *x, *y, *c));
    [plain, moved].map(|sums| sums.iter().map(|sum| f64::from(*sum)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_batch_normalisation_is_right_for_lanes_and_slopes() {
        let statistics = |lanes: usize| {
            let numbers: Vec<f32> = [0.1, -0.2, 0.7, 1.3].repeat(lanes);
            Value::constant(Shape::new(lanes, Dims::new(&[2, 2])), numbers)
        };
        for (images, others) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            for slope in [0.0, 0.2, 1.0] {
                let inputs = [pixels(images, &[2, 2, 3, 6]), statistics(others), pixels(others, &[2]), pixels(1, &[2])];
                let op = || Normalise { slope, sides: [0; 3], sums: vec![] };
                // Curvature by the variance, h^2; no pixel within a step of the kink.
                check::vjp(op, &inputs, 2e-3, 1e-3);
            }
        }
    }

    #[test]
    fn statistics_of_other_channels_are_an_error_with_both_shapes() {
        let array = |dims: &[usize]| Array::from_value(pixels(1, dims));
        let [images, channel] = [array(&[2, 3, 4, 4]), array(&[3])];
        let error = normalised(&images, &array(&[2, 4]), &channel, &channel, 0.0).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("[2, 3, 4, 4]") && error.to_string().contains("[2, 4]"), "{error}");
    }
}
