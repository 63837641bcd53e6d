//! The linear layer.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, common_lanes, record};
use ppl_core::{Array, Error, Result};

use super::dense;

/// `y[b][o] = sum_k weight[o][k] x[b][k] + bias[o]` for `x` `[batch, ..]` (what follows the batch is flattened), `weight`
/// `[out, k]`, `bias` `[out]`: `[batch, out]`. What has one lane serves all lanes.
///
/// # Errors
/// Other shapes.
pub fn linear(x: &Array, weight: &Array, bias: &Array) -> Result<Array> {
    record(Linear { sides: [0; 3] }, &[x.as_value(), weight.as_value(), bias.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
struct Linear {
    /// Batch, inputs, outputs.
    sides: [usize; 3],
}

impl FusedOp for Linear {
    const NAME: &'static str = "linear";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let [x, weight, bias] = [0, 1, 2].map(|i| inputs[i].dims);
        let batch = x.sizes().first().copied().unwrap_or(0);
        let misfit = || Error::Broadcast { left: x, right: weight };
        let &[outputs, depth] = weight.sizes() else { return Err(misfit()) };
        if batch == 0 || x.len() != batch * depth {
            return Err(misfit());
        }
        if bias.sizes() != [outputs] {
            return Err(Error::Broadcast { left: weight, right: bias });
        }
        self.sides = [batch, depth, outputs];
        Ok(Output::pixels(Shape::new(common_lanes(inputs), Dims::new(&[batch, outputs]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let [_, depth, outputs] = self.sides;
        for lane in 0..out.shape.lanes {
            let [x, weight, bias] = [0, 1, 2].map(|i| inputs.at(i).lane_pixels(lane));
            let out = out.lane_pixels(lane);
            out.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(bias));
            dense::with_rows(x, weight, out, depth, outputs);
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let [_, depth, outputs] = self.sides;
        for lane in 0..out.shape.lanes {
            let [x, weight] = [0, 1].map(|i| inputs.at(i).lane_pixels(lane));
            let cotangent = cotangent.lane_pixels(lane);
            if let Some(into) = gradients.lane_pixels(0, lane) {
                dense::with_columns(cotangent, weight, into, outputs, depth);
            }
            if let Some(into) = gradients.lane_pixels(1, lane) {
                dense::outer(cotangent, x, into, outputs, depth);
            }
            if let Some(into) = gradients.lane_pixels(2, lane) {
                for row in cotangent.chunks_exact(outputs) {
                    into.iter_mut().zip(row).for_each(|(g, c)| *g += c);
                }
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
    fn the_vjp_of_a_linear_layer_is_right_for_lanes() {
        for (x, weight) in [(1, 1), (3, 1), (1, 2), (2, 2)] {
            let inputs = [pixels(x, &[3, 2, 5]), pixels(weight, &[7, 10]), pixels(1, &[7])];
            // Linear in each input: rounding of f32 alone.
            check::vjp(|| Linear { sides: [0; 3] }, &inputs, 0.1, 1e-4);
        }
    }

    #[test]
    fn a_matrix_of_another_width_is_an_error_with_both_shapes() {
        let array = |dims: &[usize]| Array::from_value(pixels(1, dims));
        let error = linear(&array(&[2, 3]), &array(&[5, 4]), &array(&[5])).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("[2, 3]") && error.to_string().contains("[5, 4]"), "{error}");
        let error = linear(&array(&[2, 4]), &array(&[5, 4]), &array(&[4])).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("[5, 4]") && error.to_string().contains("[4]"), "{error}");
    }
}
