//! Fused operations: any differentiable function recorded as one node of the tape.

use std::rc::Rc;

use dfdx::tensor::Tape as _;

use super::shape::{Dims, Shape};
use super::value::{Data, Node, Value};
use crate::error::Result;

/// A differentiable function of values: its value, and its vector-Jacobian product.
///
/// Lane `l` of the output depends on lane `l` of each input alone (inputs with one lane serve all). An operation may keep
/// in `self` whatever its vjp can reuse. Every implementation stands under [`super::check::vjp`].
pub trait FusedOp: 'static {
    /// Computes the output. Shapes that do not fit are an error that says both.
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)>;

    /// Adds `cotangent * d output / d input` to the gradient of each input that wants one.
    fn vjp(&mut self, inputs: &[Operand<'_>], output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]);
}

/// One input or output as an operation sees it.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    /// Lanes and dimensions.
    pub shape: Shape,
    data: &'a Data,
}

impl<'a> Operand<'a> {
    /// All host numbers, `[lanes, dims]`.
    ///
    /// # Panics
    /// For pixels: each operation knows the kinds of its inputs.
    #[inline]
    pub fn numbers(&self) -> &'a [f64] {
        match self.data {
            Data::F64(v) => v,
            Data::F32(_) => unreachable!("host numbers were expected, got pixels"),
        }
    }

    /// All pixels, `[lanes, dims]`.
    ///
    /// # Panics
    /// For host numbers: each operation knows the kinds of its inputs.
    #[inline]
    pub fn pixels(&self) -> &'a [f32] {
        match self.data {
            Data::F32(v) => v,
            Data::F64(_) => unreachable!("pixels were expected, got host numbers"),
        }
    }

    /// The host numbers of one lane.
    #[inline]
    pub fn lane(&self, lane: usize) -> &'a [f64] {
        &self.numbers()[self.range(lane)]
    }

    /// The pixels of one lane.
    #[inline]
    pub fn lane_pixels(&self, lane: usize) -> &'a [f32] {
        &self.pixels()[self.range(lane)]
    }

    #[inline]
    fn range(&self, lane: usize) -> std::ops::Range<usize> {
        let n = self.shape.dims.len();
        let at = if self.shape.lanes == 1 { 0 } else { lane };
        at * n..(at + 1) * n
    }
}

/// Where an operation adds the gradient of one input.
pub struct Gradient {
    shape: Shape,
    data: Option<Data>,
}

impl Gradient {
    /// Whether the input wants a gradient.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.data.is_some()
    }

    pub(super) fn holds_pixels(&self) -> bool {
        matches!(self.data, Some(Data::F32(_)))
    }

    /// The gradient of one lane of host numbers (lanes that share the input share the gradient, which is their sum);
    /// `None` where it is not wanted.
    #[inline]
    pub fn lane(&mut self, lane: usize) -> Option<&mut [f64]> {
        let n = self.shape.dims.len();
        let at = if self.shape.lanes == 1 { 0 } else { lane };
        match self.data.as_mut()? {
            Data::F64(v) => Some(&mut v[at * n..(at + 1) * n]),
            Data::F32(_) => unreachable!("the gradient of pixels was asked for as host numbers"),
        }
    }

    /// The gradient of all host numbers, `[lanes, dims]`, of an input of the same shape as the output, so that one loop does for
    /// all lanes; `None` where the shape is another or it is not wanted.
    #[inline]
    pub(super) fn same_as(&mut self, output: Shape) -> Option<&mut [f64]> {
        match self.data.as_mut()? {
            Data::F64(v) if self.shape == output => Some(v),
            _ => None,
        }
    }

    /// The gradient of all pixels, `[lanes, dims]`; `None` where it is not wanted.
    pub fn pixels(&mut self) -> Option<&mut [f32]> {
        match self.data.as_mut()? {
            Data::F32(v) => Some(v),
            Data::F64(_) => unreachable!("the gradient of host numbers was asked for as pixels"),
        }
    }
}

/// Computes `op` and records it on the tape of its inputs, if one of them is on a tape.
pub fn record(mut op: impl FusedOp, inputs: &[&Value]) -> Result<Value> {
    let (shape, data) = with_operands(inputs.iter().map(|v| &*v.node), |operands| op.value(operands))?;
    let Some(tape) = inputs.iter().map(|v| &v.tape).find(|tape| tape.is_recording()) else {
        return Ok(Value::constant(shape, data));
    };
    let output = Value::on(tape.clone(), shape, data);
    let nodes: Vec<(Rc<Node>, bool)> = inputs.iter().map(|v| (v.node.clone(), v.is_traced())).collect();
    let out = output.node.clone();
    let mut recorder = tape.clone();
    recorder.add_backward_op(move |_| {
        // An output that nothing used has no cotangent, and its inputs get nothing.
        if let Some(cotangent) = out.take_gradient() {
            run_vjp(&mut op, &nodes, &out, &cotangent);
        }
        Ok(())
    });
    Ok(output)
}

fn operand(node: &Node) -> Operand<'_> {
    Operand { shape: node.shape, data: &node.data }
}

/// An operation of so many inputs needs no allocation for its operands and gradients.
const FEW: usize = 4;

static NOTHING: Data = Data::F64(vec![]);

/// Calls `f` with the operands of some nodes.
fn with_operands<'a, R>(mut nodes: impl ExactSizeIterator<Item = &'a Node>, f: impl FnOnce(&[Operand<'a>]) -> R) -> R {
    let n = nodes.len();
    if n > FEW {
        return f(&nodes.map(operand).collect::<Vec<_>>());
    }
    let none = Operand { shape: Shape { lanes: 0, dims: Dims::SCALAR }, data: &NOTHING };
    f(&std::array::from_fn::<_, FEW, _>(|_| nodes.next().map_or(none, operand))[..n])
}

/// Calls `f` with room for the gradients of some nodes, and then gives them their gradients.
fn with_gradients(nodes: &[(Rc<Node>, bool)], f: impl FnOnce(&mut [Gradient])) {
    // A value that stands twice among the inputs finds its gradient taken the second time; the two are added afterwards.
    let room = |(node, wanted): &(Rc<Node>, bool)| {
        let data = wanted.then(|| node.take_gradient().unwrap_or_else(|| node.data.zeros_like()));
        Gradient { shape: node.shape, data }
    };
    let mut many: Vec<Gradient>;
    let mut few: [Gradient; FEW];
    let gradients = if nodes.len() > FEW {
        many = nodes.iter().map(room).collect();
        &mut many[..]
    } else {
        let none = || Gradient { shape: Shape { lanes: 0, dims: Dims::SCALAR }, data: None };
        few = std::array::from_fn(|i| nodes.get(i).map_or_else(none, room));
        &mut few[..nodes.len()]
    };
    f(gradients);
    for ((node, _), gradient) in nodes.iter().zip(gradients) {
        if let Some(data) = gradient.data.take() {
            node.add_gradient(data);
        }
    }
}

fn run_vjp(op: &mut impl FusedOp, nodes: &[(Rc<Node>, bool)], out: &Node, cotangent: &Data) {
    with_operands(nodes.iter().map(|(node, _)| &**node), |operands| {
        with_gradients(nodes, |gradients| {
            op.vjp(operands, operand(out), Operand { shape: out.shape, data: cotangent }, gradients);
        });
    });
}
