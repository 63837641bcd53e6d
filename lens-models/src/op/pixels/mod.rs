//! Pixelised light and pixelised potentials: grids whose prior is a Gaussian process.

mod evidence;
mod field;
mod grid;
mod hartley;
mod kind;
mod light;
mod potential;
mod spectrum;
mod tables;
mod window;

pub use field::gaussian_field;
pub(crate) use kind::PixelsKind;
pub use light::Pixels;
pub use potential::PotentialGrid;
