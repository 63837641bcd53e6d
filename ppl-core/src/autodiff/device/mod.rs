//! The device part of a plan: its operations on pixels as CUDA graphs, between those on host numbers.
//!
//! Operations that touch pixels run on the GPU, all others on the host. A stage is what the GPU can do without hearing from the host:
//! its inputs are uploaded, its operations run, what the host wants is downloaded, all of it as one launch. The last stage is run
//! backwards at once where its results go into the log density as they are.

mod clock;
mod groups;
mod layout;
mod part;
mod schedule;
mod stage;

pub(super) use layout::Request;
pub(super) use part::DevicePart;
