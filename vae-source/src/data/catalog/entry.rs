//! Entries: the rows of a catalogue, each number of them checked.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use lens_models::fits::{Image, Table};

use crate::data::{SersicFit, Stamp};
use crate::error::{Error, Result};

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

impl Entry {
    /// Its stamp, with the image that was read for it; `catalog` is for the message.
    pub(super) fn stamp(&self, catalog: &Path, image: lens_models::Result<Image>) -> Result<Stamp> {
        Ok(Stamp {
            ident: self.ident,
            image: image.map_err(|cause| self.unread(catalog, "GAL_FILENAME", cause))?,
            sigma_noise: self.noise_variance.sqrt(),
            correlation: self.correlation.clone(),
            pixel_scale: self.pixel_scale,
            sersic: self.sersic,
        })
    }

    /// What to say of a file of this row, named in `column`, that cannot be read.
    pub(super) fn unread(&self, catalog: &Path, column: &'static str, cause: lens_models::Error) -> Error {
        let (catalog, ident) = (catalog.to_owned(), self.ident);
        match cause {
            lens_models::Error::MissingFile { path } => Error::MissingGalaxyFile { catalog, ident, path, column },
            cause => Error::UnreadGalaxy { catalog, ident, cause: Box::new(cause) },
        }
    }
}

/// The columns of the catalogue itself, each number checked.
pub(super) fn rows(table: &Table, path: &Path) -> Result<Vec<Entry>> {
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
pub(super) struct Files<'p> {
    folder: &'p Path,
    known: HashMap<String, Arc<Path>>,
}

impl<'p> Files<'p> {
    pub(super) fn new(catalog: &'p Path) -> Self {
        Self { folder: catalog.parent().unwrap_or(Path::new("")), known: HashMap::new() }
    }

    pub(super) fn all(&mut self, names: Vec<String>) -> Vec<Arc<Path>> {
        let path = |name: String| {
            let full = self.folder.join(&name);
            self.known.entry(name).or_insert_with(|| full.into()).clone()
        };
        names.into_iter().map(path).collect()
    }
}
