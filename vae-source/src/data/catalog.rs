//! Catalogue: the table of a set of real galaxies in the format of GalSim, and their stamps, read one at a time.

mod correlation;
mod fit;
mod note;
mod stamps;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lens_models::fits::{Image, Select, Table, read_hdu, read_table};

use super::{SersicFit, Stamp};
use crate::error::{Error, Result};
pub use note::Note;
pub use stamps::Stamps;

/// A catalogue of real galaxies as GalSim's `RealGalaxyCatalog` has it (Mandelbaum et al. 2012, MNRAS 420, 1518; 2014, ApJS 212,
/// 5): one row a galaxy with the file and HDU of its stamp, beside a table `<name>_fits.fits` of Sersic fits.
///
/// ```no_run
/// use vae_source::data::{Catalog, Cuts, prepare_all};
/// let catalog = Catalog::open("real_galaxy_catalog_23.5.fits")?;
/// let (galaxies, tally) = prepare_all(catalog.stamps(), &Cuts::default(), &mut |seen| println!("{seen}"))?;
/// # Ok::<(), vae_source::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalog {
    path: PathBuf,
    entries: Vec<Entry>,
    notes: Vec<Note>,
}

/// One row of a catalogue.
#[derive(Debug, Clone)]
pub struct Entry {
    /// IDENT.
    pub ident: i64,
    /// MAG, of the band of the stamps.
    pub magnitude: f64,
    /// The file of the stamp: `GAL_FILENAME` in the folder of the catalogue.
    pub image: Arc<Path>,
    /// `GAL_HDU`, the primary HDU being 0.
    pub image_hdu: usize,
    /// The file of the point-spread function; some sets come without.
    pub psf: Arc<Path>,
    /// `PSF_HDU`.
    pub psf_hdu: usize,
    /// Arcsec a pixel.
    pub pixel_scale: f64,
    /// Variance of the noise of a pixel of the stamp.
    pub noise_variance: f64,
    /// How the noise of neighbouring pixels goes together, as in [`Stamp`]; one image for all that name one file.
    pub correlation: Option<Arc<Image>>,
    /// What the table of fits says.
    pub sersic: SersicFit,
}

impl Catalog {
    /// Reads the table, the table of fits beside it, and the noise correlation functions that it names. What is absent there
    /// is told by [`notes`](Self::notes).
    ///
    /// # Errors
    /// [`Error::MissingCatalog`], [`Error::EmptyCatalog`], [`Error::BadEntry`], [`Error::BadCorrelation`], or
    /// [`Error::Lens`] for a damaged file, and for a column that is not there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let table = read_table(path).map_err(|cause| match cause {
            lens_models::Error::MissingFile { path } => Error::MissingCatalog { path },
            cause => cause.into(),
        })?;
        if table.rows() == 0 {
            return Err(Error::EmptyCatalog { path: path.to_owned() });
        }
        let mut notes = Vec::new();
        let mut entries = rows(&table, path)?;
        fit::add(&mut entries, path, &mut notes)?;
        if table.has("NOISE_FILENAME") {
            let files = Files::new(path).all(table.texts("NOISE_FILENAME")?);
            correlation::add(&mut entries, &files, &mut notes)?;
        } else {
            notes.push(Note::NoCorrelationColumn { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), entries, notes })
    }

    /// Where the table is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many galaxies there are.
    #[allow(clippy::len_without_is_empty, reason = "an empty catalogue does not open")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Its rows.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the user should know: parts that are absent, and what follows from it.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The stamp of a galaxy.
    ///
    /// # Errors
    /// [`Error::MissingGalaxyFile`], or [`Error::UnreadGalaxy`] for a file that is damaged or lacks the HDU.
    pub fn stamp(&self, entry: &Entry) -> Result<Stamp> {
        self.made(entry, read_hdu(&entry.image, Select::Index(entry.image_hdu)))
    }

    /// The stamps of all galaxies, in the order of the rows, one in memory at a time.
    pub fn stamps(&self) -> Stamps<'_> {
        Stamps::new(self)
    }

    /// The point-spread function at a galaxy.
    ///
    /// # Errors
    /// As [`stamp`](Self::stamp).
    pub fn psf(&self, entry: &Entry) -> Result<Image> {
        let read = read_hdu(&entry.psf, Select::Index(entry.psf_hdu));
        read.map_err(|cause| self.unread(entry, "PSF_FILENAME", cause))
    }

    /// The stamp of an entry with the image that was read for it.
    fn made(&self, entry: &Entry, image: lens_models::Result<Image>) -> Result<Stamp> {
        Ok(Stamp {
            ident: entry.ident,
            image: image.map_err(|cause| self.unread(entry, "GAL_FILENAME", cause))?,
            sigma_noise: entry.noise_variance.sqrt(),
            correlation: entry.correlation.clone(),
            pixel_scale: entry.pixel_scale,
            sersic: entry.sersic,
        })
    }

    fn unread(&self, entry: &Entry, column: &'static str, cause: lens_models::Error) -> Error {
        let (catalog, ident) = (self.path.clone(), entry.ident);
        match cause {
            lens_models::Error::MissingFile { path } => Error::MissingGalaxyFile { catalog, ident, path, column },
            cause => Error::UnreadGalaxy { catalog, ident, cause: Box::new(cause) },
        }
    }
}

