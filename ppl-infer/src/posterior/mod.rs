//! The result of a run: named draws, what the sampler did, the data; its summary and its file.

mod attribute;
mod draws;
mod from_samples;
mod netcdf;
mod sample_stat;
mod summary;
mod table;
mod variable;

pub use attribute::Attribute;
pub use draws::Posterior;
pub use sample_stat::{SampleStat, StatValues};
pub use summary::{EntrySummary, Summary};
pub use variable::{Entry, ObservedData, Variable};
