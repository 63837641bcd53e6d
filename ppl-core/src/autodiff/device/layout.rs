//! Layout: buffers, addresses and bodies for the operations of a plan on a GPU.

use std::any::Any;
use std::collections::BTreeMap;

use super::clock::Clock;
use super::groups::{aside, touched};
use super::part::DevicePart;
use super::schedule::{Schedule, unit_slots};
use super::stage::{Operation, Stage, Zeros, ranges};
use crate::autodiff::arena::Slot;
use crate::autodiff::body::{Places, SharedNumbers, Spot};
use crate::autodiff::frames::Frames;
use crate::autodiff::op::AnyOp;
use crate::autodiff::plan::{Plan, PlanStep};
use crate::autodiff::storage::Element;
use crate::cuda::{At, Buffer, Gpu, Pinned};
use crate::error::Result;

/// Room for the prepared numbers of one lane of one operation, in words of 8 bytes.
const PREPARED: usize = 2048;

/// What is to be laid out: a plan whose slots have their places.
pub(in crate::autodiff) struct Request<'a> {
    pub(in crate::autodiff) gpu: &'a Gpu,
    pub(in crate::autodiff) plan: &'a Plan,
    pub(in crate::autodiff) slots: &'a [Slot],
    /// Pixels of all values of all lanes.
    pub(in crate::autodiff) pixels: usize,
    /// Times the usual room for prepared numbers.
    pub(in crate::autodiff) growth: usize,
    pub(in crate::autodiff) shared: &'a SharedNumbers,
}

/// An operation that is to run on the device: its place in the plan, and itself.
type Step<'a> = (usize, &'a PlanStep, Box<dyn AnyOp>);

/// The pixels of a plan on the device.
struct Memory {
    values: Buffer<f32>,
    gradients: Buffer<f32>,
    constants: Buffer<f32>,
}

/// A layout in the making.
struct Layout<'a> {
    request: Request<'a>,
    memory: Memory,
    /// The operation that reads each slot last, and so goes back first; none where it reads it twice.
    last: Vec<Option<usize>>,
    /// Slots whose gradients are added to, and begin with zeros.
    added: Vec<bool>,
    /// Host numbers that are on the device.
    uploaded: BTreeMap<usize, At<f64>>,
    kept: Vec<Box<dyn Any + Send>>,
}

/// Host numbers of a stage: what is copied, and how many words there are.
#[derive(Default)]
struct Traffic {
    up: Vec<(usize, usize)>,
    up_words: usize,
    down: Vec<(Slot, usize)>,
    down_words: usize,
    gradients: Vec<(Slot, usize, usize)>,
    gradient_words: usize,
}

