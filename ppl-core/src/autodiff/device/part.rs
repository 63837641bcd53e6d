//! The device part of a workspace: its stages, between the steps of the host.

use std::any::Any;

use super::schedule::Schedule;
use super::stage::Stage;
use crate::autodiff::frames::Frames;
use crate::cuda::Gpu;
use crate::error::Result;

/// The device part of a workspace.
pub(in crate::autodiff) struct DevicePart {
    pub(super) gpu: Gpu,
    pub(super) schedule: Schedule,
    pub(super) stages: Vec<Stage>,
    /// The frame of each host step.
    pub(super) frames: Vec<Option<usize>>,
    /// What the graphs point to.
    pub(super) _kept: Vec<Box<dyn Any + Send>>,
}

impl DevicePart {
    /// All steps forwards.
    ///
    /// # Errors
    /// What the driver says; [`DeviceRoom`](crate::Error::DeviceRoom) where the workspace has to be laid out anew.
    pub(in crate::autodiff) fn forwards(&mut self, frames: &mut Frames) -> Result<()> {
        for (number, steps) in self.schedule.stages.iter().enumerate() {
            self.run(frames, &steps.before, Direction::Forwards);
            let Some(stage) = self.stages.get_mut(number) else {
                self.run(frames, &steps.beside, Direction::Forwards);
                continue;
            };
            stage.upload(frames)?;
            if let Some(graph) = &stage.forward {
                graph.launch()?;
            }
            for step in &steps.beside {
                if let Some(frame) = self.frames[*step] {
                    frames.forwards(frame);
                }
            }
            self.gpu.synchronize()?;
            let numbers = frames.values_mut().0;
            for (slot, at) in &stage.down {
                numbers[slot.range()].copy_from_slice(&stage.fetched.host()[*at..at + slot.shape.len()]);
            }
        }
        Ok(())
    }

    /// All steps backwards.
    ///
    /// # Errors
    /// What the driver says.
    pub(in crate::autodiff) fn backwards(&mut self, frames: &mut Frames) -> Result<()> {
        for (number, steps) in self.schedule.stages.iter().enumerate().rev() {
            self.run(frames, &steps.beside, Direction::Backwards);
            if let Some(stage) = self.stages.get_mut(number) {
                if let Some(graph) = &stage.backward {
                    let gradients = frames.gradients_mut().0;
                    for (slot, at) in &stage.down {
                        stage.cotangents.host()[*at..at + slot.shape.len()].copy_from_slice(&gradients[slot.range()]);
                    }
                    graph.launch()?;
                    self.gpu.synchronize()?;
                }
                stage.add_gradients(frames);
            }
            self.run(frames, &steps.before, Direction::Backwards);
        }
        Ok(())
    }

    /// Host steps, in order or in reverse.
    fn run(&self, frames: &mut Frames, steps: &[usize], direction: Direction) {
        let each = steps.iter().filter_map(|step| self.frames[*step]);
        match direction {
            Direction::Forwards => each.for_each(|frame| frames.forwards(frame)),
            Direction::Backwards => each.rev().for_each(|frame| frames.backwards(frame)),
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Forwards,
    Backwards,
}
