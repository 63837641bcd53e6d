//! The bridge to dfdx: any of its tensor operations may stand inside a model.

use dfdx::shapes::{HasShape, Shape as _};
use dfdx::tensor::{Cpu, OwnedTape, Tensor, TensorFromVec, Trace};
use dfdx::tensor_ops::{Backward, SumTo};

use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::{Rank, Var};
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// A tensor of dfdx on a tape of its own: `[rows, columns]`, of a vector one row, of a number one of each.
pub type DfdxTensor = Tensor<(usize, usize), f64, Cpu, OwnedTape<f64, Cpu>>;

/// A function made of dfdx operations, as one node of the tape. It runs lane by lane, and once more on the way back: a tape of
/// dfdx's cannot be sent to another thread, so none is kept.
#[derive(Clone)]
struct Dfdx<F, const N: usize> {
    f: F,
    rank: usize,
}

/// Rows and columns of at most two dimensions.
fn matrix(dims: Dims) -> Result<(usize, usize)> {
    match *dims.sizes() {
        [] => Ok((1, 1)),
        [n] => Ok((1, n)),
        [rows, columns] => Ok((rows, columns)),
        _ => Err(Error::Axis { axis: 2, dims }),
    }
}

fn tensor(numbers: &[f64], shape: (usize, usize)) -> Tensor<(usize, usize), f64, Cpu> {
    Cpu::default().tensor_from_vec(numbers.to_vec(), shape)
}

impl<F, const N: usize> Dfdx<F, N>
where
    F: Fn([DfdxTensor; N]) -> DfdxTensor,
{
    /// The tensors of one lane.
    fn tensors(inputs: Inputs<'_>, lane: usize) -> [Tensor<(usize, usize), f64, Cpu>; N] {
        std::array::from_fn(|i| {
            let operand = inputs.at(i);
            // The shape was looked at by `shape`, which refuses any other rank.
            tensor(operand.lane(lane), matrix(operand.shape.dims).unwrap_or_default())
        })
    }
}

impl<F, const N: usize> FusedOp for Dfdx<F, N>
where
    F: Fn([DfdxTensor; N]) -> DfdxTensor + Clone + Send + 'static,
{
    const NAME: &'static str = "dfdx";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let mut sides = [(0, 0); N];
        for (side, input) in sides.iter_mut().zip(inputs) {
            *side = matrix(input.dims)?;
        }
        // dfdx tells the shape of a result by computing it.
        let probe = (self.f)(sides.map(|side| tensor(&vec![1.0; side.0 * side.1], side).leaky_traced()));
        let [rows, columns] = probe.shape().concrete();
        let dims = match (self.rank, rows, columns) {
            (0, 1, 1) => Dims::SCALAR,
            (1, 1, n) => Dims::new(&[n]),
            (2, rows, columns) => Dims::new(&[rows, columns]),
            _ => return Err(Error::DfdxShape { rank: self.rank, rows, columns }),
        };
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let result = (self.f)(Self::tensors(inputs, lane).map(Trace::leaky_traced));
            out.lane(lane).copy_from_slice(&result.as_vec());
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let leaves = Self::tensors(inputs, lane);
            let result = (self.f)(std::array::from_fn(|i| leaves[i].leaky_trace()));
            let weights = tensor(cotangent.lane(lane), *result.shape());
            let by_leaf = (result * weights).sum::<(), _>().backward();
            for (i, leaf) in leaves.iter().enumerate() {
                if let Some(into) = gradients.lane(i, lane) {
                    into.iter_mut().zip(by_leaf.get(leaf).as_vec()).for_each(|(g, d)| *g += d);
                }
            }
        }
    }
}

/// A function of several values made of dfdx operations, on each lane's tensors `[rows, columns]`.
///
/// ```
/// use dfdx::tensor_ops::{TryMatMul, tanh};
/// use ppl_core::autodiff::{IntoVar, dfdx};
///
/// let (x, w) = ([[1.0, 2.0]].into_var(), [[0.5], [0.25]].into_var());
/// let y = dfdx::<2, (usize, usize)>([x.as_value(), w.as_value()], |[x, w]| tanh(x.matmul(w)));
/// assert!((y.lane(0)[0] - 1.0_f64.tanh()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn dfdx<const N: usize, S: Rank>(
    inputs: [&Value; N],
    f: impl Fn([DfdxTensor; N]) -> DfdxTensor + Clone + Send + 'static,
) -> Var<S> {
    Var::or_fault(record(Dfdx::<_, N> { f, rank: S::RANK }, &inputs))
}

impl<S: Rank> Var<S> {
    /// Runs dfdx operations on this value, each lane as `[rows, columns]`; the result has the same rank.
    ///
    /// ```
    /// use dfdx::tensor_ops::softmax;
    /// use dfdx::shapes::Axis;
    /// use ppl_core::Var;
    /// let y = Var::vector([0.0, 0.0]).via_dfdx(|t| t.softmax::<Axis<1>>());
    /// assert_eq!(y.lane(0), [0.5, 0.5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn via_dfdx(&self, f: impl Fn(DfdxTensor) -> DfdxTensor + Clone + Send + 'static) -> Var<S> {
        dfdx([self.as_value()], move |[x]: [DfdxTensor; 1]| f(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;
    use dfdx::tensor_ops::{TryDiv, TryMatMul, fast_gelu, tanh};

    #[test]
    fn dfdx_operations_inside_a_model_have_the_right_gradient_in_every_lane() {
        let x = Value::constant(Shape::new(2, Dims::new(&[3])), vec![-1.0, -0.2, 0.3, 0.5, 1.0, 2.0]);
        let f = |inputs: &[Value]| {
            let x = Var::<(usize,)>::from_value(inputs[0].clone());
            let y = &x * &x;
            y.via_dfdx(|t| fast_gelu(t).try_div(2.0).unwrap()).as_value().clone()
        };
        check::function(f, &[x], 1e-5, 1e-8);
    }

    #[test]
    fn a_layer_of_dfdx_takes_weights_of_the_model() {
        let value = |lanes, dims: &[usize]| {
            let shape = Shape::new(lanes, Dims::new(dims));
            Value::constant(shape, (0..shape.len()).map(|i| (1.3 * i as f64).sin()).collect::<Vec<f64>>())
        };
        let layer = || Dfdx::<_, 2> { f: |[x, w]: [DfdxTensor; 2]| tanh(x.matmul(w)), rank: 2 };
        for (a, b) in [(1, 1), (1, 2), (2, 2)] {
            check::vjp(layer, &[value(a, &[4, 3]), value(b, &[3, 2])], 1e-5, 1e-8);
        }
    }

    fn two_by_two() -> Value {
        Value::shared(Dims::new(&[2, 2]), vec![1.0; 4])
    }

    #[test]
    fn a_result_of_another_rank_is_an_error_that_says_so() {
        let product = dfdx::<2, ()>([&two_by_two(), &two_by_two()], |[a, b]| a.matmul(b));
        let error = product.value().unwrap_err().to_string();
        assert!(error.contains("2 x 2") && error.contains("rank 0"), "{error}");
    }
}
