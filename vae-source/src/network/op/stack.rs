//! Two arrays of one shape, one after the other.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, common_lanes, record};
use ppl_core::{Array, Error, Result};

/// Two arrays of one shape `[..]` as one `[2, ..]`.
///
/// # Errors
/// Two shapes.
pub fn stacked(first: &Array, second: &Array) -> Result<Array> {
    record(Stack, &[first.as_value(), second.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
struct Stack;

impl FusedOp for Stack {
    const NAME: &'static str = "stack";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let [left, right] = [inputs[0].dims, inputs[1].dims];
        if left != right {
            return Err(Error::Broadcast { left, right });
        }
        Ok(Output::pixels(Shape::new(common_lanes(inputs), Dims::new(&[2]).then(left))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let half = inputs.at(0).shape.dims.len();
            let (first, second) = out.lane_pixels(lane).split_at_mut(half);
            first.copy_from_slice(inputs.at(0).lane_pixels(lane));
            second.copy_from_slice(inputs.at(1).lane_pixels(lane));
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let half = out.shape.dims.len() / 2;
        for lane in 0..out.shape.lanes {
            for input in 0..2 {
                let Some(into) = gradients.lane_pixels(input, lane) else { continue };
                let from = &cotangent.lane_pixels(lane)[input * half..];
                into.iter_mut().zip(from).for_each(|(g, c)| *g += c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_a_stack_is_right() {
        for (a, b) in [(1, 1), (2, 1), (2, 2)] {
            // Linear: rounding of f32 alone.
            check::vjp(|| Stack, &[pixels(a, &[3]), pixels(b, &[3])], 0.1, 1e-5);
        }
    }
}
