//! Autodiff: values with an invisible lane axis, on dfdx's tape, recorded as fused operations and replayed by plans.

mod arena;
pub mod check;
mod cholesky;
mod dfdx_bridge;
mod elementwise;
mod index;
mod linear;
mod node;
mod op;
mod operand;
mod plan;
mod record;
mod reduce;
mod special;
mod step;
mod storage;
mod tape;
mod value;
mod var;
mod workspace;

pub use crate::shape::{Dims, Shape, Walk};
pub(crate) use cholesky::{cholesky, factor, side, solve, solve_transposed};
pub use dfdx_bridge::{DfdxTensor, dfdx};
pub(crate) use elementwise::{map_value, sigmoid, zip_values};
pub(crate) use index::Slice;
pub(crate) use linear::{dot, sum};
pub use op::{FusedOp, Gradients, Inputs, Output, broadcast_all, common_lanes};
pub use operand::{Operand, Out};
pub use plan::{Plan, PlanStep};
pub use record::record;
pub(crate) use reduce::{log_sum_exp, sum_inner, sum_value, total};
pub use storage::{Element, Storage};
pub use tape::{Tape, Unplanned};
pub use value::Value;
pub use var::{Broadcast, IntoVar, Rank, Reduce, Var};
pub use workspace::{StepProfile, Workspace};
