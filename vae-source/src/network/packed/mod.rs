//! The decoder's evaluation path: weights folded and packed once, no gradient of weights, nothing allocated an evaluation.

mod activation;
#[cfg(feature = "cuda")]
mod cuda;
mod decoder;
mod first;
mod fold;
mod last;
mod layers;
#[cfg(feature = "cuda")]
mod layout;
mod middle;
mod op;
mod plane;
#[cfg(feature = "cuda")]
mod selftest;

pub use decoder::Decoder;
#[cfg(feature = "cuda")]
pub(crate) use {cuda::SOURCE as KERNELS, selftest::selftest};
