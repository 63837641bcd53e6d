//! Workspaces: the buffers of a plan for one number of lanes, in which it is evaluated again and again without allocating.

use std::time::Duration;

use super::arena::Slot;
#[cfg(feature = "cuda")]
use super::device::{DevicePart, Request};
use super::frames::Frames;
use super::op::AnyOp;
use super::plan::Plan;
use super::profile::{Profile, StepProfile, took};
use super::storage::Element;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Places begin at multiples of this many numbers, so that SIMD loads do not straddle cache lines.
const ALIGN: usize = 16;

/// Evaluations that are timed for a profile, beside the first.
const PROFILES: usize = 20;

/// A plan with its buffers for so many lanes.
pub struct Workspace {
    frames: Frames,
    leaf: Slot,
    output: Slot,
    watched: Vec<Slot>,
    /// What `profile` tells of each operation before it measures.
    profiles: Vec<StepProfile>,
    /// What a GPU does of it.
    #[cfg(feature = "cuda")]
    device: Option<DevicePart>,
}

/// A plan whose slots have places for some number of lanes.
struct Laid {
    slots: Vec<Slot>,
    ops: Vec<Box<dyn AnyOp>>,
    profiles: Vec<StepProfile>,
    numbers: usize,
    pixels: usize,
}

impl Laid {
    fn out(plan: &Plan, lanes: usize) -> Result<Self> {
        let mut slots = plan.slots.clone();
        let (mut ops, mut profiles) = (vec![], vec![]);
        let mut lengths = [0, 0];
        let mut place = |slot: &mut Slot, shape: Shape| {
            let length = &mut lengths[usize::from(slot.element == Element::F32)];
            (slot.shape, slot.offset, slot.end) = (shape, *length, *length + shape.len());
            *length = (*length + shape.len()).next_multiple_of(ALIGN);
        };
        let leaf = slots[plan.leaf].shape.dims;
        place(&mut slots[plan.leaf], Shape::new(lanes, leaf));
        for step in plan.steps() {
            let mut op = step.op.boxed();
            let inputs: Vec<Slot> = step.inputs.iter().map(|i| slots[*i].clone()).collect();
            let output = op.shape(&inputs.iter().map(|slot| slot.shape).collect::<Vec<_>>())?;
            place(&mut slots[step.out], output.shape);
            let out = slots[step.out].clone();
            let size = |slot: &Slot| slot.shape.len() * if slot.element == Element::F64 { 8 } else { 4 };
            let bytes = inputs.iter().chain([&out]).map(size).sum();
            let (name, shape) = (op.name(), out.shape);
            profiles.push(StepProfile {
                name,
                shape,
                bytes,
                value: Duration::ZERO,
                vjp: Duration::ZERO,
                launches: None,
            });
            ops.push(op);
        }
        let [numbers, pixels] = lengths;
        Ok(Laid { slots, ops, profiles, numbers, pixels })
    }
}

impl Workspace {
    /// Lays out the buffers of `plan` for so many lanes.
    ///
    /// # Errors
    /// Shapes that an operation refuses for this number of lanes.
    pub fn new(plan: &Plan, lanes: usize) -> Result<Self> {
        let Laid { slots, ops, profiles, numbers, pixels } = Laid::out(plan, lanes)?;
        let mut frames = Frames::new(numbers, pixels, plan.constants.clone());
        for (op, step) in ops.into_iter().zip(plan.steps()) {
            let inputs: Vec<Slot> = step.inputs.iter().map(|i| slots[*i].clone()).collect();
            frames.push(op, &inputs, &slots[step.out]);
        }
        Ok(Workspace::of(plan, &slots, frames, profiles))
    }

    /// Buffers, and the places in them that are looked at from outside.
    fn of(plan: &Plan, slots: &[Slot], frames: Frames, profiles: Vec<StepProfile>) -> Self {
        Workspace {
            frames,
            leaf: slots[plan.leaf].clone(),
            output: slots[plan.output].clone(),
            watched: plan.watched.iter().map(|i| slots[*i].clone()).collect(),
            profiles,
            #[cfg(feature = "cuda")]
            device: None,
        }
    }

