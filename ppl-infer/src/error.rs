//! Everything that can go wrong in an engine, with the values that make it clear.

use std::path::PathBuf;

use crate::failure::ChainFailure;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in what an engine was given, or a failure of the density it runs on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum Error {
    /// The log density could not be computed at all. Draws made before it are kept.
    #[error(transparent)]
    Density(#[from] ppl_core::Error),

    /// An array given to an engine has the wrong length.
    #[error("{what} has {got} numbers where {expected} are needed; check its shape")]
    Length { what: &'static str, expected: usize, got: usize },

    /// A setting is outside its range.
    #[error("setting `{name}` is {got}, but it must be {rule}")]
    Setting { name: &'static str, got: f64, rule: &'static str },

    /// An initial metric holds a variance that is not positive and finite.
    #[error("the initial metric has variance {got} in direction {index}; every variance must be positive and finite")]
    Variance { index: usize, got: f64 },

    /// An initial covariance is not positive definite.
    #[error(
        "the initial covariance is not positive definite (pivot {pivot} is {got:e}); add to its diagonal or give variances only"
    )]
    Covariance { pivot: usize, got: f64 },

    /// No chain could go on; the first one speaks. `chain` counts from 0, the message from 1.
    #[error("chain {}: {source}", .chain + 1)]
    Chain { chain: usize, source: ChainFailure },

    /// A density of no dimension.
    #[error("there is nothing to sample: the density has no dimension")]
    NothingToSample,

    /// A run was stopped before it had anything to keep: a round of MAP, a draw of every chain.
    #[error("the run was stopped, or its budget spent, before there was a result; nothing is kept")]
    StoppedEarly,

    /// A posterior that lacks a site of the model it is used with.
    #[error("the posterior has no draws of site `{site}`; use it with the model that it was drawn from")]
    UndrawnSite { site: String },

    /// Starts from the prior of a density that has none.
    #[error("a plain density has no prior to start from; start chains uniformly, from Laplace or at given positions")]
    NoPrior,

    /// A checkpoint could not be read or written.
    #[error("checkpoint {}: {source}", path.display())]
    CheckpointFile { path: PathBuf, source: std::io::Error },

    /// A file is not a checkpoint of this version.
    #[error("{} is not a checkpoint of {solver} by this version of arclet; start the run again", path.display())]
    CheckpointFormat { path: PathBuf, solver: &'static str },

    /// Values that do not fill the shape they were given with.
    #[error("`{name}` of shape {shape:?} takes {expected} values but got {got}; give them as {layout}")]
    ValueCount { name: String, shape: Vec<usize>, layout: &'static str, expected: usize, got: usize },

    /// A second array under one name in one group of a posterior.
    #[error("`{name}` is in the {group} group already; give it another name")]
    DuplicateName { group: &'static str, name: String },

    /// A name that an array of a posterior cannot have.
    #[error("`{name}` cannot name an array of the {group} group (empty, or a coordinate); rename the site")]
    ReservedName { group: &'static str, name: String },

    /// A posterior file of no draws.
    #[error("the posterior has {chains} chains of {draws} draws, nothing to write to {}; run the sampler longer", path.display())]
    NoDraws { path: PathBuf, chains: usize, draws: usize },

    /// A posterior that could not be laid out as netCDF.
    #[error("the posterior cannot be laid out as netCDF for {}: {source}", path.display())]
    Netcdf { path: PathBuf, source: netcdf_writer::Error },

    /// A result file that could not be written.
    #[error("cannot write {}: {source}; check that its folder exists and has room", path.display())]
    Write { path: PathBuf, source: std::io::Error },

    /// The starts of a MAP fit are not whole positions.
    #[error(
        "the starts of a MAP fit hold {got} numbers, which is not one or more positions of {dim}; check their shape"
    )]
    Starts { dim: usize, got: usize },

    /// A MAP fit or a Laplace approximation has nowhere to begin.
    #[error("log density and gradient are finite at none of the {lanes} points given; start elsewhere")]
    NoFiniteStart { lanes: usize },

    /// Model and guide have nothing that SVI could move.
    #[error("SVI has nothing to move: the ELBO depends on no `param` of model or guide; give the guide at least one")]
    NothingToTrain,

    /// A latent site of the guide alone.
    #[error(
        "the guide samples site `{site}`, which the model does not; rename it, or mark it with infer `is_auxiliary`"
    )]
    OnlyInGuide { site: String },

    /// A site that the guide samples and the model observes.
    #[error("the guide samples site `{site}`, which the model observes; take it out of the guide")]
    ObservedInModel { site: String },

    /// A latent site of the model alone.
    #[error("the model samples site `{site}`, which the guide does not; sample it in the guide, or give it a value")]
    OnlyInModel { site: String },

    /// A term of the ELBO that is infinite or NaN.
    #[error("the log probability of site `{site}` in the {from} is {value}; check its parameters and its support")]
    NotFinite { site: String, from: &'static str, value: f64 },

    /// A gradient of the ELBO that is infinite or NaN.
    #[error("the gradient of param `{param}` is not finite; lower the learning rate or clip the gradient")]
    GradientNotFinite { param: String },

    /// A latent site in a subsampled plate, which no one vector holds.
    #[error(
        "site `{site}` is inside plate `{plate}`, of which each step takes a part: an automatic guide has no place for it; write a guide that makes it from the data"
    )]
    LocalSite { site: String, plate: String },

    /// Params that a guide needs and a training has not left.
    #[error("the fitted params have no `{param}`; use those of a run with this guide")]
    NotFitted { param: &'static str },

    /// A step of SVI that could not be taken.
    #[error("step {step} of SVI: {source}; the params before the step that led there are kept")]
    Step { step: u64, source: Box<Error> },

    /// Patience without data to lose it over.
    #[error("`patience` needs a held-out loss; give the ELBO one with `held_out`")]
    NothingHeldOut,

    /// No step off the mean of a Laplace approximation has a finite log density.
    #[error(
        "the log density is not finite off the mean along direction {direction} of the Laplace approximation; start elsewhere"
    )]
    NoCurvature { direction: usize },
}

/// An error that names the setting unless `holds`.
pub(crate) fn require(holds: bool, name: &'static str, got: f64, rule: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Setting { name, got, rule }) }
}
