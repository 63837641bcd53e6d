//! The neural source of a gravitational lens: galaxies to learn from, the networks that learn, and their training.

pub mod data;
pub mod embedded;
pub mod error;
pub mod latent;
pub mod network;
pub mod profile;
#[cfg(feature = "cuda")]
mod selftest;
mod tally;
pub mod training;
pub mod vae;

pub use error::{Error, Result};
#[cfg(feature = "cuda")]
pub use selftest::{kernel_sources, selftest};
