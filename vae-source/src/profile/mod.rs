//! The light of a decoded galaxy: an image of 64 x 64 pixels as a surface brightness between its pixels.
//!
//! ```
//! use ppl_core::{Array, Var};
//! use vae_source::profile::{Interpolation, Placed, brightness};
//!
//! let image = Array::constant(&[64, 64], vec![1.0; 64 * 64])?;
//! let positions = Array::constant(&[2, 2], vec![0.3, 9.0, -0.1, 0.0])?;
//! let placed = Placed::new(0.0, 0.0, 5.0, 2.0, 0.0);
//! let light = brightness(&image, &positions, &placed, Interpolation::Cubic)?;
//! assert!((light.lane(0)[0] - 2.0).abs() < 1e-5 && light.lane(0)[1] == 0.0);
//! # Ok::<(), ppl_core::Error>(())
//! ```

mod around;
mod brightness;
#[cfg(feature = "cuda")]
mod cuda;
mod decoded;
mod interpolation;
mod kind;
mod moments;
mod placed;
#[cfg(feature = "cuda")]
mod selftest;
mod spline;

pub use brightness::brightness;
pub use decoded::Decoded;
pub use interpolation::Interpolation;
pub use kind::{Vae, profiles};
pub use placed::Placed;
#[cfg(feature = "cuda")]
pub(crate) use {cuda::SOURCE as KERNELS, selftest::selftest};
