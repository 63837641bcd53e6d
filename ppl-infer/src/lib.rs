//! The engines of arclet: MAP, NUTS, diagnostics, posteriors and their files.

pub mod atomic;
pub mod diagnostics;
pub mod driver;
pub mod error;
pub mod map;
pub mod mcmc;
pub mod posterior;
pub mod progress;

pub use error::{Error, Result};
