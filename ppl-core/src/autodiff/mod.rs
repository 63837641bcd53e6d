//! Autodiff: values with an invisible lane axis, on dfdx's tape, recorded as fused operations.

pub mod check;
mod dfdx_bridge;
mod elementwise;
mod op;
mod reduce;
mod shape;
mod tape;
mod value;
mod var;

pub(crate) use elementwise::sigmoid;
pub use op::{FusedOp, Gradient, Operand, record};
pub(crate) use reduce::{Slice, total};
pub(crate) use shape::Walk;
pub use shape::{Dims, Shape};
pub use tape::Tape;
pub use value::{Data, Value};
pub use var::{Broadcast, IntoVar, Rank, Var};
