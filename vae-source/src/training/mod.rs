//! Training: the variational autoencoder as a program of the language, and SVI of it on a set of galaxies.

mod augment;
#[cfg(feature = "cuda")]
pub mod cuda;
mod feed;
mod program;
mod set;
mod settings;
mod sites;
mod stepper;
mod trainer;

pub use feed::Feed;
pub use program::{SIGMA, guide, model};
pub use set::TrainingSet;
pub use settings::{Preset, TrainingSettings};
pub use stepper::Stepper;
pub use trainer::{Epoch, Trainer};
