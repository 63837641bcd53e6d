//! The language of arclet: tape, lanes, sites, distributions, handlers, log density.

pub mod array;
pub mod atomic;
pub mod autodiff;
pub mod ctx;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod density;
pub mod device;
pub mod distributions;
pub mod error;
pub mod handler;
pub mod message;
mod param;
pub mod pool;
pub mod priors;
mod processor;
pub mod rng;
mod run;
mod scope;
mod score;
pub mod shape;
pub mod support;
pub mod transform;
mod values;

pub use array::Array;
pub use autodiff::Var;
pub use ctx::Ctx;
pub use density::{LogDensity, ModelDensity};
pub use device::Device;
pub use error::{Error, Result};
pub use param::{Kept, ParamSpace};
pub use priors::PriorSet;
pub use processor::Processor;
pub use run::Outside;
pub use values::Values;
