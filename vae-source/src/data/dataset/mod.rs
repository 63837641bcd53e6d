//! The dataset: prepared galaxies with their split and their provenance, in memory and as one file.

mod file;
mod provenance;
mod set;

pub use provenance::{Provenance, Source};
pub use set::Dataset;
