//! Differentiable gravitational lenses: mass, light, images, data and systems.

mod complex;
pub mod data;
pub mod error;
pub mod fits;
pub mod grid;
pub mod light;
pub mod mask;
pub mod mass;
pub mod noise;
pub mod npy;
pub mod op;
pub mod parameter;
pub mod point;
pub mod psf;
mod simd;
pub mod system;
pub use error::{Error, Result};
