//! Catalogue: the table of a set of real galaxies in the format of GalSim, and their stamps, read one at a time.

mod correlation;
mod entry;
mod fit;
mod note;
mod stamps;

use std::path::{Path, PathBuf};

use lens_models::fits::{Image, Select, read_hdu, read_table};

use self::entry::{Files, rows};
use super::Stamp;
use crate::error::{Error, Result};

pub use entry::Entry;
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
        entry.stamp(&self.path, read_hdu(&entry.image, Select::Index(entry.image_hdu)))
    }

    /// The stamps of all galaxies, in the order of the rows, one in memory at a time.
    pub fn stamps(&self) -> Stamps<'_> {
        Stamps::new(&self.path, &self.entries)
    }

    /// The point-spread function at a galaxy.
    ///
    /// # Errors
    /// As [`stamp`](Self::stamp).
    pub fn psf(&self, entry: &Entry) -> Result<Image> {
        let read = read_hdu(&entry.psf, Select::Index(entry.psf_hdu));
        read.map_err(|cause| entry.unread(&self.path, "PSF_FILENAME", cause))
    }
}
