//! A file of many HDUs, kept open: its headers are read once, its data only as asked for.

use std::path::Path;

use fitsio_pure::hdu::{Hdu, HduInfo};

use super::header::{Source, describe, next};
use super::image::{Image, read_pixels};
use super::table::{Table, read_rows};
use crate::error::{Error, Result};

/// An open FITS file. In memory are the place of each HDU and the data of the one being read, however large the file is
/// (one compressed by gzip is inflated whole).
///
/// ```
/// # use lens_models::fits::{FitsFile, Image, NamedImage, write_images};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("galaxies.fits");
/// # let image = Image::new(2, 1, vec![1.0, 2.0])?;
/// # let named = |name| NamedImage { name, image: &image, cards: vec![] };
/// # write_images(&path, &[named("A"), named("B")])?;
/// let mut file = FitsFile::open(&path)?;
/// for hdu in 0..file.hdus() {
///     println!("HDU {hdu} has {:?} pixels", file.image(hdu)?.size());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FitsFile {
    source: Source<'static>,
    /// Where each header starts.
    starts: Vec<usize>,
}

impl FitsFile {
    /// Opens a file and reads its headers.
    ///
    /// # Errors
    /// [`Error::MissingFile`], [`Error::UnknownFormat`], [`Error::Truncated`] (any of its HDUs does not fit the file), or
    /// another error that names the file and the HDU.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::index(Source::open(path.as_ref())?)
    }

    fn index(mut source: Source<'static>) -> Result<Self> {
        let (mut offset, mut starts) = (0, Vec::new());
        while let Some(hdu) = source.hdu(offset, starts.len())? {
            starts.push(offset);
            offset = next(&hdu);
        }
        Ok(Self { source, starts })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Whether the file was compressed by gzip and is in memory, whole.
    pub fn is_inflated(&self) -> bool {
        self.source.inflated
    }

    /// How many header-data units it has, the primary HDU counted.
    pub fn hdus(&self) -> usize {
        self.starts.len()
    }

    /// The 2-d image of an HDU, the primary HDU being 0; BSCALE, BZERO and BLANK as in [`read_image`](super::read_image).
    ///
    /// # Errors
    /// [`Error::NoSuchHdu`], [`Error::NoImage`], or another error that names the file and the HDU.
    pub fn image(&mut self, hdu: usize) -> Result<Image> {
        let found = self.hdu(hdu)?;
        read_pixels(&mut self.source, found, hdu)
    }

    /// The binary table of an HDU.
    ///
    /// # Errors
    /// [`Error::NoSuchHdu`], [`Error::NoTable`], or another error that names the file and the HDU.
    pub fn table(&mut self, hdu: usize) -> Result<Table> {
        let found = self.hdu(hdu)?;
        if !matches!(found.info, HduInfo::BinaryTable { .. }) {
            let available = vec![describe(hdu, &found)];
            return Err(Error::NoTable { path: self.path().to_owned(), available });
        }
        read_rows(&mut self.source, &found, hdu)
    }

    fn hdu(&mut self, index: usize) -> Result<Hdu> {
        let found = match self.starts.get(index) {
            Some(start) => self.source.hdu(*start, index)?,
            None => None,
        };
        found.ok_or_else(|| self.no_such(index))
    }

    fn no_such(&mut self, index: usize) -> Error {
        let starts = self.starts.clone();
        // An HDU that can no longer be read is not worth a second error.
        let described = starts.iter().enumerate().map(|(i, start)| match self.source.hdu(*start, i) {
            Ok(Some(hdu)) => describe(i, &hdu),
            _ => format!("HDU {i}"),
        });
        Error::NoSuchHdu { available: described.collect(), path: self.path().to_owned(), wanted: index.to_string() }
    }
}

impl std::fmt::Debug for FitsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FitsFile").field("path", &self.path()).field("hdus", &self.hdus()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Seek, SeekFrom};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::fits::{NamedImage, write_images};

    /// Counts the bytes that are read of a file.
    struct Counted(Cursor<Vec<u8>>, Arc<AtomicU64>);

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.read(buffer)?;
            self.1.fetch_add(n as u64, Ordering::Relaxed);
            Ok(n)
        }
    }

    impl Seek for Counted {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn opening_reads_the_headers_and_an_image_reads_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("many.fits");
        let images: Vec<_> = (0..40_usize).map(|i| Image::new(100, 80, vec![i as f32; 8000]).unwrap()).collect();
        let named: Vec<_> = images.iter().map(|image| NamedImage { name: "", image, cards: vec![] }).collect();
        write_images(&path, &named).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (block, data) = (2880, 8000 * 4);
        assert_eq!(bytes.len(), 40 * (block + data_padded(data)));
        let count = Arc::new(AtomicU64::new(0));
        let source = Source::new(&path, Counted(Cursor::new(bytes), count.clone())).unwrap();
        // Two bytes tell a gzip file.
        let taken = || count.swap(0, Ordering::Relaxed) as usize;
        let mut file = FitsFile::index(source).unwrap();
        assert_eq!((file.hdus(), taken()), (40, 2 + 40 * block));
        assert_eq!(file.image(33).unwrap(), images[33]);
        assert_eq!(taken(), block + data);
    }

    fn data_padded(n: usize) -> usize {
        n.div_ceil(2880) * 2880
    }
}
