//! Images as light: a surface brightness between the pixels of an image that lies on the sky.
//!
//! ```
//! use lens_models::op::raster::{Interpolation, Placed, brightness};
//! use ppl_core::Array;
//!
//! let image = Array::constant(&[64, 64], vec![1.0; 64 * 64])?;
//! let positions = Array::constant(&[2, 2], vec![0.3, 9.0, -0.1, 0.0])?;
//! let placed = Placed::new(0.0, 0.0, 5.0, 2.0, 0.0);
//! let light = brightness(&image, &positions, &placed, Interpolation::Cubic)?;
//! assert!((light.lane(0)[0] - 2.0).abs() < 1e-5 && light.lane(0)[1] == 0.0);
//! # Ok::<(), ppl_core::Error>(())
//! ```

mod around;
mod backward;
mod batch;
mod brightness;
#[cfg(feature = "cuda")]
mod cuda;
mod forward;
mod interpolation;
mod moments;
mod placed;
#[cfg(feature = "cuda")]
mod selftest;
mod spline;

pub use brightness::brightness;
pub use interpolation::Interpolation;
pub use moments::moments;
pub use placed::Placed;
#[cfg(feature = "cuda")]
pub(super) use {cuda::SOURCE as KERNELS, selftest::selftest};
