//! The order in which host and device take the steps of a plan.

use crate::autodiff::plan::Plan;
use crate::autodiff::storage::Element;

/// A plan's steps in the order in which host and device take them.
pub(super) struct Schedule {
    /// Stages, and one of host steps alone at the end.
    pub(super) stages: Vec<StageSteps>,
}

/// Steps of one stage, by their place in the plan.
#[derive(Clone, Default)]
pub(super) struct StageSteps {
    /// Host steps that the device waits for.
    pub(super) before: Vec<usize>,
    pub(super) device: Vec<usize>,
    /// Host steps that it does not wait for.
    pub(super) beside: Vec<usize>,
}

impl Schedule {
    /// Host steps go as early as they can.
    pub(super) fn of(plan: &Plan) -> Self {
        let steps = plan.steps();
        let is_pixel = |slot: usize| plan.slots[slot].element == Element::F32;
        let on_device: Vec<bool> =
            steps.iter().map(|step| step.inputs.iter().chain([&step.out]).any(|slot| is_pixel(*slot))).collect();
        // The first stage in which a value is there, for the host or on the device.
        let mut there = vec![0; plan.slots.len()];
        let mut stage = vec![0; steps.len()];
        for (i, step) in steps.iter().enumerate() {
            stage[i] = step.inputs.iter().map(|slot| there[*slot]).max().unwrap_or(0);
            there[step.out] = stage[i] + usize::from(on_device[i] && !is_pixel(step.out));
        }
        let count = stage.iter().zip(&on_device).filter(|(_, device)| **device).map(|(s, _)| s + 1).max().unwrap_or(0);
        let mut stages = vec![StageSteps::default(); count + 1];
        // A host step is waited for if an operation of the device needs it, in its own stage or through other host steps.
        let mut waited = vec![false; plan.slots.len()];
        for (i, step) in steps.iter().enumerate().rev() {
            let own = &mut stages[stage[i]];
            if on_device[i] {
                own.device.push(i);
            } else if waited[step.out] {
                own.before.push(i);
            } else {
                own.beside.push(i);
            }
            if on_device[i] || waited[step.out] {
                step.inputs.iter().for_each(|slot| waited[*slot] = true);
            }
        }
        for stage in &mut stages {
            [&mut stage.before, &mut stage.device, &mut stage.beside].into_iter().for_each(|steps| steps.reverse());
        }
        Schedule { stages }
    }

    /// How many stages the device has.
    pub(super) fn device_stages(&self) -> usize {
        self.stages.len() - 1
    }
}

/// Which operations share no pixels, even through others, with the largest group of those that do.
pub(super) fn aside(touched: &[Vec<usize>]) -> Vec<bool> {
    let mut group: Vec<usize> = (0..touched.len()).collect();
    for one in 0..touched.len() {
        for other in 0..one {
            if group[one] != group[other] && touched[one].iter().any(|slot| touched[other].contains(slot)) {
                let (from, to) = (group[one], group[other]);
                group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let size = |of: usize| group.iter().filter(|group| **group == of).count();
    let largest = group.iter().copied().max_by_key(|of| (size(*of), usize::MAX - of));
    group.iter().map(|of| Some(*of) != largest).collect()
}

/// Slots that go into the output as they are: their cotangent is one.
pub(super) fn unit_slots(plan: &Plan) -> Vec<usize> {
    let Some(last) = plan.steps().iter().find(|step| step.out == plan.output && step.name() == "total") else {
        return vec![plan.output];
    };
    let uses = |slot: usize| -> usize {
        plan.steps().iter().map(|step| step.inputs.iter().filter(|input| **input == slot).count()).sum()
    };
    let mut unit: Vec<usize> = last.inputs.iter().copied().filter(|slot| uses(*slot) == 1).collect();
    unit.push(plan.output);
    unit
}
