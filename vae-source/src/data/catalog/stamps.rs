//! Stamps: the galaxies of a catalogue one after the other.

use std::path::Path;

use lens_models::fits::{FitsFile, Image};

use super::entry::Entry;
use crate::data::Stamp;
use crate::error::Result;

/// Reads the stamps of a catalogue in the order of its rows; the files used last stay open.
#[derive(Debug)]
pub struct Stamps<'c> {
    catalog: &'c Path,
    entries: std::slice::Iter<'c, Entry>,
    /// The one used last at the end.
    open: Vec<FitsFile>,
}

/// Files that stay open: a catalogue in another order than its files goes back and forth between them, and each has to be indexed
/// when it is opened. Of those that are in memory, only the last stays.
const OPEN: usize = 64;

impl<'c> Stamps<'c> {
    pub(super) fn new(catalog: &'c Path, entries: &'c [Entry]) -> Self {
        Self { catalog, entries: entries.iter(), open: Vec::new() }
    }

    fn image(&mut self, path: &Path, hdu: usize) -> lens_models::Result<Image> {
        let mut file = match self.open.iter().position(|file| file.path() == path) {
            Some(k) => self.open.remove(k),
            None => FitsFile::open(path)?,
        };
        let image = file.image(hdu);
        if file.is_inflated() {
            self.open.retain(|other| !other.is_inflated());
        }
        if self.open.len() == OPEN {
            self.open.remove(0);
        }
        self.open.push(file);
        image
    }
}

impl Iterator for Stamps<'_> {
    type Item = Result<Stamp>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let image = self.image(&entry.image, entry.image_hdu);
        Some(entry.stamp(self.catalog, image))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Stamps<'_> {}
