//! Codegen: the CUDA C of a profile, written from the same formula that the processor runs.
//!
//! A formula is generic over its numbers. Run once on numbers that write down what is done to them ([`symbol`]), it leaves a
//! graph of operations ([`graph`]), each distinct one once; a graph is printed as C, one `float` a node ([`text`]), and
//! wrapped in the kernels that are launched ([`kernel`](mod@kernel)). What the formula prepares for a lens goes over as a
//! flat list of floats, in the order in which it is made ([`constants`]).
//!
//! Where it does not, yet: nothing here talks to a GPU, and a profile that is no formula has no kernel.

mod constants;
mod graph;
mod kernel;
mod symbol;
mod text;

pub use kernel::{Kernel, kernel};
