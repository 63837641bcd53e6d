//! The networks of the paper (appendix D): encoder and decoder as functions of named weights, and the operations they are made of.
//!
//! ```
//! use ppl_core::Var;
//! use vae_source::network::{Mode, WeightSet, decode, decoder_weights};
//!
//! let weights = WeightSet::initial(&decoder_weights(), 1);
//! let z = Var::matrix(2, 64, vec![0.1; 128])?;
//! let images = decode(&mut weights.arrays(None), Mode::Evaluation, &z)?;
//! assert_eq!(images.dims().sizes(), [2, 64, 64]);
//! # Ok::<(), vae_source::Error>(())
//! ```

mod block;
mod decoder;
mod encoder;
mod gemm;
pub mod op;
mod packed;
mod weights;

pub use decoder::{LATENT, SIDE, decode, decoder_weights};
pub use encoder::{Encoded, encode, encoder_weights};
pub use packed::Decoder;
#[cfg(feature = "cuda")]
pub(crate) use packed::{KERNELS, selftest};
pub use weights::{Arrays, Kind, MOMENTUM, Mode, Precision, Tensor, WeightSet, WeightSpec, Weights, follow};