    /// The same with the operations on pixels on a GPU, and `growth` times the room for what they prepare there.
    ///
    /// # Errors
    /// An operation without a body for the GPU; no memory.
    #[cfg(feature = "cuda")]
    pub fn on_gpu(
        plan: &Plan,
        lanes: usize,
        gpu: &crate::cuda::Gpu,
        growth: usize,
        shared: &super::SharedNumbers,
    ) -> Result<Self> {
        let Laid { slots, ops, profiles, numbers, pixels } = Laid::out(plan, lanes)?;
        let mut frames = Frames::new(numbers, 0, plan.constants.clone());
        let request = Request { gpu, plan, slots: &slots, pixels, growth, shared };
        let device = DevicePart::new(request, ops, &mut frames)?;
        Ok(Workspace { device: Some(device), ..Workspace::of(plan, &slots, frames, profiles) })
    }

    /// How many lanes it is laid out for.
    pub fn lanes(&self) -> usize {
        self.leaf.shape.lanes
    }

    /// The output and its gradient at positions of the leaf, `[lanes, dim]`; `output` is `[lanes]`.
    ///
    /// # Errors
    /// Positions or results of another length.
    pub fn evaluate(&mut self, positions: &[f64], output: &mut [f64], gradient: &mut [f64]) -> Result<()> {
        self.check(positions, output, gradient)?;
        self.begin(positions);
        self.run()?;
        output.copy_from_slice(self.frames.numbers(&self.output));
        gradient.copy_from_slice(self.frames.gradient(&self.leaf));
        Ok(())
    }

    /// All steps, forwards and backwards.
    fn run(&mut self) -> Result<()> {
        #[cfg(feature = "cuda")]
        if let Some(device) = &mut self.device {
            device.forwards(&mut self.frames)?;
            return device.backwards(&mut self.frames);
        }
        for step in 0..self.frames.len() {
            self.frames.forwards(step);
        }
        for step in (0..self.frames.len()).rev() {
            self.frames.backwards(step);
        }
        Ok(())
    }

    /// The least that each operation took in some evaluations, and, with a GPU, each part of one.
    ///
    /// # Errors
    /// As [`Workspace::evaluate`].
    pub fn least_profile(&mut self, positions: &[f64]) -> Result<Profile> {
        let first = self.profile(positions)?;
        (0..PROFILES).try_fold(first, |least, _| Ok(least.least(&self.profile(positions)?)))
    }

    /// Evaluates once, and tells what each operation took.
    fn profile(&mut self, positions: &[f64]) -> Result<Profile> {
        let expected = self.leaf.shape.len();
        if positions.len() != expected {
            return Err(Error::ArrayLength { expected, got: positions.len() });
        }
        self.begin(positions);
        let mut steps = self.profiles.clone();
        #[cfg(feature = "cuda")]
        if let Some(device) = &mut self.device {
            let parts = device.profile(&mut self.frames, &mut steps)?;
            return Ok(Profile { steps, parts });
        }
        for (step, profile) in steps.iter_mut().enumerate() {
            profile.value = took(|| self.frames.forwards(step));
        }
        for (step, profile) in steps.iter_mut().enumerate().rev() {
            profile.vjp = took(|| self.frames.backwards(step));
        }
        Ok(Profile { steps, parts: vec![] })
    }

    /// One of the watched values in a lane (its first number), after an evaluation.
    pub fn watched(&self, which: usize, lane: usize) -> f64 {
        let slot = &self.watched[which];
        self.frames.numbers(slot).get(slot.shape.lane(lane).start).copied().unwrap_or(f64::NAN)
    }

    /// Fills the buffers with NaN, so that a test sees what reads before it writes.
    pub(super) fn poison(&mut self) {
        let (numbers, pixels) = self.frames.values_mut();
        numbers.fill(f64::NAN);
        pixels.fill(f32::NAN);
    }

    fn check(&self, positions: &[f64], output: &[f64], gradient: &[f64]) -> Result<()> {
        let (leaf, out) = (self.leaf.shape.len(), self.output.shape.len());
        let lengths = [(leaf, positions.len()), (leaf, gradient.len()), (out, output.len())];
        match lengths.into_iter().find(|(expected, got)| expected != got) {
            Some((expected, got)) => Err(Error::ArrayLength { expected, got }),
            None => Ok(()),
        }
    }

    /// The leaf at its positions, all cotangents zero but that of the output, which is one in every lane.
    fn begin(&mut self, positions: &[f64]) {
        self.frames.values_mut().0[self.leaf.range()].copy_from_slice(positions);
        let (numbers, pixels) = self.frames.gradients_mut();
        numbers.fill(0.0);
        pixels.fill(0.0);
        numbers[self.output.range()].fill(1.0);
    }
}
