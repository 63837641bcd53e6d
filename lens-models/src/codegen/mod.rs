//! Codegen: the CUDA C of a profile, written from the same formula that the processor runs.
//!
//! A formula is generic over its numbers. Run once on numbers that write down what is done to them (`symbol`), it leaves a
//! graph of operations (`graph`), each distinct one once; a graph is printed as C, one `float` a node (`text`), and
//! wrapped in the kernels that are launched (`kernel`). What the formula prepares for a lens goes over as a
//! flat list of floats, in the order in which it is made (`constants`).
//!
//! Beside kernels written by hand, for the power law (`scripts/nvrtc_check.py`, NVRTC 13.0, sm_75 / sm_80 / sm_90; neither
//! spills):
//!
//! | | registers, value | registers, vjp | PTX instructions, value and vjp | lines |
//! |---|---|---|---|---|
//! | by hand, `scripts/by_hand/epl.cu` | 48 / 30 / 31 | 64 / 64 / 64 | 354 and 897 | 105 |
//! | written here | 64 / 32 / 32 | 64 / 64 / 64 | 386 and 924 | 322 |
//!
//! The text is three times as long, for it has a name for every intermediate number, and what it makes the GPU do is the
//! same within 9 % of the instructions (a part of which is the axis of lanes, that the other lacks).
//!
//! What is launched on a GPU is the sum of several fields, from the same functions: `op/gpu/field.rs`. The kernels of one profile by
//! itself are those that the tests run in double precision.
//!
//! Where it does not, yet: a profile that is no formula has no kernel.

mod constants;
mod graph;
mod kernel;
mod symbol;
mod text;

pub use kernel::{Kernel, kernel};
