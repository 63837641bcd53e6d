//! Pixelised light: an image on a grid whose prior is a Gaussian process.

mod field;
mod hartley;
mod kind;
mod light;
mod likely;
mod spectrum;
mod window;

pub use field::gaussian_field;
pub(crate) use kind::PixelsKind;
pub use light::Pixels;
