//! Values: reference-counted numbers with lanes, f64 on the host or f32 pixels, and the gradient beside them.

use std::rc::Rc;

use super::node::Node;
use super::storage::{Element, Storage};
use super::tape::Tape;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

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
    pub fn constant(shape: Shape, data: impl Into<Storage>) -> Self {
        Value::on(Tape::default(), shape, data.into())
    }

    /// A leaf of `tape`: a value whose gradient is wanted.
    ///
    /// # Panics
    /// As [`Value::constant`].
    pub fn leaf(tape: &Tape, shape: Shape, data: impl Into<Storage>) -> Self {
        Value::on(tape.clone(), shape, data.into())
    }

    pub(super) fn on(tape: Tape, shape: Shape, data: Storage) -> Self {
        assert_eq!(data.len(), shape.len(), "data of {} numbers for {shape:?}", data.len());
        Value { node: Rc::new(Node::new(shape, data)), tape }
    }

    /// A value that stands for a mistake: NaN, and an error of every operation that takes it.
    pub(crate) fn faulty(dims: Dims, fault: Error) -> Self {
        let shape = Shape::new(1, dims);
        let node = Node::faulty(shape, vec![f64::NAN; shape.len()].into(), fault);
        Value { node: Rc::new(node), tape: Tape::default() }
    }

    /// Refuses a value that stands for a mistake made in arithmetic.
    ///
    /// # Errors
    /// That mistake.
    pub fn check(&self) -> Result<()> {
        self.node.fault.as_ref().map_or(Ok(()), |fault| Err((**fault).clone()))
    }

    /// A constant of `dims`, the same in every lane.
    pub fn shared(dims: Dims, values: Vec<f64>) -> Self {
        Value::constant(Shape::new(1, dims), values)
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

    /// The kind of its numbers.
    #[inline]
    pub fn element(&self) -> Element {
        self.node.data.element()
    }

    /// Where the numbers are.
    pub fn device(&self) -> Device {
        self.node.data.device()
    }

    /// The numbers. Reading those of a traced value tells its tape that what follows may depend on them, so that no
    /// [plan](super::Plan) is made of the run.
    #[inline]
    pub fn data(&self) -> &Storage {
        self.tape.note_read();
        &self.node.data
    }

    /// The numbers, for code that decides nothing by them.
    #[inline]
    pub(crate) fn peek(&self) -> &Storage {
        &self.node.data
    }

    /// The numbers of a host value, `[lanes, dims]` row-major; empty for pixels. See [`Value::data`].
    #[inline]
    pub fn numbers(&self) -> &[f64] {
        self.data().numbers()
    }

    /// The numbers of one lane of a host value. See [`Value::data`].
    #[inline]
    pub fn lane(&self, lane: usize) -> &[f64] {
        &self.numbers()[self.shape().lane(lane)]
    }

    /// The numbers of one lane, for code that decides nothing by them.
    #[inline]
    pub(crate) fn peek_lane(&self, lane: usize) -> &[f64] {
        &self.peek().numbers()[self.shape().lane(lane)]
    }

    /// Whether gradients flow to it.
    #[inline]
    pub fn is_traced(&self) -> bool {
        self.tape.is_recording()
    }

    /// The same numbers, cut off from the tape. See [`Value::data`].
    pub fn detached(&self) -> Value {
        self.tape.note_read();
        Value { node: self.node.clone(), tape: Tape::default() }
    }

    /// The same numbers as a leaf of `tape`.
    pub fn on_tape(&self, tape: &Tape) -> Value {
        Value { node: self.node.clone(), tape: tape.clone() }
    }

    /// Takes the gradient that a backward pass left here, `None` where nothing flowed.
    pub fn take_gradient(&self) -> Option<Storage> {
        self.node.take_gradient()
    }

    pub(super) fn seed_cotangent(&self) {
        let ones = match self.element() {
            Element::F64 => Storage::from(vec![1.0_f64; self.shape().len()]),
            Element::F32 => Storage::from(vec![1.0_f32; self.shape().len()]),
        };
        self.node.set_gradient(ones);
    }
}
