//! The order in which host and device take the steps of a plan.

use super::groups::{groups, touched};
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
    /// Host steps that the device waits for in this stage.
    pub(super) before: Vec<usize>,
    pub(super) device: Vec<usize>,
    /// Operations that give the host nothing and share no pixels with those that do. The device is at them while the host is at what
    /// those gave, and goes back through them while the host is at what came back of the next stage.
    pub(super) quiet: Vec<usize>,
    /// Host steps that these alone wait for.
    pub(super) before_quiet: Vec<usize>,
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
    /// Pixels that it reads or writes.
    pixels: Vec<usize>,
}

impl Schedule {
    /// Host steps go as early as they can, both ways.
    pub(super) fn of(plan: &Plan) -> Self {
        let is_pixel = |slot: usize| plan.slots[slot].element == Element::F32;
        let steps = plan.steps().iter().map(|step| {
            let on_device = step.inputs.iter().chain([&step.out]).any(|slot| is_pixel(*slot));
            let is_heard_of = on_device && !is_pixel(step.out);
            Step { inputs: &step.inputs, out: step.out, on_device, is_heard_of, pixels: touched(plan, step) }
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
    let is_quiet = quiet(steps, &stage, count);
    // The first stage of the device that needs a value, itself or through steps of the host (and whether its quiet operations do), and
    // the first that its cotangent comes from; `count`: none does.
    let (mut needed, mut back) = (vec![(count, false); slots], vec![count; slots]);
    for (i, step) in steps.iter().enumerate().rev() {
        let (own, needed_by, back_from) = (stage[i], needed[step.out], back[step.out]);
        let (by, from) = if step.on_device { ((own, is_quiet[i]), own) } else { (needed_by, back_from) };
        for slot in step.inputs {
            (needed[*slot], back[*slot]) = (needed[*slot].min(by), back[*slot].min(from));
        }
        let forwards = &mut stages[own];
        if step.on_device {
            if is_quiet[i] { &mut forwards.quiet } else { &mut forwards.device }.push(i);
            continue;
        }
        let list = match needed_by {
            (first, _) if first != own || own == count => &mut forwards.beside,
            (_, true) => &mut forwards.before_quiet,
            (_, false) => &mut forwards.before,
        };
        list.push(i);
        // Its inputs come out of the stage before `own`, so that the device does not wait for it any earlier.
        if back_from == own { &mut stages[own].back_after } else { &mut stages[back_from - 1].back_beside }.push(i);
    }
    for StageSteps { before, device, quiet, before_quiet, beside, .. } in &mut stages {
        [before, device, quiet, before_quiet, beside].into_iter().for_each(|steps| steps.reverse());
    }
    stages
}

/// Which steps are of the device and in groups that give the host nothing, in a stage that is not the last.
fn quiet(steps: &[Step<'_>], stage: &[usize], count: usize) -> Vec<bool> {
    let mut is_quiet = vec![false; steps.len()];
    for number in 0..count.saturating_sub(1) {
        let own: Vec<usize> = (0..steps.len()).filter(|i| steps[*i].on_device && stage[*i] == number).collect();
        let group = groups(&own.iter().map(|i| &steps[*i].pixels[..]).collect::<Vec<_>>());
        let of_own = || own.iter().zip(&group);
        let heard: Vec<usize> = of_own().filter(|(i, _)| steps[**i].is_heard_of).map(|(_, group)| *group).collect();
        of_own().for_each(|(i, group)| is_quiet[*i] = !heard.contains(group));
    }
    is_quiet
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
        let host = |inputs, out| Step { inputs, out, on_device: false, is_heard_of: false, pixels: vec![] };
        let device = |inputs, out, is_heard_of, pixels: &[usize]| {
            let pixels = pixels.to_vec();
            Step { inputs, out, on_device: true, is_heard_of, pixels }
        };
        let example = [
            // Latent numbers, their prior, and a width that the light alone needs.
            host(&[0][..], 1),
            host(&[1], 2),
            host(&[0], 3),
            // The image; its moments.
            device(&[1], 4, false, &[4]),
            device(&[4], 5, true, &[4]),
            // The place that follows from the moments and the width; its prior.
            host(&[5, 3], 6),
            host(&[6], 7),
            // A lens, and its rays.
            host(&[0], 8),
            device(&[8], 9, false, &[9]),
            // The light, how probable it is, and the sum.
            device(&[4, 6, 9], 10, false, &[4, 9, 10]),
            device(&[10], 11, true, &[10]),
            host(&[2, 7, 11], 12),
        ];
        let all = stages(&example, 13);
        let forwards = |steps: &StageSteps| {
            let StageSteps { before, device, before_quiet, quiet, beside, .. } = steps.clone();
            [before, device, before_quiet, quiet, beside]
        };
        let expected = [
            // The rays give the host nothing: it hears of the moments before them.
            [vec![0], vec![3, 4], vec![7], vec![8], vec![1, 2]],
            [vec![5], vec![9, 10], vec![], vec![], vec![6]],
            [vec![], vec![], vec![], vec![], vec![11]],
        ];
        assert_eq!(all.iter().map(forwards).collect::<Vec<_>>(), expected);
        let backwards = |steps: &StageSteps| [steps.back_beside.clone(), steps.back_after.clone()];
        let expected = [
            // What the width gives to the leaf waits for the light alone; latent numbers and lens wait for their pixels.
            [vec![2], vec![7, 0]],
            // Both priors go back while the device is at the light, of whose cotangents they know nothing.
            [vec![6, 1], vec![5]],
            [vec![], vec![11]],
        ];
        assert_eq!(all.iter().map(backwards).collect::<Vec<_>>(), expected);
    }
}
