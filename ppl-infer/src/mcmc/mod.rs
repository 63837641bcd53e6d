//! Markov chain Monte Carlo: NUTS and HMC from small parts, and chains that a driver runs many at a time.

pub mod adapt;
pub mod chain;
pub mod hmc;
pub mod integrator;
pub mod kernel;
pub mod metric;
pub mod nuts;
pub mod samples;
pub mod settings;
pub mod start;
pub mod termination;
pub mod tree;

pub use chain::Chain;
pub use metric::{InitialMetric, Metric};
pub use samples::{ChainSamples, DrawStats, Samples};
pub use settings::{MetricAdaptation, MetricKind, NutsSettings};
pub use start::random_starts;
