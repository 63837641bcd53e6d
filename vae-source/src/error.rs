//! What can go wrong between a catalogue of galaxies and a set to learn from.

use std::path::PathBuf;

use crate::tally::Tally;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in a file or a number given to this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum Error {
    /// A number outside its allowed range.
    #[error("{what} = {value} is not allowed; it must be {allowed}")]
    OutOfRange { what: &'static str, value: f64, allowed: &'static str },
    /// No galaxy is left after the cuts.
    #[error("no galaxy is left of {}: {tally}; loosen one of these cuts", .tally.seen())]
    AllCut { tally: Box<Tally> },
    /// Simulated galaxies that so rarely pass the cuts that a set would take too long.
    #[error("only {} of {} simulated galaxies pass the cuts, and {wanted} are wanted: {tally}; loosen one of these cuts", .tally.kept(), .tally.seen())]
    NextToNoneKept { wanted: usize, tally: Box<Tally> },
    /// The operating system refused to read or write a file.
    #[error("cannot {action} {path}: {cause}")]
    Io { path: PathBuf, action: &'static str, cause: std::io::Error },
    /// An error of the lens library beneath, which reads the FITS files.
    #[error(transparent)]
    Lens(#[from] lens_models::Error),
    /// An error of the language beneath, in which the networks are written.
    #[error(transparent)]
    Language(#[from] ppl_core::Error),
    /// An error of the engine that trains.
    #[error(transparent)]
    Engine(#[from] ppl_infer::Error),

    /// An error about the content of one file.
    #[error("{path}: {cause}")]
    InFile { path: PathBuf, cause: Box<Error> },
    /// A file that does not begin as every safetensors file does.
    #[error("this is no safetensors file; give the galaxies.safetensors that `arclet galaxies` writes")]
    NotSafetensors,
    /// A safetensors file whose header cannot be understood.
    #[error("the safetensors header is damaged: {cause}; copy or write the file again")]
    DatasetHeader { cause: serde_json::Error },
    /// A safetensors file that is shorter or longer than its header says.
    #[error("the file has {found} bytes where its header needs {needed}: it was cut short or damaged; copy it again")]
    DatasetLength { needed: u64, found: u64 },
    /// A safetensors file that holds something else, or of another version of arclet.
    #[error(
        "the metadata `format` is {} where \"{wanted}\" is wanted; write the file with this version of `arclet galaxies`",
        .found.as_ref().map_or_else(|| "missing".to_owned(), |found| format!("\"{found}\""))
    )]
    DatasetFormat { found: Option<String>, wanted: &'static str },
    /// Metadata that do not say where the galaxies come from.
    #[error("the metadata `provenance` cannot be read: {cause}; write the file again")]
    Provenance { cause: serde_json::Error },
    /// A tensor that every set of galaxies has.
    #[error("there is no tensor `{tensor}`; write the file again with `arclet galaxies`")]
    MissingTensor { tensor: &'static str },
    /// A tensor of another type or shape.
    #[error("the tensor `{tensor}` is {got} where {expected} is wanted; write the file again with `arclet galaxies`")]
    WrongTensor { tensor: &'static str, got: String, expected: String },
    /// A number that stands for no part of the set.
    #[error("galaxy {index} (IDENT {ident}) has split {code}; it must be 0 (training), 1 (test) or 2 (validation)")]
    UnknownSplit { index: usize, ident: i64, code: u8 },
    /// A galaxy that cannot be learnt from.
    #[error("galaxy {index} (IDENT {ident}): {what} is {value}; it must be {allowed}")]
    BadGalaxy { index: usize, ident: i64, what: &'static str, value: f64, allowed: &'static str },
    /// A set of which it is not said what each galaxy is for.
    #[error("there are {galaxies} galaxies and {splits} splits; give one split for each galaxy")]
    SplitCount { galaxies: usize, splits: usize },
    /// A set without galaxies.
    #[error("there is no galaxy in the set; give at least one")]
    EmptyDataset,

    /// A set with fewer galaxies than a batch.
    #[error("the training set has {got} {}, and a batch {batch}; give more galaxies", if *.got == 1 { "galaxy" } else { "galaxies" })]
    TooFewGalaxies { batch: usize, got: usize },
    /// Images of a size that the networks do not take.
    #[error(
        "the galaxies have {got} pixels a side where the networks take {expected}; make the set with `--side {expected}`"
    )]
    WrongSide { expected: usize, got: usize },

    /// A training on a GPU by a loss that only the tape has.
    #[error("a training on a GPU takes the loss `mean_field` alone; take that, or train on the cpu")]
    CudaLoss,
    /// Latent numbers whose covariance has no factor.
    #[error("{got} galaxies have no covariance of 64 latent numbers; encode more, of different galaxies")]
    LatentCovariance { got: usize },

    /// Weights that are no whole safetensors file.
    #[error("this is no whole safetensors file of weights: {cause}; copy or write the file again")]
    Weights { cause: safetensors::SafeTensorError },
    /// A weight that a network needs.
    #[error("there is no weight `{name}`; give a file with the weights of this network, named as PyTorch names them")]
    MissingWeight { name: String },
    /// A weight of another shape.
    #[error("the weight `{name}` has shape {got:?} where {expected:?} is wanted; it is of another network")]
    WeightShape { name: String, expected: Vec<usize>, got: Vec<usize> },
    /// Weights beside the name of an embedded decoder.
    #[error("there is a `decoder` beside it, which names weights too; leave one of the two out")]
    TwoDecoders,
    /// A weight of numbers that are not read.
    #[error("the weight `{name}` has numbers of type {got}; they must be F32, F16 or BF16")]
    WeightType { name: String, got: String },
    /// A weight with a number that nothing can be computed with.
    #[error(
        "the weight `{name}` is {value} at {index}; every number must be finite (in half precision, at most 65504)"
    )]
    WeightNotFinite { name: String, index: usize, value: f32 },
    /// Numbers that do not fill the shape given for them.
    #[error("the weight `{name}` of shape {dims:?} was given {got} numbers; give as many as the shape has")]
    WeightCount { name: String, dims: Vec<usize>, got: usize },

    /// A catalogue that is not there.
    #[error("{path} does not exist; check the path of the catalogue")]
    MissingCatalog { path: PathBuf },
    /// A catalogue without rows.
    #[error("{path} is a table without rows; give a catalogue with galaxies")]
    EmptyCatalog { path: PathBuf },
    /// A number of a row that no galaxy has.
    #[error("{path}: galaxy {ident} has {column} = {value}; it must be {allowed}: fix the row or remove it")]
    BadEntry { path: PathBuf, ident: i64, column: &'static str, value: f64, allowed: &'static str },
    /// A file named by a row of a catalogue that is not there.
    #[error(
        "{catalog}: galaxy {ident} should be in {path}, which does not exist; put the file that {column} names into the \
         folder of the catalogue"
    )]
    MissingGalaxyFile { catalog: PathBuf, ident: i64, path: PathBuf, column: &'static str },
    /// A stamp or point-spread function that cannot be read.
    #[error("{catalog}: galaxy {ident} cannot be read: {cause}")]
    UnreadGalaxy { catalog: PathBuf, ident: i64, cause: Box<lens_models::Error> },
    /// A noise correlation function that is none.
    #[error(
        "{path} is {width} x {height} pixels with {variance} at the centre; a noise correlation function has odd sides, finite \
         pixels and a positive variance at its centre"
    )]
    BadCorrelation { path: PathBuf, width: usize, height: usize, variance: f32 },
    /// An image whose pixels are not as many as its sides say.
    #[error("the image has {pixels} pixels where {width} x {height} are wanted; give `height` rows of `width` values")]
    PixelCount { pixels: usize, width: usize, height: usize },
    /// A pixel that is NaN or infinite.
    #[error("pixel ({x}, {y}) is {value}; every pixel must be finite")]
    NotFinite { x: usize, y: usize, value: f32 },
    /// An image with nothing in the middle that is brighter than its noise.
    #[error(
        "there is no galaxy in the middle of the image: smoothed, its peak is {peak} at a noise of {sigma} a pixel"
    )]
    NoGalaxy { peak: f64, sigma: f64 },
    /// A galaxy too faint for its statistics.
    #[error(
        "the flux in the {place} is not positive; the galaxy is too faint to be measured, or the sky was not subtracted"
    )]
    NoFlux { place: &'static str },
}

impl Error {
    /// Is this an image of `height` rows of `width` finite values?
    pub(crate) fn check_pixels(pixels: &[f32], width: usize, height: usize) -> Result<()> {
        if pixels.is_empty() || width.checked_mul(height) != Some(pixels.len()) {
            return Err(Self::PixelCount { pixels: pixels.len(), width, height });
        }
        match pixels.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(Self::NotFinite { x: at % width, y: at / width, value: pixels[at] }),
            None => Ok(()),
        }
    }
}
