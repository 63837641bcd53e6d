//! Workspaces: the buffers of a plan for one number of lanes, in which it is evaluated again and again without allocating.

use std::time::{Duration, Instant};

use super::arena::{Arena, Buffers, Constants, GradientArena, Slot};
use super::op::{Gradients, Inputs, Sink, Source};
use super::operand::{Operand, Out};
use super::plan::{Plan, PlanStep};
use super::storage::Element;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Places begin at multiples of this many numbers, so that SIMD loads do not straddle cache lines.
const ALIGN: usize = 16;

/// A plan with its buffers for so many lanes.
pub struct Workspace {
    steps: Vec<PlanStep>,
    slots: Vec<Slot>,
    constants: Constants,
    values: Buffers,
    gradients: Buffers,
    leaf: usize,
    output: usize,
    watched: Vec<usize>,
}

/// What one operation of a plan works on, and how long it takes.
#[derive(Clone, Debug)]
pub struct StepProfile {
    /// The operation.
    pub name: &'static str,
    /// Lanes and dimensions of its output.
    pub shape: Shape,
    /// Bytes that it reads and writes, forwards.
    pub bytes: usize,
    /// Forwards.
    pub value: Duration,
    /// Backwards.
    pub vjp: Duration,
}

impl Workspace {
    /// Lays out the buffers of `plan` for so many lanes.
    ///
    /// # Errors
    /// Shapes that an operation refuses for this number of lanes.
    pub fn new(plan: &Plan, lanes: usize) -> Result<Self> {
        let mut slots = plan.slots.clone();
        let mut steps: Vec<PlanStep> = plan.steps().to_vec();
        let mut lengths = [0, 0];
        let mut place = |slot: &mut Slot, shape: Shape| {
            let length = &mut lengths[usize::from(slot.element == Element::F32)];
            (slot.shape, slot.offset) = (shape, *length);
            *length = (*length + shape.len()).next_multiple_of(ALIGN);
        };
        let leaf = slots[plan.leaf].shape.dims;
        place(&mut slots[plan.leaf], Shape::new(lanes, leaf));
        for step in &mut steps {
            let shapes: Vec<Shape> = step.inputs.iter().map(|i| slots[*i].shape).collect();
            let output = step.op.shape(&shapes)?;
            place(&mut slots[step.out], output.shape);
        }
        let [numbers, pixels] = lengths;
        let buffers = || Buffers { numbers: vec![0.0; numbers], pixels: vec![0.0; pixels] };
        Ok(Workspace {
            steps,
            slots,
            constants: plan.constants.clone(),
            values: buffers(),
            gradients: buffers(),
            leaf: plan.leaf,
            output: plan.output,
            watched: plan.watched.clone(),
        })
    }

    /// How many lanes it is laid out for.
    pub fn lanes(&self) -> usize {
        self.slots[self.leaf].shape.lanes
    }

    /// The output and its gradient at positions of the leaf, `[lanes, dim]`; `output` is `[lanes]`.
    ///
    /// # Errors
    /// Positions or results of another length.
    pub fn evaluate(&mut self, positions: &[f64], output: &mut [f64], gradient: &mut [f64]) -> Result<()> {
        self.check(positions, output, gradient)?;
        self.begin(positions);
        for step in 0..self.steps.len() {
            self.forwards(step);
        }
        for step in (0..self.steps.len()).rev() {
            self.backwards(step);
        }
        output.copy_from_slice(self.numbers_of(self.output));
        gradient.copy_from_slice(&self.gradients.numbers[self.slots[self.leaf].range()]);
        Ok(())
    }

    /// Evaluates once, and tells what each operation took.
    ///
    /// # Errors
    /// As [`Workspace::evaluate`].
    pub fn profile(&mut self, positions: &[f64]) -> Result<Vec<StepProfile>> {
        let expected = self.slots[self.leaf].shape.len();
        if positions.len() != expected {
            return Err(Error::ArrayLength { expected, got: positions.len() });
        }
        self.begin(positions);
        let mut profiles: Vec<StepProfile> = vec![];
        for step in 0..self.steps.len() {
            let start = Instant::now();
            self.forwards(step);
            let value = start.elapsed();
            let PlanStep { op, inputs, out } = &self.steps[step];
            let size = |i: &usize| {
                let slot = &self.slots[*i];
                slot.shape.len() * if slot.element == Element::F64 { 8 } else { 4 }
            };
            let bytes = inputs.iter().chain([out]).map(size).sum();
            let shape = self.slots[*out].shape;
            profiles.push(StepProfile { name: op.name(), shape, bytes, value, vjp: Duration::ZERO });
        }
        for step in (0..self.steps.len()).rev() {
            let start = Instant::now();
            self.backwards(step);
            profiles[step].vjp = start.elapsed();
        }
        Ok(profiles)
    }

    /// One of the watched values in a lane (its first number), after an evaluation.
    pub fn watched(&self, which: usize, lane: usize) -> f64 {
        let slot = self.watched[which];
        self.numbers_of(slot).get(self.slots[slot].shape.lane(lane).start).copied().unwrap_or(f64::NAN)
    }

    /// Fills the buffers with NaN, so that a test sees what reads before it writes.
    pub(super) fn poison(&mut self) {
        self.values.numbers.fill(f64::NAN);
        self.values.pixels.fill(f32::NAN);
    }

    fn numbers_of(&self, slot: usize) -> &[f64] {
        let slot = &self.slots[slot];
        let buffers = if slot.traced { &self.values } else { &*self.constants };
        buffers.view().operand(slot).numbers()
    }

    fn check(&self, positions: &[f64], output: &[f64], gradient: &[f64]) -> Result<()> {
        let (leaf, out) = (self.slots[self.leaf].shape.len(), self.slots[self.output].shape.len());
        let lengths = [(leaf, positions.len()), (leaf, gradient.len()), (out, output.len())];
        match lengths.into_iter().find(|(expected, got)| expected != got) {
            Some((expected, got)) => Err(Error::ArrayLength { expected, got }),
            None => Ok(()),
        }
    }

    /// The leaf at its positions, all cotangents zero but that of the output, which is one in every lane.
    fn begin(&mut self, positions: &[f64]) {
        self.values.numbers[self.slots[self.leaf].range()].copy_from_slice(positions);
        self.gradients.numbers.fill(0.0);
        self.gradients.pixels.fill(0.0);
        self.gradients.numbers[self.slots[self.output].range()].fill(1.0);
    }

    #[inline]
    fn forwards(&mut self, step: usize) {
        let PlanStep { op, inputs, out } = &mut self.steps[step];
        let slot = &self.slots[*out];
        let (computed, numbers, pixels) = self.values.split(slot);
        let arena = Arena { inputs, slots: &self.slots, constants: self.constants.view(), computed };
        op.value(Inputs(Source::Arena(arena)), &mut Out { shape: &slot.shape, numbers, pixels });
    }

    #[inline]
    fn backwards(&mut self, step: usize) {
        let PlanStep { op, inputs, out } = &mut self.steps[step];
        let slot = &self.slots[*out];
        let computed = self.values.view();
        let arena = Arena { inputs, slots: &self.slots, constants: self.constants.view(), computed };
        let (numbers, pixels, cotangent, cotangent_pixels) = self.gradients.split_mut(slot);
        let cotangent = Operand::new(&slot.shape, true, cotangent, cotangent_pixels);
        let mut gradients = Gradients(Sink::Arena(GradientArena { inputs, slots: &self.slots, numbers, pixels }));
        op.vjp(Inputs(Source::Arena(arena)), computed.operand(slot), cotangent, &mut gradients);
    }
}
