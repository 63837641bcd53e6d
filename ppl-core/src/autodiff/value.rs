//! Values: reference-counted numbers with lanes, f64 on the host or f32 pixels, and the gradient beside them.

use std::cell::RefCell;
use std::rc::Rc;

use super::shape::{Dims, Shape};
use super::tape::Tape;
use crate::array::pool;

/// The numbers of a value: parameters are f64, pixels f32.
#[derive(Debug)]
pub enum Data {
    /// Double precision, on the host.
    F64(Vec<f64>),
    /// Single precision pixels.
    F32(Vec<f32>),
}

impl Data {
    /// Zeros of the same kind and length.
    pub(crate) fn zeros_like(&self) -> Data {
        match self {
            Data::F64(v) => Data::F64(vec![0.0; v.len()]),
            Data::F32(v) => Data::F32(pool::zeros(v.len())),
        }
    }

    fn add(&mut self, other: &Data) {
        match (self, other) {
            (Data::F64(a), Data::F64(b)) => a.iter_mut().zip(b).for_each(|(a, b)| *a += b),
            (Data::F32(a), Data::F32(b)) => a.iter_mut().zip(b).for_each(|(a, b)| *a += b),
            _ => unreachable!("a gradient has the kind of its value"),
        }
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Data::F32(pixels) = self {
            pool::give_back(std::mem::take(pixels));
        }
    }
}

/// What a tape's closures hold: the numbers and their gradient, without the tape (which would be a cycle).
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) data: Data,
    gradient: RefCell<Option<Data>>,
}

impl Node {
    pub(super) fn new(shape: Shape, data: Data) -> Self {
        Node { shape, data, gradient: RefCell::new(None) }
    }

    /// Takes the gradient out, or `None` where nothing has flowed into it.
    pub(super) fn take_gradient(&self) -> Option<Data> {
        self.gradient.borrow_mut().take()
    }

    /// Adds to the gradient (the first contribution is moved in).
    pub(super) fn add_gradient(&self, more: Data) {
        let mut slot = self.gradient.borrow_mut();
        match slot.as_mut() {
            Some(sum) => sum.add(&more),
            None => *slot = Some(more),
        }
    }
}

/// A value of any rank and kind on a tape; [`super::Var`] and [`crate::array::Array`] are its typed faces.
#[derive(Clone)]
pub struct Value {
    pub(super) node: Rc<Node>,
    pub(super) tape: Tape,
}

impl Value {
    /// A value that no gradient flows to.
    ///
    /// # Panics
    /// Where the data do not fill the shape, which is a bug in the calling operation.
    pub fn constant(shape: Shape, data: Data) -> Self {
        Value::on(Tape::default(), shape, data)
    }

    /// A leaf of `tape`: a value whose gradient is wanted.
    pub fn leaf(tape: &Tape, shape: Shape, data: Data) -> Self {
        Value::on(tape.clone(), shape, data)
    }

    pub(super) fn on(tape: Tape, shape: Shape, data: Data) -> Self {
        let len = match &data {
            Data::F64(v) => v.len(),
            Data::F32(v) => v.len(),
        };
        assert_eq!(len, shape.len(), "data of {len} numbers for {shape:?}");
        Value { node: Rc::new(Node::new(shape, data)), tape }
    }

    /// A constant of `dims`, the same in every lane.
    pub fn shared(dims: Dims, values: Vec<f64>) -> Self {
        Value::constant(Shape::new(1, dims), Data::F64(values))
    }

    /// Lanes and dimensions.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.node.shape
    }

    /// Dimensions without lanes.
    #[inline]
    pub fn dims(&self) -> Dims {
        self.node.shape.dims
    }

    /// How many lanes are stored (1 where all lanes share the value).
    #[inline]
    pub fn lanes(&self) -> usize {
        self.node.shape.lanes
    }

    /// The numbers.
    #[inline]
    pub fn data(&self) -> &Data {
        &self.node.data
    }

    /// The numbers of a host value, `[lanes, dims]` row-major; empty for pixels.
    #[inline]
    pub fn numbers(&self) -> &[f64] {
        match &self.node.data {
            Data::F64(v) => v,
            Data::F32(_) => &[],
        }
    }

    /// The numbers of one lane of a host value.
    #[inline]
    pub fn lane(&self, lane: usize) -> &[f64] {
        let n = self.dims().len();
        let at = if self.lanes() == 1 { 0 } else { lane };
        &self.numbers()[at * n..(at + 1) * n]
    }

    /// Whether gradients flow to it.
    #[inline]
    pub fn is_traced(&self) -> bool {
        self.tape.is_recording()
    }

    /// The same numbers, cut off from the tape.
    pub fn detached(&self) -> Value {
        Value { node: self.node.clone(), tape: Tape::default() }
    }

    /// The same numbers as a leaf of `tape`.
    pub(crate) fn on_tape(&self, tape: &Tape) -> Value {
        Value { node: self.node.clone(), tape: tape.clone() }
    }

    /// Takes the gradient that a backward pass left here, `None` where nothing flowed.
    pub fn take_gradient(&self) -> Option<Data> {
        self.node.take_gradient()
    }

    pub(super) fn seed_cotangent(&self) {
        let ones = match &self.node.data {
            Data::F64(v) => Data::F64(vec![1.0; v.len()]),
            Data::F32(v) => Data::F32(vec![1.0; v.len()]),
        };
        self.node.add_gradient(ones);
    }
}
