//! Systems: a lens described by one JSON file, and the model function that it stands for.

mod component;
mod config;
mod defaults;
mod model;
mod preset;
mod read;
mod refine;
mod simulate;
mod solve;

pub use component::{Component, Profile, Role};
pub use config::System;
pub use defaults::Scales;
pub use model::{Scene, SystemModel};
pub use preset::Preset;
pub use simulate::{Mock, simulate};
pub use solve::FoundAmplitudes;
