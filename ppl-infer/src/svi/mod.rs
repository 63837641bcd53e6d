//! Stochastic variational inference: params of a model and its guide moved along the gradient of the ELBO.
//!
//! Model and guide are functions of `&mut Ctx`. The guide samples what the model samples, from distributions that its `param`s
//! steer; one gradient step draws from it, scores the draws under both, and moves the params of both:
//!
//! ```
//! use ppl_core::distributions::{Normal, Support};
//! use ppl_core::{Ctx, Result};
//! use ppl_infer::svi::{Elbo, Schedule, Svi, SviSettings};
//! use ppl_infer::{Ending, Executor};
//!
//! fn model(ctx: &mut Ctx) -> Result<()> {
//!     let mu = ctx.sample("mu", Normal::new(0.0, 10.0))?;
//!     ctx.observe("y", Normal::new(mu, 1.0), [1.2, 0.7, 1.9, 1.1])
//! }
//!
//! fn guide(ctx: &mut Ctx) -> Result<()> {
//!     let loc = ctx.param("loc", 0.0)?;
//!     let scale = ctx.param_in("scale", 1.0, Support::POSITIVE)?;
//!     ctx.sample("mu", Normal::new(loc, scale)).map(drop)
//! }
//!
//! let learning_rate = Schedule::Exponential { from: 0.1, to: 0.001 };
//! let settings = SviSettings { steps: 1000, particles: 8, learning_rate, ..Default::default() };
//! let mut svi = Svi::new(&settings)?;
//! assert!(matches!(Executor::new().run(&Elbo::new(model, guide), &mut svi), Ending::Finished));
//! let scale = svi.params()?.numbers("scale").unwrap()[0];
//! assert!((scale - 0.499).abs() < 0.02); // 1 / sqrt(4 + 1 / 100)
//! # Ok::<(), ppl_infer::Error>(())
//! ```

mod clip;
mod elbo;
mod engine;
mod evaluation;
mod fit;
mod guide;
mod keeper;
mod loss;
mod mean_field;
mod numbers;
mod optimizer;
mod patience;
mod posterior;
mod progress;
mod renyi;
mod schedule;
mod settings;
mod store;
mod term;
mod trace_elbo;

pub use clip::Clip;
pub use elbo::Elbo;
pub use engine::{Svi, SviEnd};
pub use fit::{Fit, svi};
pub use guide::{AutoDelta, AutoLaplace, AutoLowRankMultivariateNormal, AutoMultivariateNormal, AutoNormal, Gaussian};
pub use loss::Loss;
pub use optimizer::{Adam, AdamW, Optimizer};
pub use patience::{HeldOut, Patience};
pub use posterior::posterior_of_guide;
pub use progress::LossLine;
pub use schedule::Schedule;
pub use settings::SviSettings;
