//! Markov chain Monte Carlo: NUTS and HMC from small parts, and chains that a driver runs many at a time.

pub mod adapt;
pub mod chain;
pub mod hmc;
pub mod integrator;
pub mod kernel;
pub mod metric;
pub mod nuts;
mod sample_stats;
pub mod sampler;
pub mod samples;
pub mod settings;
pub mod start;
pub mod termination;
pub mod tree;

pub use crate::failure::ChainFailure;
pub use crate::transition::{DrawStats, Info};
pub use chain::Chain;
pub use hmc::{Hmc, HmcSettings};
pub use kernel::Kernel;
pub use metric::{InitialMetric, Metric, MetricKind};
pub use nuts::{Nuts, NutsSettings};
pub use sampler::Sampler;
pub use samples::{ChainSamples, Samples};
pub use settings::{MetricAdaptation, SamplerSettings};
pub use start::{Start, Starts};
pub use termination::Turn;
