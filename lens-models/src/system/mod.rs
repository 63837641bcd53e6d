//! Systems: a lens described by one JSON file, and the model function that it stands for.

mod bands;
mod bands_model;
mod component;
mod config;
mod defaults;
mod deflectors;
mod halo;
mod lens_planes;
mod model;
mod point_log_prob;
mod point_source;
mod points_model;
mod population;
mod preset;
mod read;
mod read_bands;
mod redshifts;
mod refine;
mod sampled;
mod shines;
mod simulate;
mod solve;

pub use bands_model::BandsModel;
pub use component::{Component, Profile, Role};
pub use config::System;
pub use defaults::Scales;
pub use halo::Halo;
pub use model::{Scene, SystemModel};
pub use point_log_prob::PointTerms;
pub use point_source::{Measured, Plane, PointSource, SourcePosition};
pub use points_model::PointsModel;
pub use population::HaloPopulation;
pub use preset::Preset;
pub use redshifts::Redshifts;
pub use simulate::{Mock, simulate, simulate_bands};
pub use solve::FoundAmplitudes;
