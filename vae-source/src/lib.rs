//! The neural source of a gravitational lens: galaxies to learn from, and the networks that learn.

pub mod data;
pub mod error;
pub mod network;
pub mod profile;
mod tally;

pub use error::{Error, Result};
