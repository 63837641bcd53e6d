//! CUDA: a GPU, its memory and kernels, and the device part of a plan.
//!
//! Nothing here is linked: driver, NVRTC and cuBLAS are looked for when a GPU is first asked for, so that one binary runs with
//! and without them. A [`Gpu`] holds one stream and the kernels compiled for it; whatever is launched within
//! [`Gpu::capture`] is replayed as one [`Graph`]. An operation says what it does there by a [`Body`](crate::autodiff::Body).
//!
//! ```no_run
//! use ppl_core::cuda::Gpu;
//!
//! let gpu = Gpu::open(0)?;
//! let twice = r#"extern "C" __global__ void twice(float* x) { x[threadIdx.x] *= 2.0f; }"#;
//! let kernel = gpu.load("twice", twice)?.kernel("twice")?;
//! let x = gpu.upload(&[1.0_f32, 2.0, 3.0])?;
//! gpu.launch(&kernel, [1, 1, 1], [3, 1, 1], 0, &[x.at().into()])?;
//! assert_eq!(x.download()?, [2.0, 4.0, 6.0]);
//! # Ok::<(), ppl_core::Error>(())
//! ```

mod cache;
mod driver;
mod emulator;
mod gpu;
mod graph;
mod kernel;
mod launch;
mod libraries;
mod mark;
mod memory;
mod module;
mod pinned;

pub use gpu::Gpu;
pub use graph::Graph;
pub use kernel::Kernel;
pub use launch::Argument;
pub use libraries::preload;
pub(crate) use mark::Mark;
pub use memory::{At, Buffer, Plain};
pub use module::Module;
pub(crate) use pinned::{Pinned, SOURCE as COPY};
