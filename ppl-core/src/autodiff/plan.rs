//! Plans: the operations of a run in order, kept so that the run can be repeated without the model.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::arena::{Buffers, Constants, Slot};
use super::node::Node;
use super::op::AnyOp;
use super::storage::Element;
use super::tape::Tape;
use super::value::Value;

/// A recorded run: what it computed from one leaf, in order. What does not depend on the leaf was computed once, and is kept.
///
/// A plan holds no buffers: a workspace lays them out for a number of lanes, any number of workspaces at once.
pub struct Plan {
    steps: Vec<PlanStep>,
    /// All values: constants, the leaf, and what the steps give, in this order of their making.
    pub(super) slots: Vec<Slot>,
    pub(super) constants: Constants,
    pub(super) leaf: usize,
    pub(super) output: usize,
    /// Values to look at after an evaluation.
    pub(super) watched: Vec<usize>,
    /// Bytes of the values and gradients of one lane.
    bytes_of_a_lane: usize,
    /// Bytes that an evaluation reads once for all its lanes.
    shared_bytes: usize,
    /// The only number of lanes there can be, where constants have lanes of their own.
    lanes: Option<usize>,
}

/// One operation of a plan.
pub struct PlanStep {
    pub(super) op: Box<dyn AnyOp>,
    pub(super) inputs: Vec<usize>,
    pub(super) out: usize,
}

impl Plan {
    /// The plan of what `tape` recorded between `leaf` and `output`. `None` where the run may depend on more than the leaf
    /// (see [`super::Unplanned`]), or `output` does not depend on it at all.
    pub fn of(tape: &Tape, leaf: &Value, output: &Value, watched: &[Value]) -> Option<Plan> {
        if tape.unplanned().is_some() || !output.is_traced() {
            return None;
        }
        let recorded = tape.steps();
        let mut needed: HashSet<*const Node> = HashSet::from([&*output.node as *const Node]);
        needed.extend(watched.iter().map(|v| &*v.node as *const Node));
        let mut kept = vec![];
        for step in recorded.iter().rev() {
            if needed.contains(&(&*step.out as *const Node)) {
                needed.extend(step.inputs.iter().filter(|(_, traced)| *traced).map(|(node, _)| &**node as *const Node));
                kept.push(step);
            }
        }
        let mut maker = Maker::default();
        let leaf = maker.computed(&leaf.node);
        let mut steps = vec![];
        for step in kept.into_iter().rev() {
            let inputs = step.inputs.iter().map(|(node, traced)| maker.input(node, *traced)).collect::<Option<_>>()?;
            steps.push(PlanStep { op: step.op.borrow().boxed(), inputs, out: maker.computed(&step.out) });
        }
        let output = maker.input(&output.node, true)?;
        let watched = watched.iter().map(|v| maker.input(&v.node, v.is_traced())).collect::<Option<_>>()?;
        let lanes = maker.slots.iter().filter(|slot| !slot.traced && slot.shape.lanes > 1).map(|s| s.shape.lanes).max();
        let traced = maker.slots.iter().filter(|slot| slot.traced);
        let size = |slot: &Slot| slot.shape.dims.len() * if slot.element == Element::F64 { 16 } else { 8 };
        let bytes_of_a_lane = traced.map(size).sum();
        let shared_bytes = steps.iter().map(|step: &PlanStep| step.op.shared_bytes()).sum();
        let constants = Arc::new(maker.constants);
        Some(Plan { steps, slots: maker.slots, constants, leaf, output, watched, bytes_of_a_lane, shared_bytes, lanes })
    }

    /// Its operations, in order.
    pub fn steps(&self) -> &[PlanStep] {
        &self.steps
    }

    /// Whether it can be evaluated with so many lanes.
    pub fn allows(&self, lanes: usize) -> bool {
        self.lanes.is_none_or(|own| own == lanes)
    }

    /// How many lanes to evaluate together: as many as keep the buffers within the caches, at most `most`; but two where they share
    /// more than the caches hold and more than they have of their own.
    ///
    /// A lane of the posterior of `arclet bench paper`, 8.6 MB beside 22 MB of weights, takes 1.44 ms in blocks of one lane, 1.20 of two,
    /// 1.32 of four and 1.48 of eight (two threads).
    pub fn lanes_of_a_block(&self, most: usize) -> usize {
        const CACHE: usize = 1 << 20;
        let shares = self.shared_bytes > CACHE.max(self.bytes_of_a_lane);
        (CACHE / self.bytes_of_a_lane.max(1)).clamp(if shares { 2.min(most) } else { 1 }, most)
    }

    /// Bytes of the values and gradients of one lane.
    pub fn bytes_of_a_lane(&self) -> usize {
        self.bytes_of_a_lane
    }

    /// Whether lanes may be evaluated apart from each other.
    pub fn is_divisible(&self) -> bool {
        self.lanes.is_none()
    }
}

impl PlanStep {
    /// The operation's name.
    pub fn name(&self) -> &'static str {
        self.op.name()
    }
}

/// Gives places to values as they appear.
#[derive(Default)]
struct Maker {
    slots: Vec<Slot>,
    constants: Buffers,
    places: HashMap<(*const Node, bool), usize>,
}

impl Maker {
    fn computed(&mut self, node: &Node) -> usize {
        self.place(node, true, 0)
    }

    /// The place of an input: one that was computed before, or a constant. `None` for a traced value that nothing here made.
    fn input(&mut self, node: &Node, traced: bool) -> Option<usize> {
        if let Some(&at) = self.places.get(&(node as *const Node, traced)) {
            return Some(at);
        }
        if traced {
            return None;
        }
        let offset = match node.data.element() {
            Element::F64 => {
                self.constants.numbers.extend_from_slice(node.data.numbers());
                self.constants.numbers.len() - node.data.len()
            }
            Element::F32 => {
                self.constants.pixels.extend_from_slice(node.data.pixels());
                self.constants.pixels.len() - node.data.len()
            }
        };
        Some(self.place(node, false, offset))
    }

    fn place(&mut self, node: &Node, traced: bool, offset: usize) -> usize {
        let end = offset + node.shape.len();
        self.slots.push(Slot { shape: node.shape, element: node.data.element(), offset, end, traced });
        self.places.insert((node as *const Node, traced), self.slots.len() - 1);
        self.slots.len() - 1
    }
}
