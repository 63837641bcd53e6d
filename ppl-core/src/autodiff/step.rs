//! Steps: the operations of a run, each with its inputs and its output.

use std::cell::RefCell;
use std::rc::Rc;

use super::inputs::{Gradients, Inputs};
use super::node::Node;
use super::op::{AnyOp, FusedOp};
use super::place::{Place, Sinks};
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
        let mut buffers: Vec<Storage> = vec![];
        let mut owners: Vec<&Rc<Node>> = vec![];
        for (node, _) in self.inputs.iter().filter(|(_, traced)| *traced) {
            if !owners.iter().any(|owner| Rc::ptr_eq(owner, node)) {
                owners.push(node);
                buffers.push(node.gradient_or_zeros());
            }
        }
        {
            let inputs: Vec<_> =
                self.inputs.iter().map(|(node, traced)| Place::of(node.shape, *traced, &node.data)).collect();
            let places: Vec<_> =
                owners.iter().zip(&mut buffers).map(|(node, b)| Place::of_mut(node.shape, b)).collect();
            let sink = |(node, traced): &(Rc<Node>, bool)| {
                let known = owners.iter().position(|owner| *traced && Rc::ptr_eq(owner, node));
                known.map_or_else(|| Place::new(node.shape, false), |at| places[at])
            };
            let sinks: Vec<_> = self.inputs.iter().map(sink).collect();
            let [output, cotangent] = [&self.out.data, &cotangent].map(|data| Place::of(self.out.shape, true, data));
            let mut gradients = Gradients(Sinks(&sinks));
            self.op.borrow_mut().vjp(Inputs(&inputs), output.operand(), cotangent.operand(), &mut gradients);
        }
        for (owner, buffer) in owners.into_iter().zip(buffers) {
            owner.set_gradient(buffer);
        }
    }
}
