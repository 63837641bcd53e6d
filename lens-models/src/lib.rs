//! Differentiable gravitational lenses: mass, light, images, data and systems.

pub mod check;
pub mod codegen;
pub mod cosmology;
pub mod data;
pub mod error;
pub mod exchange;
pub mod fits;
pub mod grid;
pub mod image_file;
pub mod light;
pub mod linear;
pub mod mask;
pub mod mass;
pub mod noise;
pub mod npy;
pub mod number;
pub mod op;
pub mod parameter;
pub mod plane;
pub mod pointwise;
pub mod profiles;
pub mod psf;
pub mod quadrature;
mod regions;
pub mod sampling;
pub mod system;
pub use error::{Error, Result};
