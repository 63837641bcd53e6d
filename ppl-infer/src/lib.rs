//! The engines of arclet: MAP, NUTS, HMC, diagnostics, posteriors and their files.
//!
//! [`nuts`] and [`hmc`] go from a model to its posterior in one call, [`sample`] from any log density. [`Svi`] fits a guide to a
//! model, and trains params. Under them each is an [`Engine`], which an [`Executor`] runs: observers, stop flag, checkpoint and budget are the same for all.

pub mod checkpoint;
mod counted;
pub mod diagnostics;
pub mod error;
pub mod executor;
pub mod failure;
pub mod interrupt;
mod journal;
mod low_rank;
pub mod map;
pub mod mcmc;
pub mod observer;
pub mod posterior;
mod predictive;
pub mod progress;
mod run;

pub mod smc;
pub mod solver;
pub mod svi;
pub mod target;
pub mod transition;

pub use error::{Error, Result};
pub use executor::{Ending, Executor};
pub use low_rank::LowRank;
pub use mcmc::{HmcSettings, NutsSettings};
pub use observer::Observer;
pub use predictive::{log_likelihood, posterior_predictive, prior_predictive};
pub use run::{Outcome, hmc, nuts, nuts_from, posterior_of, sample, sample_around, sample_curved, sample_with};
pub use solver::{Engine, Solver};
pub use svi::{Elbo, Svi, SviSettings, posterior_of_guide, svi};
pub use target::Target;
