//! What warm-up tunes: the step size and the metric, and when.

pub mod dual_averaging;
pub mod geometric_mean;
pub mod mass;
pub mod step_search;
mod welford;
pub mod windows;
