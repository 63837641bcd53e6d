//! The evaluation in single precision: planes of channels, products of matrices.

mod decode;
mod first;
mod last;
mod layers;
mod middle;
mod phases;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use first::{add_scaled, dot};
pub(super) use layers::SingleLayers;
