//! A stage: what the GPU does without hearing from the host, as one launch forwards and one backwards.
#![allow(unsafe_code)]

use std::ops::Range;

use crate::autodiff::arena::Slot;
use crate::autodiff::body::Body;
use crate::autodiff::frames::Frames;
use crate::autodiff::inputs::Inputs;
use crate::autodiff::place::Place;
use crate::autodiff::profile::StepProfile;
use crate::cuda::{Buffer, Gpu, Graph, Pinned};
use crate::error::Result;

/// One launch forwards and one backwards.
pub(super) struct Stage {
    pub(super) operations: Vec<Operation>,
    /// Host numbers that are copied up before it: slot and place.
    pub(super) up: Vec<(Slot, usize)>,
    /// Results that the host wants, and where they, and their cotangents, are.
    pub(super) down: Vec<(Slot, usize)>,
    /// Gradients of host numbers by lanes: slot, lanes and place, behind the results.
    pub(super) gradients: Vec<(Slot, usize, usize)>,
    pub(super) sent: Pinned,
    /// How much of it there is to send.
    pub(super) used: usize,
    /// Results, then gradients.
    pub(super) fetched: Pinned,
    /// How many words of it are results, and how many there are.
    pub(super) words: [usize; 2],
    pub(super) cotangents: Pinned,
    pub(super) forward: Option<Graph>,
    pub(super) backward: Option<Graph>,
}

/// An operation on the device.
pub(super) struct Operation {
    /// Its place in the plan.
    pub(super) step: usize,
    pub(super) body: Box<dyn Body>,
    pub(super) inputs: Box<[Place<'static>]>,
    /// Its prepared numbers: word of 8 bytes where they begin, and how many of 4 bytes.
    pub(super) prepared: (usize, usize),
    /// Whether it shares no pixels with most of its stage, so that it may run beside them.
    pub(super) aside: bool,
}

// SAFETY: its places lead into the buffers of the frames beside it, which move with it; they are read while the frames are borrowed.
unsafe impl Send for Operation {}

impl Stage {
    /// Captures its launches. The last stage begins the way back, with gradients of zero.
    pub(super) fn capture(&mut self, gpu: &Gpu, zeros: &Zeros<'_>, [last, fused]: [bool; 2]) -> Result<()> {
        let Stage { operations, sent: up, used, fetched, words: [results, all], cotangents, .. } = self;
        let [aside, main] = [true, false].map(|aside| {
            let some: Vec<&Operation> = operations.iter().filter(|operation| operation.aside == aside).collect();
            some
        });
        // A fork costs more than a launch, so that there is none for nothing.
        let both = |run: &dyn Fn(&[&Operation]) -> Result<()>| {
            if aside.is_empty() { run(&main) } else { gpu.beside(|| run(&aside), || run(&main)) }
        };
        let values = |some: &[&Operation]| some.iter().try_for_each(|operation| operation.body.value());
        let vjps = |some: &[&Operation]| some.iter().rev().try_for_each(|operation| operation.body.vjp());
        let there_and_back = |some: &[&Operation]| {
            let Some((last, others)) = some.split_last() else { return Ok(()) };
            values(others)?;
            last.body.both()?;
            vjps(others)
        };
        self.forward = Some(gpu.capture(|| {
            up.send(*used)?;
            if last && fused {
                zeros.fill()?;
                both(&there_and_back)?;
                fetched.fetch(0..*all)
            } else {
                both(&values)?;
                fetched.fetch(0..*results)
            }
        })?);
        if !(last && fused) {
            self.backward = Some(gpu.capture(|| {
                cotangents.send(usize::MAX)?;
                if last {
                    zeros.fill()?;
                }
                both(&vjps)?;
                fetched.fetch(*results..*all)
            })?);
        }
        Ok(())
    }

    /// What each operation takes on the device by itself, and how many launches it is.
    pub(super) fn profile(&self, gpu: &Gpu, steps: &mut [StepProfile]) -> Result<()> {
        for Operation { body, step, .. } in &self.operations {
            let ((value, forwards), (vjp, backwards)) = (gpu.time(|| body.value())?, gpu.time(|| body.vjp())?);
            steps[*step] = StepProfile { value, vjp, launches: Some([forwards, backwards]), ..steps[*step].clone() };
        }
        Ok(())
    }

    /// Host numbers to where the copy begins, and what bodies prepare of them.
    pub(super) fn upload(&mut self, frames: &Frames) -> Result<()> {
        let sent = self.sent.host();
        for (slot, at) in &self.up {
            sent[*at..at + slot.shape.len()].copy_from_slice(frames.numbers(slot));
        }
        for Operation { body, inputs, prepared: (at, len), .. } in &mut self.operations {
            if *len > 0 {
                body.prepare(Inputs(inputs), Pinned::floats(&mut sent[*at..], *len))?;
            }
        }
        Ok(())
    }

    /// Adds the gradients of host numbers; lanes that share a number add theirs in order.
    pub(super) fn add_gradients(&mut self, frames: &mut Frames) {
        let (gradients, slopes) = (frames.gradients_mut().0, self.fetched.host());
        for (slot, lanes, at) in &self.gradients {
            let len = slot.shape.dims.len();
            for lane in 0..*lanes {
                let own = &slopes[at + lane * len..at + (lane + 1) * len];
                gradients[slot.offset..][slot.shape.lane(lane)].iter_mut().zip(own).for_each(|(g, own)| *g += own);
            }
        }
    }
}

/// Gradients that are added to.
pub(super) struct Zeros<'m> {
    pub(super) gradients: &'m Buffer<f32>,
    pub(super) ranges: Vec<Range<usize>>,
}

impl Zeros<'_> {
    fn fill(&self) -> Result<()> {
        self.ranges.iter().try_for_each(|range| self.gradients.zero(range.clone()))
    }
}

/// The places of these slots; what is between two neighbours belongs to nobody.
pub(super) fn ranges(slots: &[Slot], which: &[bool]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = vec![];
    let mut before = None;
    for (number, slot) in slots.iter().enumerate().filter(|(number, _)| which[*number]) {
        match ranges.last_mut().filter(|_| before == Some(number.wrapping_sub(1))) {
            Some(last) => last.end = slot.end,
            None => ranges.push(slot.range()),
        }
        before = Some(number);
    }
    ranges
}