/// The columns of the catalogue itself, each number checked.
fn rows(table: &Table, path: &Path) -> Result<Vec<Entry>> {
    let idents = table.integers("IDENT")?;
    let magnitudes = table.floats("MAG")?;
    let mut files = Files::new(path);
    let images = files.all(table.texts("GAL_FILENAME")?);
    let psfs = files.all(table.texts("PSF_FILENAME")?);
    let positive = |column| -> Result<Vec<f64>> {
        let good = |value: f64| value.is_finite() && value > 0.0;
        check(path, &idents, column, table.floats(column)?, good, "positive and finite")
    };
    let number = |column| -> Result<Vec<usize>> {
        let values = table.integers(column)?.into_iter().map(|value| value as f64).collect();
        let values = check(path, &idents, column, values, |value| value >= 0.0, "the number of an HDU, 0 or above")?;
        Ok(values.into_iter().map(|value| value as usize).collect())
    };
    let (image_hdus, psf_hdus) = (number("GAL_HDU")?, number("PSF_HDU")?);
    let (scales, variances) = (positive("PIXEL_SCALE")?, positive("NOISE_VARIANCE")?);
    let entry = |i: usize| Entry {
        ident: idents[i],
        magnitude: magnitudes[i],
        image: images[i].clone(),
        image_hdu: image_hdus[i],
        psf: psfs[i].clone(),
        psf_hdu: psf_hdus[i],
        pixel_scale: scales[i],
        noise_variance: variances[i],
        correlation: None,
        sersic: SersicFit::Absent,
    };
    Ok((0..table.rows()).map(entry).collect())
}

/// The values of a column, or the first galaxy whose value is not good.
fn check(
    path: &Path,
    idents: &[i64],
    column: &'static str,
    values: Vec<f64>,
    good: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<Vec<f64>> {
    match idents.iter().zip(&values).find(|(_, value)| !good(**value)) {
        Some((&ident, &value)) => Err(Error::BadEntry { path: path.to_owned(), ident, column, value, allowed }),
        None => Ok(values),
    }
}

/// File names of a catalogue, which are relative to its folder; each is kept once.
struct Files<'p> {
    folder: &'p Path,
    known: HashMap<String, Arc<Path>>,
}

impl<'p> Files<'p> {
    fn new(catalog: &'p Path) -> Self {
        Self { folder: catalog.parent().unwrap_or(Path::new("")), known: HashMap::new() }
    }

    fn all(&mut self, names: Vec<String>) -> Vec<Arc<Path>> {
        let path = |name: String| {
            let full = self.folder.join(&name);
            self.known.entry(name).or_insert_with(|| full.into()).clone()
        };
        names.into_iter().map(path).collect()
    }
}
