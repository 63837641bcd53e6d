//! The language of arclet: tape, lanes, sites, distributions, handlers, log density.

pub mod array;
pub mod autodiff;
pub mod ctx;
pub mod density;
pub mod distributions;
pub mod error;
pub mod handler;
pub mod message;
pub mod priors;
pub mod rng;
pub mod transform;
mod values;

pub use array::{Array, Device};
pub use autodiff::Var;
pub use ctx::Ctx;
pub use density::{LogDensity, ModelDensity};
pub use error::{Error, Result};
pub use priors::PriorSet;
pub use values::Values;
