//! Galaxies to learn from: real ones of a GalSim catalogue or simulated ones, prepared as the paper has it (section 2.2).

mod catalog;
mod crop;
mod cuts;
mod dataset;
mod denoise;
mod downscale;
mod drizzle;
mod galaxy;
mod morphology;
mod noise_level;
mod prepare;
mod signal;
pub mod simulate;
mod split;
mod stamp;
mod tally;

pub use catalog::{Catalog, Entry, Note, Stamps};
pub use crop::central_square;
pub use cuts::Cuts;
pub use dataset::{Dataset, Provenance, Source};
pub use denoise::NonLocalMeans;
pub use downscale::downscale;
pub use galaxy::Galaxy;
pub use morphology::Morphology;
pub use noise_level::noise_ratio;
pub use prepare::{prepare, prepare_all};
pub use signal::signal;
pub use split::{Split, proportions, split};
pub use stamp::{SersicFit, Stamp};
pub use tally::{Reason, Tally};
