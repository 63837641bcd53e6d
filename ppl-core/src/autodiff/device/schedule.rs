//! The order in which host and device take the steps of a plan.

use crate::autodiff::plan::{Plan, PlanStep};
use crate::autodiff::storage::Element;

/// A plan's steps in the order in which host and device take them.
pub(super) struct Schedule {
    /// Stages, and one of host steps alone at the end.
    pub(super) stages: Vec<StageSteps>,
}

/// Steps of one stage, by their place in the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StageSteps {
    /// Host steps that the device waits for in this stage.
    pub(super) before: Vec<usize>,
    pub(super) device: Vec<usize>,
    /// Host steps that are taken while the device is in this stage: nothing of it waits for them.
    pub(super) beside: Vec<usize>,
    /// Host steps that are taken backwards while the device goes back through this stage.
    pub(super) back_beside: Vec<usize>,
    /// Host steps that are taken backwards after it: they wait for it, and the stage before this one waits for them.
    pub(super) back_after: Vec<usize>,
}

/// What the schedule has to know of a step.
struct Step<'p> {
    inputs: &'p [usize],
    out: usize,
    on_device: bool,
    /// Whether the host has to hear of its output from the device.
    is_heard_of: bool,
}

impl Schedule {
    /// Host steps go as early as they can, both ways.
    pub(super) fn of(plan: &Plan) -> Self {
        let is_pixel = |slot: usize| plan.slots[slot].element == Element::F32;
        let step = |step: &'_ PlanStep| {
            let on_device = step.inputs.iter().chain([&step.out]).any(|slot| is_pixel(*slot));
            (on_device, on_device && !is_pixel(step.out))
        };
        let kinds = plan.steps().iter().map(|own| (own, step(own)));
        let steps = kinds.map(|(own, (on_device, is_heard_of))| Step {
            inputs: &own.inputs,
            out: own.out,
            on_device,
            is_heard_of,
        });
        Schedule { stages: stages(&steps.collect::<Vec<_>>(), plan.slots.len()) }
    }

    /// How many stages the device has.
    pub(super) fn device_stages(&self) -> usize {
        self.stages.len() - 1
    }
}

fn stages(steps: &[Step<'_>], slots: usize) -> Vec<StageSteps> {
    // The first stage in which a value is there, for the host or on the device.
    let mut there = vec![0; slots];
    let mut stage = vec![0; steps.len()];
    for (i, step) in steps.iter().enumerate() {
        stage[i] = step.inputs.iter().map(|slot| there[*slot]).max().unwrap_or(0);
        there[step.out] = stage[i] + usize::from(step.is_heard_of);
    }
    let of_device = steps.iter().zip(&stage).filter(|(step, _)| step.on_device);
    let count = of_device.map(|(_, stage)| stage + 1).max().unwrap_or(0);
    let mut stages = vec![StageSteps::default(); count + 1];
    // The first stage of the device that needs a value, itself or through steps of the host, and the first that its cotangent comes
    // from; `count`: none does.
    let (mut needed, mut back) = (vec![count; slots], vec![count; slots]);
    for (i, step) in steps.iter().enumerate().rev() {
        let (own, needed_by, back_from) = (stage[i], needed[step.out], back[step.out]);
        let [by, from] = if step.on_device { [own, own] } else { [needed_by, back_from] };
        for slot in step.inputs {
            (needed[*slot], back[*slot]) = (needed[*slot].min(by), back[*slot].min(from));
        }
        if step.on_device {
            stages[own].device.push(i);
            continue;
        }
        let forwards = &mut stages[own];
        if needed_by == own && own < count { &mut forwards.before } else { &mut forwards.beside }.push(i);
        // Its inputs come out of the stage before `own`, so that the device does not wait for it any earlier.
        if back_from == own { &mut stages[own].back_after } else { &mut stages[back_from - 1].back_beside }.push(i);
    }
    for StageSteps { before, device, beside, .. } in &mut stages {
        [before, device, beside].into_iter().for_each(|steps| steps.reverse());
    }
    stages
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_does_what_the_device_does_not_wait_for_while_it_works() {
        let host = |inputs, out| Step { inputs, out, on_device: false, is_heard_of: false };
        let device = |inputs, out, is_heard_of| Step { inputs, out, on_device: true, is_heard_of };
        let example = [
            // Latent numbers, their prior, and a width that the light alone needs.
            host(&[0][..], 1),
            host(&[1], 2),
            host(&[0], 3),
            // The image; its moments.
            device(&[1], 4, false),
            device(&[4], 5, true),
            // The place that follows from the moments and the width; its prior.
            host(&[5, 3], 6),
            host(&[6], 7),
            // The light, and how probable it is.
            device(&[4, 6], 8, false),
            device(&[8], 9, true),
            host(&[2, 7, 9], 10),
        ];
        let steps =
            |before: &[usize], device: &[usize], beside: &[usize], back_beside: &[usize], back_after: &[usize]| {
                let [before, device, beside, back_beside, back_after] =
                    [before, device, beside, back_beside, back_after].map(<[usize]>::to_vec);
                StageSteps { before, device, beside, back_beside, back_after }
            };
        let expected = [
            // What the width gives to the leaf waits for the light alone; the latent numbers wait for the image.
            steps(&[0], &[3, 4], &[1, 2], &[2], &[0]),
            // Both priors go back while the device is at the light, of whose cotangents they know nothing.
            steps(&[5], &[7, 8], &[6], &[6, 1], &[5]),
            steps(&[], &[], &[9], &[], &[9]),
        ];
        assert_eq!(stages(&example, 11), expected);
    }
}
