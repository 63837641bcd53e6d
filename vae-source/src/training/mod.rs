//! Training: the variational autoencoder as a program of the language, and SVI of it on a set of galaxies.

mod augment;
mod feed;
mod program;
mod settings;
mod sites;
mod trainer;

pub use feed::Feed;
pub use program::{SIGMA, guide, model};
pub use settings::{Preset, TrainingSettings};
pub use trainer::{Epoch, Trainer, TrainingSet};
