//! Everything that can go wrong between a lens system's files and its image, with the values that make it clear.

use std::path::{Path, PathBuf};

use ppl_core::error::nearest;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of a library beneath us, shown inside our own sentence.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A mistake in a file, a number or a name given to this crate. Sizes are width x height.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum Error {
    /// A file that is not there.
    #[error("{path} does not exist; check the path (paths in a system file are relative to the folder of that file)")]
    MissingFile { path: PathBuf },
    /// The operating system refused to read or write a file.
    #[error("cannot {action} {path}: {cause}")]
    Io { path: PathBuf, action: &'static str, cause: std::io::Error },
    /// A file that is neither FITS nor `.npy`.
    #[error("{path} is neither a FITS file (plain or gzip) nor a NumPy .npy file; convert it to one of the two")]
    UnknownFormat { path: PathBuf },
    /// A file shorter than its own header promises.
    #[error("{path} is truncated: HDU {hdu} needs {needed} bytes but the file has {found}; copy or download it again")]
    Truncated { path: PathBuf, hdu: usize, needed: u64, found: u64 },
    /// A header keyword whose value no reader can use.
    #[error("{path}, HDU {hdu}: {keyword} = {value} is not allowed; the header is damaged, write the file again")]
    FitsHeader { path: PathBuf, hdu: usize, keyword: String, value: i64 },
    /// Any other failure of the FITS reader or writer.
    #[error("{path}, HDU {hdu}: {cause}; check the file with `fitsverify` or write it again")]
    Fits { path: PathBuf, hdu: usize, cause: Cause },
    /// The HDU asked for is not in the file.
    #[error("{path} has no HDU {wanted}; it has {}", hdus(.available))]
    NoSuchHdu { path: PathBuf, wanted: String, available: Vec<String> },
    /// The HDU asked for, or every HDU, is no 2-d image.
    #[error("{path} has no 2-d image where one is wanted; it has {}", hdus(.available))]
    NoImage { path: PathBuf, available: Vec<String> },
    /// The HDU asked for, or every HDU, is no binary table.
    #[error("{path} has no binary table where one is wanted; it has {}", hdus(.available))]
    NoTable { path: PathBuf, available: Vec<String> },
    /// A column of a table that cannot be read, or that does not fit its rows of `stride` bytes.
    #[error(
        "{path}, HDU {hdu}: column {number} with TFORM{number} = '{form}' does not fit the rows of {stride} bytes; the header \
         is damaged, write the file again"
    )]
    TableForm { path: PathBuf, hdu: usize, number: usize, form: String, stride: usize },
    /// A column that a table must have.
    #[error("{path}, HDU {hdu} has no column `{column}`; its columns are {}", .available.join(", "))]
    NoColumn { path: PathBuf, hdu: usize, column: String, available: Vec<String> },
    /// A column of other values than are wanted, or of another number of them a row.
    #[error("{path}, HDU {hdu}: column `{column}` has the form '{form}', but {wanted} are wanted, {repeat} a row")]
    ColumnForm { path: PathBuf, hdu: usize, column: String, form: String, repeat: usize, wanted: &'static str },
    /// A `.npy` file whose header or data cannot be read.
    #[error("{path}: {cause}; save it again with numpy.save(path, array)")]
    Npy { path: PathBuf, cause: std::io::Error },
    /// A `.npy` array that is not two-dimensional.
    #[error("{path} holds an array of shape {shape:?}; an image has two axes, [y][x]: index or squeeze the others")]
    NpyShape { path: PathBuf, shape: Vec<u64> },
    /// A `.npy` array of a type that is no real number.
    #[error("{path} holds elements of type {dtype}; save it as float32 or float64 (array.astype('f4'))")]
    NpyType { path: PathBuf, dtype: String },

    /// A line of a region file that is no region of an image.
    #[error("{path}, line {line}: {fix}", path = path.display())]
    Region { path: PathBuf, line: usize, fix: &'static str },

    /// Two images that must have one shape.
    #[error(
        "the {what} is {} x {} pixels but the {reference} is {} x {}; crop or pad one of them", .got.0, .got.1, .expected.0, .expected.1
    )]
    ShapeMismatch { what: &'static str, got: (usize, usize), reference: &'static str, expected: (usize, usize) },
    /// A list of pixels that does not fill its width x height.
    #[error("{what} has {got} values but {} x {} pixels need {expected}", .size.0, .size.1)]
    WrongLength { what: &'static str, got: usize, expected: usize, size: (usize, usize) },
    /// An error about the content of one file.
    #[error("{path}: {cause}")]
    InFile { path: PathBuf, cause: Box<Error> },

    /// A point-spread function without a central pixel.
    #[error(
        "the PSF is {width} x {height} pixels; both sizes must be odd so that it has a central pixel: \
         shift it by half a pixel onto a {} x {} grid", width | 1, height | 1
    )]
    PsfEven { width: usize, height: usize },
    /// A point-spread function with NaN or infinite pixels.
    #[error("the PSF has {count} pixels that are not finite; replace them, for instance by 0")]
    PsfNotFinite { count: usize },
    /// A point-spread function that cannot be normalised.
    #[error("the PSF sums to {sum}, and only a positive sum can be normalised to 1; subtract its background again")]
    PsfSum { sum: f64 },

    /// A number outside its allowed range.
    #[error("{what} = {value} is not allowed; it must be {allowed}")]
    OutOfRange { what: &'static str, value: f64, allowed: &'static str },
    /// A rectangle that reaches outside the image.
    #[error(
        "the window of {width} x {height} pixels at ({x0}, {y0}) is empty or leaves the image of {} x {} pixels", .image.0, .image.1
    )]
    WindowOutside { x0: usize, y0: usize, width: usize, height: usize, image: (usize, usize) },
    /// Zero or negative noise in a pixel that is used.
    #[error(
        "the noise at pixel (x {x}, y {y}) is {value}; it must be positive: mask the pixel or set its noise to 1e8"
    )]
    NoiseNotPositive { x: usize, y: usize, value: f64 },
    /// A correlation without a middle.
    #[error(
        "the correlation of the noise is {width} x {height} pixels; both sizes must be odd, with no distance in the middle"
    )]
    EvenCorrelation { width: usize, height: usize },
    /// A correlation that no noise has.
    #[error("the correlation of the noise cannot be used: {why}")]
    NotACorrelation { why: &'static str },
    /// A patch in which nothing can be measured.
    #[error(
        "`noise_patch` = {patch:?} (x, y, width, height in pixels) of an image of {} x {} cannot be used: {why}; choose another patch", .size.0, .size.1
    )]
    BadPatch { patch: [usize; 4], size: (usize, usize), why: &'static str },
    /// A correlation beside noise that depends on the model.
    #[error(
        "the correlation of noise that follows the model is not known; give a map of the noise instead of `exposure_time`"
    )]
    CorrelatedPhotons,
    /// No pixel is left to fit.
    #[error(
        "no pixel is left of {total}: {not_finite} are NaN in the image, {noise} have noise >= 1e7 or not finite, {radius} lie \
         outside mask_radius, {file} are zero in the mask file; loosen one of these"
    )]
    EmptyMask { total: usize, not_finite: usize, noise: usize, radius: usize, file: usize },

    /// Text that is no JSON, or JSON of the wrong shape; `cause` ends with the line and column.
    #[error("{path}: {cause}; mend the file there")]
    Json { path: PathBuf, cause: serde_json::Error },
    /// A key that must be given.
    #[error("{place} needs the key `{key}`; {hint}")]
    MissingKey { place: String, key: &'static str, hint: &'static str },
    /// Two keys of which only one may be given.
    #[error("{place} has both `{first}` and `{second}`, which say the same thing twice; remove one")]
    ConflictingKeys { place: String, first: &'static str, second: &'static str },
    /// JSON of another form than is wanted there.
    #[error("{place}: expected {expected}")]
    WrongForm { place: String, expected: String },
    /// A key whose value is of the wrong type.
    #[error("{place}: {cause}")]
    BadKey { place: String, cause: serde_json::Error },
    /// A parameter that must have a value and has none.
    #[error("`{site}` has no value; give the component \"parameters\": {{ \"{parameter}\": {{ \"value\": .. }} }}")]
    NoValue { site: String, parameter: &'static str },
    /// A name that nothing has; `kind` is "key", "component", "profile", "parameter".
    #[error("{place} has no {kind} `{name}`{}", suggestion(.nearest))]
    UnknownName { kind: &'static str, name: String, place: String, nearest: Option<String> },
    /// A name given twice where it must be unique.
    #[error("the {kind} `{name}` is there twice; give one of them another name")]
    DuplicateName { kind: &'static str, name: String },
    /// Lenses in several planes where those of one are asked for.
    #[error(
        "the lenses are at several redshifts, and rays are traced through one plane here; take the `redshift` of those beside `z_lens` away"
    )]
    SeveralPlanes,
    /// Point sources alone without any.
    #[error("the system has no `points`; add a point source, or an image under `data`")]
    NoPoints,
    /// A profile that another format and this crate do not share.
    #[error("{place}: the profile {name} has no counterpart; those that have one are {known}")]
    NoCounterpart { place: String, name: String, known: String },
    /// A value outside the support of its parameter.
    #[error("{name} = {value} is outside its support, {support}")]
    OutOfSupport { name: String, value: f64, support: String },

    /// Linear amplitudes under noise that depends on them.
    #[error(
        "`\"amp\": \"linear\"` needs noise that does not depend on the model, and `exposure_time` and `exposure_map` make it do so; give the `noise` of each \
         pixel instead"
    )]
    NoiseOfModel,
    /// Linear amplitudes beside correlated noise.
    #[error(
        "linear amplitudes and correlated noise are not known together; leave out one of `\"amp\": \"linear\"` and `noise_patch`"
    )]
    CorrelatedAmplitudes,
    /// A linear amplitude whose prior is not normal.
    #[error(
        "the prior of `{site}` is {got}, and a linear amplitude needs a normal one; write {{ \"normal\": {{ \"loc\": .., \"scale\": .. }} }}"
    )]
    LinearPrior { site: String, got: &'static str },

    /// Images of a point source whose parities do not agree with the turns of the map along the border of the plane.
    #[error(
        "the images of a point source at ({x}, {y}) do not add up: {found} were found, whose parities should sum to {wanted}; it lies on a \
         caustic, or its image is a ring: move it"
    )]
    ImagesDoNotAddUp { x: f64, y: f64, found: usize, wanted: i32 },

    /// A profile from outside this crate that cannot be made of what its component says.
    #[error("{place}: {cause}")]
    Profile { place: String, cause: Cause },
    /// A profile given too few or too many numbers.
    #[error("profile `{profile}` got {got} parameters, it has {}: {}", .names.len(), .names.join(", "))]
    ParameterCount { profile: &'static str, got: usize, names: Vec<&'static str> },

    /// An error about one of several bands.
    #[error("band `{band}`: {cause}")]
    InBand { band: String, cause: Box<Error> },
    /// Several bands where one is wanted.
    #[error("the system has several bands ({}), and {what} needs one; {fix}", .bands.join(", "))]
    SeveralBands { what: &'static str, bands: Vec<String>, fix: &'static str },
    /// Data that are not those of the bands.
    #[error("there are {got} images for {} bands ({}); give one for each, in their order", .bands.len(), .bands.join(", "))]
    BandCount { got: usize, bands: Vec<String> },
    /// An amplitude that bands of different pixels share.
    #[error(
        "`{site}` is shared by bands with pixels of {} and {} arcsec, and brightness is per pixel; add \"amp\" to the `per_band` of its component", .scales[0], .scales[1]
    )]
    SharedAmplitude { site: String, scales: [f64; 2] },

    /// An error of the language beneath.
    #[error(transparent)]
    Language(#[from] ppl_core::Error),
}

