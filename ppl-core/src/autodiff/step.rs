//! Steps: the operations of a run, each with its inputs and its output.

use std::cell::RefCell;
use std::rc::Rc;

use super::node::Node;
use super::op::{AnyOp, FusedOp, Gradients, Inputs, Sink, Source};
use super::operand::Operand;
use super::storage::Storage;

/// An operation that was computed, with its inputs and its output.
pub(super) struct Step {
    pub(super) op: RefCell<Box<dyn AnyOp>>,
    /// Each input, and whether gradients flow to it.
    pub(super) inputs: Vec<(Rc<Node>, bool)>,
    pub(super) out: Rc<Node>,
}

impl Step {
    pub(super) fn new(op: impl FusedOp, inputs: Vec<(Rc<Node>, bool)>, out: Rc<Node>) -> Self {
        Step { op: RefCell::new(Box::new(op)), inputs, out }
    }

    /// Carries the cotangent of the output to the inputs. An output that nothing used has none, and its inputs get nothing.
    pub(super) fn backward(&self) {
        let Some(cotangent) = self.out.take_gradient() else { return };
        let nodes: Vec<(&Node, bool)> = self.inputs.iter().map(|(node, traced)| (&**node, *traced)).collect();
        let mut buffers: Vec<Storage> = vec![];
        let mut owners: Vec<&Rc<Node>> = vec![];
        let mut places = Vec::with_capacity(self.inputs.len());
        for (node, traced) in &self.inputs {
            let known = owners.iter().position(|owner| Rc::ptr_eq(owner, node));
            let place = traced.then(|| {
                known.unwrap_or_else(|| {
                    owners.push(node);
                    buffers.push(node.gradient_or_zeros());
                    buffers.len() - 1
                })
            });
            places.push((node.shape, place));
        }
        let output = Operand::of(&self.out.shape, true, &self.out.data);
        let cotangent = Operand::of(&self.out.shape, true, &cotangent);
        let mut gradients = Gradients(Sink::Nodes { places: &places, buffers: &mut buffers });
        self.op.borrow_mut().vjp(Inputs(Source::Nodes(&nodes)), output, cotangent, &mut gradients);
        for (owner, buffer) in owners.into_iter().zip(buffers) {
            owner.set_gradient(buffer);
        }
    }
}
