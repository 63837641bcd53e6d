//! Pixelised light: an image on a grid whose prior is a Gaussian process.

mod evidence;
mod field;
mod grid;
mod hartley;
mod kind;
mod light;
mod spectrum;
mod window;

pub use field::gaussian_field;
pub(crate) use kind::PixelsKind;
pub use light::Pixels;
