//! Activations, pixel by pixel.

use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::{Array, Result};
use rayon::prelude::*;

/// Pixels of one task.
const CHUNK: usize = 16 * 1024;

/// x where it is positive, else `slope` x: LeakyReLU, and ReLU with slope zero.
///
/// # Errors
/// A value that stands for a mistake.
pub fn leaky_relu(x: &Array, slope: f32) -> Result<Array> {
    record(LeakyRelu { slope }, &[x.as_value()]).map(Array::from_value)
}

/// The hyperbolic tangent.
///
/// # Errors
/// A value that stands for a mistake.
pub fn tanh(x: &Array) -> Result<Array> {
    record(Tanh, &[x.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
struct LeakyRelu {
    slope: f32,
}

impl FusedOp for LeakyRelu {
    const NAME: &'static str = "leaky_relu";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::pixels(inputs[0]))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let slope = self.slope;
        let chunks = out.pixels().par_chunks_mut(CHUNK).zip(inputs.at(0).pixels().par_chunks(CHUNK));
        chunks.for_each(|(y, x)| y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > 0.0 { *x } else { slope * x }));
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (slope, Some(into)) = (self.slope, gradients.pixels(0)) else { return };
        let sources = inputs.at(0).pixels().par_chunks(CHUNK).zip(cotangent.pixels().par_chunks(CHUNK));
        into.par_chunks_mut(CHUNK).zip(sources).for_each(|(g, (x, c))| {
            for ((g, x), c) in g.iter_mut().zip(x).zip(c) {
                *g += if *x > 0.0 { *c } else { slope * c };
            }
        });
    }
}

#[derive(Clone)]
struct Tanh;

impl FusedOp for Tanh {
    const NAME: &'static str = "tanh";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::pixels(inputs[0]))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let chunks = out.pixels().par_chunks_mut(CHUNK).zip(inputs.at(0).pixels().par_chunks(CHUNK));
        chunks.for_each(|(y, x)| y.iter_mut().zip(x).for_each(|(y, x)| *y = x.tanh()));
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Some(into) = gradients.pixels(0) else { return };
        for ((g, y), c) in into.iter_mut().zip(out.pixels()).zip(cotangent.pixels()) {
            *g += (1.0 - y * y) * c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_activations_is_right() {
        for lanes in [1, 3] {
            // No pixel is within the step of the kink at zero; f32 rounding over the step: 1e-7 / 1e-2.
            check::vjp(|| LeakyRelu { slope: 0.2 }, &[pixels(lanes, &[2, 3])], 1e-2, 1e-4);
            check::vjp(|| LeakyRelu { slope: 0.0 }, &[pixels(lanes, &[2, 3])], 1e-2, 1e-4);
            // The curvature of tanh: h^2 / 3.
            check::vjp(|| Tanh, &[pixels(lanes, &[2, 3])], 1e-2, 1e-4);
        }
    }
}
