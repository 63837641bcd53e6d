//! The light of a decoded galaxy: an image of 64 x 64 pixels as a surface brightness between its pixels.

mod decoded;
mod kind;

pub use decoded::Decoded;
pub use kind::{Vae, profiles};
pub use lens_models::op::raster::{Interpolation, Placed, brightness};
