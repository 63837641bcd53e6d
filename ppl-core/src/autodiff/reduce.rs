//! Sums, products with matrices, picking and stacking: operations that change the rank.

use super::op::{FusedOp, Gradient, Operand, record};
use super::shape::{Dims, Shape, Walk};
use super::value::{Data, Value};
use super::var::{Rank, Var};
use crate::error::{Error, Result};

/// Sum over all elements of a lane.
struct Sum;

impl FusedOp for Sum {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let lanes = inputs[0].shape.lanes;
        let sums = (0..lanes).map(|l| inputs[0].lane(l).iter().sum()).collect();
        Ok((Shape::new(lanes, Dims::SCALAR), Data::F64(sums)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for lane in 0..out.shape.lanes {
            let c = cotangent.lane(lane)[0];
            if let Some(into) = gradients[0].lane(lane) {
                into.iter_mut().for_each(|g| *g += c);
            }
        }
    }
}

/// Sum of any number of scalars: the last node of a log density.
pub(crate) struct Total;

impl FusedOp for Total {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let lanes = inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1);
        let mut sums = vec![0.0; lanes];
        for input in inputs {
            match input.numbers() {
                [shared] => sums.iter_mut().for_each(|sum| *sum += shared),
                own => sums.iter_mut().zip(own).for_each(|(sum, term)| *sum += term),
            }
        }
        Ok((Shape::new(lanes, Dims::SCALAR), Data::F64(sums)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for gradient in gradients {
            if let Some(into) = gradient.same_as(out.shape) {
                into.iter_mut().zip(cotangent.numbers()).for_each(|(g, c)| *g += c);
            } else if let Some(into) = gradient.lane(0) {
                // One lane that all share.
                into[0] += cotangent.numbers().iter().sum::<f64>();
            }
        }
    }
}

/// y = A x for A `[n, k]` and x `[k]`.
struct MatVec;

impl FusedOp for MatVec {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let (a, x) = (inputs[0].shape, inputs[1].shape);
        let (n, k) = (a.dims.sizes()[0], a.dims.sizes()[1]);
        if x.dims.len() != k {
            return Err(Error::Broadcast { left: a.dims, right: x.dims });
        }
        let lanes = a.lanes.max(x.lanes);
        let mut y = Vec::with_capacity(lanes * n);
        for lane in 0..lanes {
            let x = inputs[1].lane(lane);
            y.extend(inputs[0].lane(lane).chunks_exact(k).map(|row| dot(row, x)));
        }
        Ok((Shape::new(lanes, Dims::new(&[n])), Data::F64(y)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let k = inputs[1].shape.dims.len();
        for lane in 0..out.shape.lanes {
            let (a, x, c) = (inputs[0].lane(lane), inputs[1].lane(lane), cotangent.lane(lane));
            if let Some(into) = gradients[0].lane(lane) {
                for (row, c) in into.chunks_exact_mut(k).zip(c) {
                    row.iter_mut().zip(x).for_each(|(g, x)| *g += c * x);
                }
            }
            if let Some(into) = gradients[1].lane(lane) {
                for (row, c) in a.chunks_exact(k).zip(c) {
                    into.iter_mut().zip(row).for_each(|(g, a)| *g += c * a);
                }
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Elements `start .. start + dims.len()` of each lane, as `dims`.
pub(crate) struct Slice {
    pub(crate) start: usize,
    pub(crate) dims: Dims,
}

impl FusedOp for Slice {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let shape = Shape::new(inputs[0].shape.lanes, self.dims);
        let mut out = Vec::with_capacity(shape.len());
        for lane in 0..shape.lanes {
            out.extend_from_slice(&inputs[0].lane(lane)[self.start..self.start + self.dims.len()]);
        }
        Ok((shape, Data::F64(out)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for lane in 0..out.shape.lanes {
            if let Some(into) = gradients[0].lane(lane) {
                let into = &mut into[self.start..self.start + self.dims.len()];
                into.iter_mut().zip(cotangent.lane(lane)).for_each(|(g, c)| *g += c);
            }
        }
    }
}

/// The input broadcast to larger dimensions.
struct Expand {
    dims: Dims,
    walk: Walk,
}

impl FusedOp for Expand {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let from = inputs[0].shape;
        if self.dims.broadcast(from.dims) != Some(self.dims) {
            return Err(Error::Broadcast { left: self.dims, right: from.dims });
        }
        self.walk = self.dims.walk(from.dims);
        let out = (0..from.lanes).flat_map(|l| (0..self.dims.len()).map(move |e| (l, e)));
        let out = out.map(|(l, e)| inputs[0].lane(l)[self.walk.at(e)]).collect();
        Ok((Shape::new(from.lanes, self.dims), Data::F64(out)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for lane in 0..out.shape.lanes {
            if let Some(into) = gradients[0].lane(lane) {
                cotangent.lane(lane).iter().enumerate().for_each(|(e, c)| into[self.walk.at(e)] += c);
            }
        }
    }
}

impl Value {
    /// The value broadcast to larger dimensions.
    ///
    /// # Errors
    /// Where it does not broadcast to them.
    pub fn expanded(&self, dims: Dims) -> Result<Value> {
        record(Expand { dims, walk: Walk::Along }, &[self])
    }
}

/// Inputs laid one after the other in each lane, as `dims`.
struct Concat(Dims);

impl FusedOp for Concat {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let shape = Shape::new(inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1), self.0);
        let out = (0..shape.lanes).flat_map(|l| inputs.iter().flat_map(move |i| i.lane(l).iter().copied()));
        Ok((shape, Data::F64(out.collect())))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for lane in 0..out.shape.lanes {
            let mut rest = cotangent.lane(lane);
            for (input, gradient) in inputs.iter().zip(gradients.iter_mut()) {
                let (mine, after) = rest.split_at(input.shape.dims.len());
                rest = after;
                if let Some(into) = gradient.lane(lane) {
                    into.iter_mut().zip(mine).for_each(|(g, c)| *g += c);
                }
            }
        }
    }
}

/// Records an operation whose inputs were checked before.
fn fits<S: Rank>(result: Result<Value>) -> Var<S> {
    Var::from_value(result.unwrap_or_else(|e| panic!("{e}")))
}

impl<S: Rank> Var<S> {
    /// The sum of all elements.
    pub fn sum(&self) -> Var<()> {
        fits(record(Sum, &[self.as_value()]))
    }

    /// The mean of all elements.
    pub fn mean(&self) -> Var<()> {
        self.sum() / self.dims().len() as f64
    }
}

impl Var<(usize,)> {
    /// One element.
    ///
    /// # Errors
    /// Where `i` is out of range.
    pub fn get(&self, i: usize) -> Result<Var<()>> {
        if i >= self.len() {
            return Err(Error::Index { index: i, length: self.len() });
        }
        Ok(fits(record(Slice { start: i, dims: Dims::SCALAR }, &[self.as_value()])))
    }

    /// All elements of a vector of known length: `let [e1, e2] = e.unstack()?;`
    ///
    /// # Errors
    /// Where the length is another.
    pub fn unstack<const N: usize>(&self) -> Result<[Var<()>; N]> {
        if self.len() != N {
            return Err(Error::ArrayLength { expected: N, got: self.len() });
        }
        let element = |start| fits(record(Slice { start, dims: Dims::SCALAR }, &[self.as_value()]));
        Ok(std::array::from_fn(element))
    }

    /// The inner product with a vector of the same length.
    pub fn dot(&self, other: &Var<(usize,)>) -> Var<()> {
        (self * other).sum()
    }

    /// A vector of scalars.
    pub fn stack(scalars: &[Var<()>]) -> Self {
        let inputs: Vec<&Value> = scalars.iter().map(Var::as_value).collect();
        fits(record(Concat(Dims::new(&[scalars.len()])), &inputs))
    }
}

impl Var<(usize, usize)> {
    /// The product of a matrix `[n, k]` with a vector `[k]`: `[n]`.
    ///
    /// # Errors
    /// Where the inner sizes differ.
    pub fn matvec(&self, x: &Var<(usize,)>) -> Result<Var<(usize,)>> {
        record(MatVec, &[self.as_value(), x.as_value()]).map(Var::from_value)
    }
}

/// The sum of scalars.
pub(crate) fn total(terms: &[Value]) -> Result<Value> {
    record(Total, &terms.iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    fn value(lanes: usize, dims: &[usize]) -> Value {
        let shape = Shape::new(lanes, Dims::new(dims));
        Value::constant(shape, Data::F64((0..shape.len()).map(|i| (1.3 * i as f64).sin()).collect()))
    }

    #[test]
    fn the_vjp_of_every_operation_that_changes_the_rank_is_right() {
        for (a, b) in [(1, 1), (1, 3), (3, 1), (3, 3)] {
            check::vjp(|| Sum, &[value(a, &[4])], 1e-5, 1e-9);
            check::vjp(|| Total, &[value(a, &[]), value(b, &[])], 1e-5, 1e-9);
            check::vjp(|| MatVec, &[value(a, &[2, 3]), value(b, &[3])], 1e-5, 1e-9);
            check::vjp(|| Slice { start: 1, dims: Dims::new(&[2]) }, &[value(a, &[4])], 1e-5, 1e-9);
            let expand = || Expand { dims: Dims::new(&[2, 3]), walk: Walk::Along };
            check::vjp(expand, &[value(a, &[3])], 1e-5, 1e-9);
            check::vjp(expand, &[value(a, &[2, 1])], 1e-5, 1e-9);
            check::vjp(|| Concat(Dims::new(&[5])), &[value(a, &[2]), value(b, &[3])], 1e-5, 1e-9);
        }
    }

    #[test]
    fn a_vector_comes_apart_into_as_many_scalars_as_it_has() {
        let v = Var::vector([1.0, 2.0]);
        let [a, b] = v.unstack().unwrap();
        assert_eq!((a.value().unwrap(), b.value().unwrap()), (1.0, 2.0));
        assert_eq!(v.unstack::<3>().unwrap_err(), Error::ArrayLength { expected: 3, got: 2 });
    }

    #[test]
    fn a_matrix_times_a_vector_of_another_length_is_an_error_with_both_shapes() {
        let error = Var::matrix(2, 3, vec![0.0; 6]).unwrap().matvec(&Var::vector([1.0, 2.0])).unwrap_err();
        assert!(error.to_string().contains("[2, 3]") && error.to_string().contains("[2]"), "{error}");
    }
}