impl DevicePart {
    /// Lays a plan out; its host steps become frames.
    ///
    /// # Errors
    /// An operation without a body, no memory.
    pub(in crate::autodiff) fn new(
        request: Request<'_>,
        ops: Vec<Box<dyn AnyOp>>,
        frames: &mut Frames,
    ) -> Result<Self> {
        let (gpu, plan, slots) = (request.gpu, request.plan, request.slots);
        let schedule = Schedule::of(plan);
        let mut on_device: BTreeMap<usize, Box<dyn AnyOp>> = BTreeMap::new();
        let mut frame_of = vec![None; ops.len()];
        for (i, (step, op)) in plan.steps().iter().zip(ops).enumerate() {
            if schedule.stages.iter().any(|stage| stage.device.contains(&i) || stage.quiet.contains(&i)) {
                on_device.insert(i, op);
            } else {
                let inputs: Vec<Slot> = step.inputs.iter().map(|slot| slots[*slot].clone()).collect();
                frames.push(op, &inputs, &slots[step.out]);
                frame_of[i] = Some(frames.len() - 1);
            }
        }
        let mut layout = Layout::new(request, &schedule)?;
        let (unit, last) = (unit_slots(plan), schedule.device_stages().saturating_sub(1));
        let (mut stages, mut quiet, mut fused) = (vec![], vec![], schedule.device_stages() > 0);
        for (number, steps) in schedule.stages[..schedule.device_stages()].iter().enumerate() {
            let mut taken = |steps: &[usize]| -> Vec<Step<'_>> {
                steps.iter().filter_map(|i| Some((*i, &plan.steps()[*i], on_device.remove(i)?))).collect()
            };
            let (own, own_quiet) = (taken(&steps.device), taken(&steps.quiet));
            let mut results = own.iter().map(|(_, step, _)| step.out).filter(|out| slots[*out].element == Element::F64);
            fused &= number != last || results.all(|out| unit.contains(&out));
            stages.push(layout.stage(own, frames)?);
            quiet.push(if own_quiet.is_empty() { None } else { Some(layout.stage(own_quiet, frames)?) });
        }
        let zeros = Zeros { gradients: &layout.memory.gradients, ranges: ranges(slots, &layout.added) };
        for (number, stage) in stages.iter_mut().enumerate() {
            stage.capture(gpu, &zeros, [number == last, fused])?;
        }
        quiet.iter_mut().flatten().try_for_each(|stage| stage.capture(gpu, &zeros, [false, false]))?;
        let Layout { memory, mut kept, .. } = layout;
        kept.push(Box::new((memory.values, memory.gradients, memory.constants)));
        let reached = gpu.milestone()?;
        Ok(DevicePart {
            gpu: gpu.clone(),
            reached,
            schedule,
            stages,
            quiet,
            frames: frame_of,
            clock: Clock::default(),
            _kept: kept,
        })
    }
}

impl<'a> Layout<'a> {
    fn new(request: Request<'a>, schedule: &Schedule) -> Result<Self> {
        let Request { gpu, plan, slots, pixels, .. } = request;
        let constants = gpu.upload(&plan.constants.pixels)?;
        let memory = Memory { values: gpu.buffer(pixels)?, gradients: gpu.buffer(pixels)?, constants };
        let mut last = vec![None; slots.len()];
        for step in schedule.stages.iter().flat_map(|stage| stage.device.iter().chain(&stage.quiet)) {
            let inputs = &plan.steps()[*step].inputs;
            let once = |slot: usize| inputs.iter().filter(|input| **input == slot).count() == 1;
            inputs.iter().for_each(|slot| last[*slot] = once(*slot).then_some(*step));
        }
        let added = slots.iter().map(|slot| slot.traced && slot.element == Element::F32).collect();
        Ok(Layout { request, memory, last, added, uploaded: BTreeMap::new(), kept: vec![] })
    }

