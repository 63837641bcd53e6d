//! A Cholesky factor from what may move freely: its scales, and what stands below a diagonal of ones.

use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Var, record};
use ppl_core::{Error, Result};

/// L_ij = scale_i B_ij below the diagonal, L_ii = scale_i (NumPyro's `scaled_unit_lower_cholesky`); B above and on its diagonal is
/// not looked at.
pub(super) fn scale_tril(scale: &Var<(usize,)>, below: &Var<(usize, usize)>) -> Result<Var<(usize, usize)>> {
    Ok(Var::from_value(record(ScaleTril, &[scale.as_value(), below.as_value()])?))
}

#[derive(Clone)]
struct ScaleTril;

impl FusedOp for ScaleTril {
    const NAME: &'static str = "scale_tril";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let [scale, below] = [inputs[0], inputs[1]];
        if below.dims.sizes() != [scale.dims.len(); 2] {
            return Err(Error::Broadcast { left: scale.dims, right: below.dims });
        }
        Ok(Output::numbers(Shape::new(scale.lanes.max(below.lanes), below.dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (scale, below, l) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane), out.lane(lane));
            let n = scale.len();
            l.fill(0.0);
            for i in 0..n {
                (0..i).for_each(|j| l[i * n + j] = scale[i] * below[i * n + j]);
                l[i * n + i] = scale[i];
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let (scale, below, c) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane), cotangent.lane(lane));
            let n = scale.len();
            if let Some(into) = gradients.lane(0, lane) {
                for i in 0..n {
                    into[i] += c[i * n + i] + (0..i).map(|j| c[i * n + j] * below[i * n + j]).sum::<f64>();
                }
            }
            if let Some(into) = gradients.lane(1, lane) {
                (0..n).for_each(|i| (0..i).for_each(|j| into[i * n + j] += c[i * n + j] * scale[i]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Dims, Value, check};

    #[test]
    fn the_vjp_is_right_for_shared_and_own_lanes() {
        let scale = Value::constant(Shape::new(1, Dims::new(&[3])), vec![0.5, 1.5, 0.7]);
        let below: Vec<f64> = (0..18).map(|i| (f64::from(i) * 1.3).sin()).collect();
        let below = Value::constant(Shape::new(2, Dims::new(&[3, 3])), below);
        check::vjp(|| ScaleTril, &[scale, below], 1e-5, 1e-9);
    }
}
