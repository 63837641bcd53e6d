//! The same evaluation on processors that multiply tiles of bfloat16: a number is the sum of two, a level lies pixel by pixel.

mod decode;
mod first;
mod last;
mod layers;
mod left;
mod level;
mod middle;
mod right;
mod split;
mod tanh;
mod tile;

pub(super) use layers::HalfLayers;
pub(super) use tile::Allowed;
