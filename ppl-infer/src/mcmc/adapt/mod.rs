//! What warm-up tunes: the step size and the metric, and when.

pub mod dual_averaging;
pub mod mass;
pub mod step_search;
pub mod windows;