    /// Lays out the operations of one stage.
    fn stage(&mut self, steps: Vec<Step<'_>>, frames: &mut Frames) -> Result<Stage> {
        let Request { gpu, slots, growth, plan, .. } = self.request;
        // Places first, as addresses follow from them.
        let traffic = self.traffic(&steps);
        let lanes = slots[plan.leaf].shape.lanes;
        // Only what has host numbers can prepare any.
        let numbers = |slots_of: &[usize]| slots_of.iter().any(|slot| slots[*slot].element == Element::F64);
        let preparing = steps.iter().filter(|(_, step, _)| numbers(&step.inputs)).count();
        let capacity = traffic.up_words + growth * PREPARED * lanes * preparing;
        let words = [traffic.down_words, traffic.down_words + traffic.gradient_words];
        let [sent, fetched, cotangents] = [capacity, words[1], words[0]].map(|words| Pinned::new(gpu, words));
        let (sent, fetched, mut cotangents) = (sent?, fetched?, cotangents?);
        for (slot, at) in &traffic.up {
            self.uploaded.insert(*slot, sent.at().plus(*at));
        }
        let pixels: Vec<Vec<usize>> = steps.iter().map(|(_, step, _)| touched(plan, step)).collect();
        let aside = aside(&pixels.iter().map(|pixels| &pixels[..]).collect::<Vec<_>>());
        let (mut used, mut operations) = (traffic.up_words, vec![]);
        let (mut slope, mut result) = (fetched.at().plus(words[0]), 0);
        for ((number, step, op), aside) in steps.into_iter().zip(aside) {
            let lanes = slots[step.out].shape.lanes;
            let inputs = step.inputs.iter().map(|slot| {
                let own = &slots[*slot];
                let numbers = own.element == Element::F64;
                let gradient = (numbers && own.traced).then_some(slope);
                slope = if gradient.is_some() { slope.plus(lanes * own.shape.dims.len()) } else { slope };
                self.spot(number, *slot, gradient, self.uploaded.get(slot).copied().filter(|_| numbers))
            });
            let inputs: Vec<Spot> = inputs.collect();
            let output = if slots[step.out].element == Element::F64 {
                let at = result;
                result += slots[step.out].shape.len();
                self.spot(number, step.out, Some(cotangents.at().plus(at)), Some(fetched.at().plus(at)))
            } else {
                self.spot(number, step.out, None, None)
            };
            let mut places = Places {
                gpu,
                inputs: &inputs,
                output,
                growth,
                room: (sent.at().plus(used), capacity - used),
                prepared: 0,
                claimed: vec![],
                step: number,
                shared: self.request.shared,
                kept: &mut self.kept,
            };
            let body = op.body(&mut places)?;
            let (prepared, claimed) = (places.prepared, places.claimed);
            claimed.iter().for_each(|i| self.added[step.inputs[*i]] = false);
            let inputs = step.inputs.iter().map(|slot| frames.reader(&slots[*slot])).collect();
            operations.push(Operation { step: number, body, inputs, prepared: (used, prepared), aside });
            used += prepared.div_ceil(2);
        }
        // What goes into the density as it is has a cotangent of one, for good.
        cotangents.host().fill(1.0);
        cotangents.send(traffic.down_words)?;
        gpu.synchronize()?;
        let up = traffic.up.into_iter().map(|(slot, at)| (slots[slot].clone(), at)).collect();
        let Traffic { down, mut gradients, .. } = traffic;
        gradients.iter_mut().for_each(|(_, _, at)| *at += words[0]);
        let (forward, backward) = (None, None);
        Ok(Stage { operations, up, down, gradients, sent, used, fetched, words, cotangents, forward, backward })
    }

    /// What a stage copies, in the order of its operations.
    fn traffic(&self, steps: &[Step<'_>]) -> Traffic {
        let slots = self.request.slots;
        let mut all = Traffic::default();
        for (_, step, _) in steps {
            let out = &slots[step.out];
            for slot in step.inputs.iter().filter(|slot| slots[**slot].element == Element::F64) {
                let own = &slots[*slot];
                if !self.uploaded.contains_key(slot) && !all.up.iter().any(|(known, _)| known == slot) {
                    all.up.push((*slot, all.up_words));
                    all.up_words += own.shape.len();
                }
                if own.traced {
                    all.gradients.push((own.clone(), out.shape.lanes, all.gradient_words));
                    all.gradient_words += out.shape.lanes * own.shape.dims.len();
                }
            }
            if out.element == Element::F64 {
                all.down.push((out.clone(), all.down_words));
                all.down_words += out.shape.len();
            }
        }
        all
    }

    /// Where a slot is on the device, for a step.
    fn spot(&self, step: usize, slot: usize, gradient: Option<At<f64>>, numbers: Option<At<f64>>) -> Spot {
        let own = &self.request.slots[slot];
        let pixel = own.element == Element::F32;
        let values = if own.traced { &self.memory.values } else { &self.memory.constants };
        Spot {
            shape: own.shape,
            pixels: pixel.then(|| values.at().plus(own.offset)),
            numbers,
            by_pixels: (pixel && own.traced).then(|| self.memory.gradients.at().plus(own.offset)),
            by_numbers: gradient,
            alone: pixel && own.traced && self.last[slot] == Some(step),
        }
    }
}
