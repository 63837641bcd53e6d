//! arclet: an embedded probabilistic programming language for Rust, with a differentiable gravitational-lensing library
//! written in it.
//!
//! ```
//! use arclet::prelude::*;
//!
//! fn model(ctx: &mut Ctx) -> Result<()> {
//!     let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
//!     let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
//!     ctx.observe("y", Normal::new(mu, tau), [2.8, 0.8, -0.3, 0.7])
//! }
//!
//! let posterior = nuts(model, &NutsSettings { warmup: 300, draws: 300, seed: 1, ..Default::default() })?;
//! println!("{}", posterior.summary());
//! # Ok::<(), arclet::infer::Error>(())
//! ```

pub mod bench_model;
pub mod fit;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
pub mod selftest;

pub use lens_models as lens;
pub use ppl_core as core;
pub use ppl_infer as infer;
pub use ppl_infer::{hmc, nuts, nuts_from, posterior_of, sample, svi};
pub use vae_source as source;
pub use vae_source::profile::profiles;
