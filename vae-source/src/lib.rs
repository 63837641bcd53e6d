//! The neural source of a gravitational lens: galaxies to learn from.

pub mod data;
pub mod error;
mod tally;

pub use error::{Error, Result};
