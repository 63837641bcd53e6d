//! Weights: what a network asks for, where it gets it from, and the files they are kept in.

mod file;
mod running;
mod set;
mod source;
mod spec;

pub use file::Precision;
pub use running::{MOMENTUM, follow};
pub use set::{Arrays, Tensor, WeightSet};
pub use source::{Mode, Weights};
pub use spec::{Kind, WeightSpec};
