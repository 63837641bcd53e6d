//! Autodiff: values with an invisible lane axis, on dfdx's tape, recorded as fused operations and replayed by plans.

mod arena;
#[cfg(feature = "cuda")]
mod body;
pub mod check;
#[cfg(feature = "cuda")]
pub mod check_gpu;
pub mod cholesky;
#[cfg(feature = "cuda")]
mod device;
mod dfdx_bridge;
mod dual;
mod elementwise;
mod frames;
mod index;
mod inputs;
#[cfg(feature = "cuda")]
mod launches;
mod linear;
mod node;
mod number;
mod op;
mod operand;
mod place;
mod plan;
mod profile;
mod record;
mod reduce;
mod scan;
mod special;
mod step;
mod storage;
mod tape;
mod value;
mod var;
#[cfg(feature = "cuda")]
mod weighted_sum;
mod workspace;

pub use crate::shape::{Dims, Shape, Walk};
#[cfg(feature = "cuda")]
pub use body::{Body, Lanes, Places, SharedNumbers};
pub(crate) use cholesky::{cholesky, factor, side, solve, solve_transposed};
pub use dfdx_bridge::{DfdxTensor, dfdx};
pub use dual::Dual;
pub(crate) use elementwise::{map_value, sigmoid, zip_values};
pub(crate) use index::Slice;
pub use inputs::{Gradients, Inputs};
#[cfg(feature = "cuda")]
pub use launches::{Launch, Launches};
pub(crate) use linear::{SUMS, dot, sum};
pub use number::Number;
pub use op::{FusedOp, Output, broadcast_all, common_lanes};
pub use operand::{Operand, Out};
pub use plan::{Plan, PlanStep};
pub use profile::{Part, Profile, StepProfile};
pub use record::record;
pub(crate) use reduce::{log_sum_exp, sum_inner, sum_value, total};
pub use scan::scan;
pub use storage::{Element, Storage};
pub use tape::{Tape, Unplanned};
pub use value::Value;
pub use var::{Broadcast, IntoVar, Rank, Reduce, Var};
#[cfg(feature = "cuda")]
pub use weighted_sum::{kernel_sources, weighted_sum_body};
pub use workspace::Workspace;