impl Error {
    /// Names the file that an error about its content came from.
    pub fn in_file(self, path: &Path) -> Self {
        Self::InFile { path: path.to_owned(), cause: Box::new(self) }
    }

    /// Names the band that an error is about, if it is one of several.
    pub(crate) fn in_band(self, band: Option<&str>) -> Self {
        match band {
            Some(band) => Self::InBand { band: band.to_owned(), cause: Box::new(self) },
            None => self,
        }
    }

    /// An unknown name, with the nearest of the valid ones.
    pub fn unknown<'a>(
        kind: &'static str,
        name: &str,
        place: impl Into<String>,
        valid: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let nearest = nearest(name, valid).map(str::to_owned);
        Self::UnknownName { kind, name: name.to_owned(), place: place.into(), nearest }
    }

    /// Tells an absent file from other failures of the operating system.
    pub(crate) fn io(path: &Path, action: &'static str, cause: std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::NotFound if action == "read" => Self::MissingFile { path: path.to_owned() },
            _ => Self::Io { path: path.to_owned(), action, cause },
        }
    }
}

impl From<Error> for ppl_core::Error {
    /// On its way through a model.
    fn from(error: Error) -> Self {
        ppl_core::error::External::new(error).into()
    }
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// The HDUs of a file in one line, few or many.
fn hdus(all: &[String]) -> String {
    match all {
        [first, .., last] if all.len() > 8 => format!("{} HDUs, {first} to {last}", all.len()),
        [] => "no HDU".to_owned(),
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place_and_the_remedy() {
        let error = Error::unknown("parameter", "thetaE", "component `lens` (epl)", ["theta_E", "gamma"]);
        assert_eq!(error.to_string(), "component `lens` (epl) has no parameter `thetaE`; did you mean `theta_E`?");
        let error = Error::PsfEven { width: 14, height: 15 }.in_file(Path::new("psf.fits")).to_string();
        assert!(error.starts_with("psf.fits: the PSF is 14 x 15 pixels") && error.contains("15 x 15 grid"), "{error}");
    }
}
