//! Simulated galaxies, for those without the COSMOS archive: scenes drawn from published distributions, seen by HST.

mod arms;
mod bar;
mod blob;
mod body;
mod bulge;
mod centred;
mod cutout;
mod disc;
mod draw;
mod dust;
mod noise;
mod patches;
mod population;
mod ring;
mod scene;
mod sersic;
mod set;
mod simulator;
mod spiral;
mod survey;
mod tail;

pub use population::Population;
pub use set::simulate_set;
pub use simulator::{SimulatedGalaxy, Simulator};
pub use survey::Survey;
