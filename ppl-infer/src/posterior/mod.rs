//! The result of a run: named draws, what the sampler did, the data; its summary and its file.

mod attribute;
mod diagnose;
mod draws;
mod netcdf;
mod sample_stat;
mod summary;
mod table;
mod variable;
mod warning;

pub use attribute::Attribute;
pub use draws::Posterior;
pub use sample_stat::{SampleStat, StatValues};
pub use summary::{EntrySummary, Summary};
pub use variable::{Entry, ObservedData, Variable};
pub(crate) use warning::PARETO_K;
pub use warning::Warning;
