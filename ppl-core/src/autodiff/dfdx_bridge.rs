//! The bridge to dfdx: any of its tensor operations may stand inside a model.

use dfdx::shapes::{HasShape, Shape as _};
use dfdx::tensor::{Cpu, PutTape, SplitTape, Tape as _, Tensor, TensorFromVec};

use super::shape::{Dims, Shape};
use super::tape::Tape;
use super::value::{Data, Value};
use super::var::{Rank, Var};
use crate::error::{Error, Result};

/// A dfdx tensor on arclet's tape, `[lanes, elements]`.
type Tensor2 = Tensor<(usize, usize), f64, Cpu, Tape>;

impl<S: Rank> Var<S> {
    /// Runs dfdx operations on this value, given as `[lanes, elements]`, and takes back a tensor of the same shape.
    ///
    /// # Errors
    /// Where the result has another shape.
    pub fn via_dfdx(&self, f: impl FnOnce(Tensor2) -> Tensor2) -> Result<Var<S>> {
        let (node, shape) = (self.as_value().node.clone(), self.as_value().shape());
        let tensor =
            Cpu::default().tensor_from_vec(self.as_value().numbers().to_vec(), (shape.lanes, shape.dims.len()));
        let mut tape = self.as_value().tape.clone();
        let leaf = tensor.clone();
        tape.add_backward_op(move |gradients| {
            node.add_gradient(Data::F64(gradients.get_or_alloc_mut(&leaf)?.to_vec()));
            Ok(())
        });
        let (result, mut tape) = f(tensor.put_tape(tape)).split_tape();
        let got = result.shape().concrete();
        if got != [shape.lanes, shape.dims.len()] {
            return Err(Error::Broadcast { left: shape.dims, right: Dims::new(&got) });
        }
        let value = Value::on(tape.clone(), Shape::new(shape.lanes, shape.dims), Data::F64(result.as_vec()));
        let out = value.node.clone();
        tape.add_backward_op(move |gradients| {
            if let Some(Data::F64(cotangent)) = out.take_gradient().as_ref() {
                gradients.get_or_alloc_mut(&result)?.copy_from_slice(cotangent);
            }
            Ok(())
        });
        Ok(Var::from_value(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;
    use dfdx::tensor_ops::{TryDiv, fast_gelu};

    #[test]
    fn a_dfdx_operation_inside_a_model_has_the_right_gradient() {
        let x = Value::constant(Shape::new(2, Dims::new(&[3])), Data::F64(vec![-1.0, -0.2, 0.3, 0.5, 1.0, 2.0]));
        let f = |inputs: &[Value]| {
            let x = Var::<(usize,)>::from_value(inputs[0].clone());
            let y = &x * &x;
            y.via_dfdx(|t| fast_gelu(t).try_div(2.0).unwrap()).unwrap().as_value().clone()
        };
        check::function(f, &[x], 1e-5, 1e-8);
    }
}
