//! A set of galaxies and what each is for.

use std::path::Path;

use super::{Provenance, file};
use crate::data::{Galaxy, Split, split};
use crate::error::{Error, Result};

/// Galaxies of one size with their split.
///
/// ```
/// use vae_source::data::{Dataset, Split};
/// # use vae_source::data::{Galaxy, Provenance, Source};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("galaxies.safetensors");
/// # let galaxy = |ident| Galaxy { ident, side: 1, pixels: vec![1.0], sigma_noise: 0.02, pixel_scale: 0.03 };
/// # let provenance = Provenance {
/// #     source: Source::Simulated { psf: None, population: Box::default() }, seed: 0, side: 1, min_side: 1, signal: [15.0, 50.0], seen: 30,
/// #     dropped: Default::default(), denoised: false, version: "0".to_owned(),
/// # };
/// # Dataset::new((0..30).map(galaxy).collect(), provenance)?.write(&path)?;
/// let dataset = Dataset::read(&path)?;
/// let pixels: usize = dataset.of(Split::Training).map(|galaxy| galaxy.pixels.len()).sum();
/// # assert_eq!(pixels, dataset.counts()[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The galaxies, at least one, all of one side.
    pub galaxies: Vec<Galaxy>,
    /// What each galaxy is for.
    pub splits: Vec<Split>,
    /// What they were made from.
    pub provenance: Provenance,
}

impl Dataset {
    /// The galaxies, split in the paper's proportions by the seed of the provenance.
    ///
    /// # Errors
    /// As [`Dataset::check`].
    pub fn new(galaxies: Vec<Galaxy>, provenance: Provenance) -> Result<Self> {
        let splits = split(galaxies.len(), provenance.seed);
        let dataset = Self { galaxies, splits, provenance };
        dataset.check()?;
        Ok(dataset)
    }

    /// The galaxies of one part, in the order of the set.
    pub fn of(&self, part: Split) -> impl Iterator<Item = &Galaxy> {
        self.galaxies.iter().zip(&self.splits).filter(move |(_, split)| **split == part).map(|(galaxy, _)| galaxy)
    }

    /// How many galaxies each part of [`Split::ALL`] has.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        Split::ALL.map(|part| self.of(part).count())
    }

    /// Writes one safetensors file, beside its place first and renamed into it when whole.
    ///
    /// Tensors: `images` f32 `[n, side, side]` (`[y][x]`, (0, 0) at the bottom left), `sigma` f32 `[n]` (standard deviation of
    /// the noise of a pixel, in the unit of the images), `split` u8 `[n]` (0 training, 1 test, 2 validation), `pixel_scale`
    /// f64 `[n]` (arcsec), `ident` i64 `[n]`. Metadata: `format`, and `provenance` as JSON. The same set gives the same bytes.
    ///
    /// # Errors
    /// As [`Dataset::check`]; what the operating system says.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        file::write(self, path.as_ref())
    }

    /// Reads what [`Dataset::write`] wrote, bit for bit.
    ///
    /// # Errors
    /// [`Error::Io`]; else [`Error::InFile`], which names the file, around [`Error::NotSafetensors`], [`Error::DatasetHeader`],
    /// [`Error::DatasetLength`], [`Error::DatasetFormat`], [`Error::Provenance`], [`Error::MissingTensor`],
    /// [`Error::WrongTensor`], [`Error::UnknownSplit`] or what [`Dataset::check`] returns.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = file::read(path).and_then(|dataset| dataset.check().map(|()| dataset));
        read.map_err(|cause| match cause {
            io @ Error::Io { .. } => io,
            cause => Error::InFile { path: path.to_owned(), cause: Box::new(cause) },
        })
    }

    /// Whether the set is one to learn from.
    ///
    /// # Errors
    /// [`Error::EmptyDataset`]; [`Error::SplitCount`]; [`Error::OutOfRange`] for a provenance whose cuts are not finite;
    /// [`Error::BadGalaxy`] for a galaxy whose side is not that of the others,
    /// whose pixels are not side x side finite numbers, or whose noise or pixel scale is not positive.
    pub fn check(&self) -> Result<()> {
        let (galaxies, splits) = (self.galaxies.len(), self.splits.len());
        if galaxies != splits {
            return Err(Error::SplitCount { galaxies, splits });
        }
        if let Some(&value) = self.provenance.signal.iter().find(|value| !value.is_finite()) {
            // JSON has no infinity.
            return Err(Error::OutOfRange {
                what: "the cut on the signal in the provenance",
                value,
                allowed: "finite",
            });
        }
        let side = self.galaxies.first().ok_or(Error::EmptyDataset)?.side;
        self.galaxies.iter().enumerate().try_for_each(|(index, galaxy)| check(index, galaxy, side))
    }
}

fn check(index: usize, galaxy: &Galaxy, side: usize) -> Result<()> {
    let Galaxy { ident, ref pixels, sigma_noise, pixel_scale, .. } = *galaxy;
    let bad = |what, value, allowed| Err(Error::BadGalaxy { index, ident, what, value, allowed });
    let positive = |value: f64| value > 0.0 && value.is_finite();
    if galaxy.side != side || side == 0 {
        return bad("its side", galaxy.side as f64, "that of the first galaxy, and not 0");
    }
    if side.checked_mul(side) != Some(pixels.len()) {
        return bad("its number of pixels", pixels.len() as f64, "its side squared");
    }
    if let Some(value) = pixels.iter().find(|value| !value.is_finite()) {
        return bad("a pixel", f64::from(*value), "finite");
    }
    if !positive(f64::from(sigma_noise)) {
        return bad("its sigma", f64::from(sigma_noise), "positive and finite");
    }
    if !positive(pixel_scale) {
        return bad("its pixel_scale", pixel_scale, "positive and finite");
    }
    Ok(())
}
