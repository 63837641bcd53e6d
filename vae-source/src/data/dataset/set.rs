//! A set of galaxies and what each is for.

use super::provenance::Provenance;
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
