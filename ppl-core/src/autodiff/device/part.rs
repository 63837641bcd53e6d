//! The device part of a workspace: its stages, between the steps of the host.

use std::any::Any;

use super::clock::{Clock, WAIT};
use super::schedule::Schedule;
use super::stage::Stage;
use crate::autodiff::frames::Frames;
use crate::autodiff::profile::{Part, StepProfile, took};
use crate::cuda::{Gpu, Graph, Mark};
use crate::error::Result;

/// The device part of a workspace.
pub(in crate::autodiff) struct DevicePart {
    pub(super) gpu: Gpu,
    pub(super) schedule: Schedule,
    pub(super) stages: Vec<Stage>,
    /// The quiet operations of each.
    pub(super) quiet: Vec<Option<Stage>>,
    /// Where the device was last waited for.
    pub(super) reached: Mark,
    /// The frame of each host step.
    pub(super) frames: Vec<Option<usize>>,
    pub(super) clock: Clock,
    /// What the graphs point to.
    pub(super) _kept: Vec<Box<dyn Any + Send>>,
}

impl DevicePart {
    /// All steps forwards, and backwards those whose cotangents do not come from the device.
    ///
    /// # Errors
    /// What the driver says; [`DeviceRoom`](crate::Error::DeviceRoom) where the workspace has to be laid out anew.
    pub(in crate::autodiff) fn forwards(&mut self, frames: &mut Frames) -> Result<()> {
        for (number, steps) in self.schedule.stages.iter().enumerate() {
            self.run(frames, &steps.before, Direction::Forwards);
            self.clock.lap(number, "steps it waits for")?;
            let Some(stage) = self.stages.get_mut(number) else {
                self.run(frames, &steps.beside, Direction::Forwards);
                self.clock.lap(number, "steps at the end")?;
                continue;
            };
            stage.upload(frames)?;
            self.clock.lap(number, "prepares numbers")?;
            if let Some(graph) = &stage.forward {
                self.clock.launch(&self.gpu, graph)?;
            }
            let goes_back = self.is_fused() && number + 1 == self.stages.len();
            self.reached.renew(&self.gpu)?;
            self.clock.lap(number, "launches")?;
            self.run(frames, &steps.before_quiet, Direction::Forwards);
            if let Some(quiet) = &mut self.quiet[number] {
                quiet.upload(frames)?;
                quiet.forward.as_ref().map_or(Ok(()), Graph::launch)?;
            }
            if goes_back {
                self.quiet_back(number)?;
            }
            self.clock.lap(number, "launches what gives it nothing")?;
            self.run(frames, &steps.beside, Direction::Forwards);
            if goes_back {
                // The cotangent of the sum at the end is one whatever the device gives.
                self.run(frames, &self.schedule.stages[number + 1].back_after, Direction::Backwards);
                self.run(frames, &steps.back_beside, Direction::Backwards);
            }
            self.clock.lap(number, "steps meanwhile")?;
            self.reached.wait()?;
            self.clock.lap(number, WAIT)?;
            let (stage, numbers) = (&mut self.stages[number], frames.values_mut().0);
            for (slot, at) in &stage.down {
                numbers[slot.range()].copy_from_slice(&stage.fetched.host()[*at..at + slot.shape.len()]);
            }
        }
        Ok(())
    }

    /// All other steps backwards.
    ///
    /// # Errors
    /// What the driver says.
    pub(in crate::autodiff) fn backwards(&mut self, frames: &mut Frames) -> Result<()> {
        for (number, steps) in self.schedule.stages.iter().enumerate().rev() {
            if let Some(stage) = self.stages.get_mut(number) {
                if let Some(graph) = &stage.backward {
                    let gradients = frames.gradients_mut().0;
                    for (slot, at) in &stage.down {
                        stage.cotangents.host()[*at..at + slot.shape.len()].copy_from_slice(&gradients[slot.range()]);
                    }
                    self.clock.launch(&self.gpu, graph)?;
                    self.reached.renew(&self.gpu)?;
                    self.quiet_back(number)?;
                    self.clock.lap(number, "launches the way back")?;
                    self.run(frames, &steps.back_beside, Direction::Backwards);
                    self.clock.lap(number, "steps back meanwhile")?;
                    self.reached.wait()?;
                    self.clock.lap(number, WAIT)?;
                }
                self.stages[number].add_gradients(frames);
                // They went back before the others of the stage.
                self.quiet[number].iter_mut().for_each(|quiet| quiet.add_gradients(frames));
            }
            // The sum at the end went back before.
            if number < self.stages.len() || !self.is_fused() {
                self.run(frames, &steps.back_after, Direction::Backwards);
            }
            self.clock.lap(number, "steps back")?;
        }
        Ok(())
    }

    /// Launches the way back through the quiet operations of the stage before this one, which all that they wait for was launched before.
    fn quiet_back(&self, number: usize) -> Result<()> {
        let before = number.checked_sub(1).and_then(|before| self.quiet[before].as_ref());
        before.and_then(|quiet| quiet.backward.as_ref()).map_or(Ok(()), Graph::launch)
    }

    /// Whether the last stage goes back at once, as all that comes of it goes into the output as it is.
    fn is_fused(&self) -> bool {
        self.stages.last().is_some_and(|stage| stage.backward.is_none())
    }

    /// Evaluates, tells what passed between host and device, and what each step takes, those of the device by themselves.
    ///
    /// # Errors
    /// What the driver says.
    pub(in crate::autodiff) fn profile(&mut self, frames: &mut Frames, steps: &mut [StepProfile]) -> Result<Vec<Part>> {
        self.clock.start();
        self.forwards(frames)?;
        self.backwards(frames)?;
        let parts = self.clock.stop();
        for stage in self.stages.iter().chain(self.quiet.iter().flatten()) {
            stage.profile(&self.gpu, steps)?;
        }
        let mut of_host: Vec<(&mut StepProfile, usize)> =
            steps.iter_mut().zip(&self.frames).filter_map(|(step, frame)| Some((step, (*frame)?))).collect();
        of_host.iter_mut().for_each(|(step, frame)| step.value = took(|| frames.forwards(*frame)));
        of_host.iter_mut().rev().for_each(|(step, frame)| step.vjp = took(|| frames.backwards(*frame)));
        Ok(parts)
    }

    /// Host steps in the order of the direction.
    fn run(&self, frames: &mut Frames, steps: &[usize], direction: Direction) {
        let each = steps.iter().filter_map(|step| self.frames[*step]);
        match direction {
            Direction::Forwards => each.for_each(|frame| frames.forwards(frame)),
            Direction::Backwards => each.for_each(|frame| frames.backwards(frame)),
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Forwards,
    Backwards,
}
