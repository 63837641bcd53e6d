//! Stamps: the galaxies of a catalogue one after the other.

use std::path::Path;

use lens_models::fits::{FitsFile, Image};

use super::{Catalog, Entry};
use crate::data::Stamp;
use crate::error::Result;

/// Reads the stamps of a [`Catalog`] in the order of its rows; the file of the last one stays open for the next.
#[derive(Debug)]
pub struct Stamps<'c> {
    catalog: &'c Catalog,
    entries: std::slice::Iter<'c, Entry>,
    open: Option<FitsFile>,
}

impl<'c> Stamps<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self { catalog, entries: catalog.entries.iter(), open: None }
    }

    fn image(&mut self, path: &Path, hdu: usize) -> lens_models::Result<Image> {
        let mut file = match self.open.take().filter(|file| file.path() == path) {
            Some(file) => file,
            None => FitsFile::open(path)?,
        };
        let image = file.image(hdu);
        self.open = Some(file);
        image
    }
}

impl Iterator for Stamps<'_> {
    type Item = Result<Stamp>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let image = self.image(&entry.image, entry.image_hdu);
        Some(self.catalog.made(entry, image))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Stamps<'_> {}
