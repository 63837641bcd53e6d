//! Training on a CUDA GPU: the program of [`model`](super::model) and [`guide`](super::guide), its gradient and the optimizer as a fixed
//! list of launches, captured once as a graph. Nothing here is linked: driver, NVRTC and cuBLAS are looked for when a training begins.
//!
//! ```no_run
//! use ppl_core::cuda::Gpu;
//! use vae_source::training::cuda::Products;
//! use vae_source::training::{Preset, Trainer, TrainingSettings};
//!
//! let settings = TrainingSettings::of(Preset::Fast, 100, 1);
//! let trainer = Trainer::on(Gpu::open(0)?, settings, Products::Tf32)?;
//! # Ok::<(), vae_source::Error>(())
//! ```

mod check;
mod inputs;
mod launch;
mod layers;
mod layout;
mod machine;
mod products;
mod step;
mod steps;
#[cfg(test)]
mod tests;

pub use check::{gradient, times};
pub use products::Products;
pub use steps::CudaSteps;
