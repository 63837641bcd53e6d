//! The operations of a network on pixels `[lanes][batch, channels, height, width]`, each a fused operation of the tape.

mod activation;
mod convolution;
mod correlate;
mod dense;
mod geometry;
mod linear;
mod normalise;
mod outer;
mod planes;
mod reshape;
#[cfg(feature = "cuda")]
mod reshape_cuda;
#[cfg(feature = "cuda")]
mod selftest;
mod spread;
mod stack;
mod statistics;
#[cfg(test)]
pub(super) mod tests_data;

pub use activation::{leaky_relu, tanh};
pub use convolution::{conv_transpose2d, conv2d};
pub(super) use geometry::Geometry;
pub use geometry::Kernel;
pub use linear::linear;
pub(super) use normalise::EPSILON;
pub use normalise::normalised;
pub use reshape::{reshaped, to_numbers, to_pixels};
pub(super) use spread::phase_rows;
pub use stack::stacked;
pub use statistics::batch_statistics;
#[cfg(feature = "cuda")]
pub(crate) use {reshape_cuda::SOURCE as KERNELS, selftest::selftest};
