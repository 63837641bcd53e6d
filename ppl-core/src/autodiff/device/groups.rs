//! Groups: operations of a stage that share pixels, and those that share none with them.

use crate::autodiff::plan::{Plan, PlanStep};
use crate::autodiff::storage::Element;

/// The traced pixels that a step reads or writes.
pub(super) fn touched(plan: &Plan, step: &PlanStep) -> Vec<usize> {
    let all = step.inputs.iter().chain([&step.out]).copied();
    all.filter(|slot| plan.slots[*slot].traced && plan.slots[*slot].element == Element::F32).collect()
}

/// A number for each operation, the same for those that share pixels, even through others.
pub(super) fn groups(touched: &[&[usize]]) -> Vec<usize> {
    let mut group: Vec<usize> = (0..touched.len()).collect();
    for one in 0..touched.len() {
        for other in 0..one {
            if group[one] != group[other] && touched[one].iter().any(|slot| touched[other].contains(slot)) {
                let (from, to) = (group[one], group[other]);
                group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    group
}

/// Which operations are not in the largest group.
pub(super) fn aside(touched: &[&[usize]]) -> Vec<bool> {
    let group = groups(touched);
    let size = |of: usize| group.iter().filter(|group| **group == of).count();
    let largest = group.iter().copied().max_by_key(|of| (size(*of), usize::MAX - of));
    group.iter().map(|of| Some(*of) != largest).collect()
}
