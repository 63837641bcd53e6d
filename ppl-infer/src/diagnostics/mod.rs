//! Convergence diagnostics of Vehtari et al. 2021: rank-normalised R-hat, bulk and tail ESS, MCSE; and E-BFMI.
//!
//! Every function is pure and takes the draws of one scalar as chains, `&[&[f64]]`, one slice a chain in
//! the order drawn. Chains of unequal length are cut to the shortest. A value that is not defined is NaN: a NaN among the
//! draws, fewer than 4 draws a chain, fewer than 2 chains for R-hat. The numbers are those of ArviZ 0.23.
//!
//! Reference: Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Analysis 16, 667, doi:10.1214/20-BA1221.
//!
//! ```
//! use ppl_infer::diagnostics::{ess_bulk, rhat};
//! let left: Vec<f64> = (0..100).map(|i| (i as f64 * 1.3).sin()).collect();
//! let right: Vec<f64> = (0..100).map(|i| (i as f64 * 1.7).sin()).collect();
//! let chains = [&left[..], &right[..]];
//! assert!(rhat(&chains) < 1.01);
//! assert!(ess_bulk(&chains) > 100.0);
//! ```

mod bfmi;
pub(crate) mod ess;
mod mcse;
mod moments;
mod pareto;
pub(crate) mod quantile;
pub(crate) mod rank;
mod ranks;
pub(crate) mod rhat;
pub(crate) mod split;

pub use bfmi::bfmi;
pub use ess::{ess_bulk, ess_mean, ess_quantile, ess_sd, ess_tail};
pub use mcse::{mcse_mean, mcse_quantile, mcse_sd};
pub use moments::{mean, sd};
pub use pareto::pareto_k;
pub use quantile::{median, quantile};
pub use ranks::Ranks;
pub use rhat::rhat;
