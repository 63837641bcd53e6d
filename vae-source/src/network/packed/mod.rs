//! The decoder's evaluation path: weights folded and packed once, no gradient of weights, nothing allocated an evaluation.

mod activation;
#[cfg(feature = "cuda")]
mod cuda;
mod decoder;
mod fold;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod halves;
mod layers;
#[cfg(feature = "cuda")]
mod layout;
mod op;
mod plane;
#[cfg(feature = "cuda")]
mod selftest;
mod single;
mod work;

pub use decoder::Decoder;
#[cfg(feature = "cuda")]
pub(crate) use {cuda::SOURCE as KERNELS, selftest::selftest};
