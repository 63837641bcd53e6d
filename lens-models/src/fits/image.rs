//! Images: 2-d arrays of pixels, and how one is read.

use std::io::Cursor;
use std::path::Path;

use fitsio_pure::hdu::{Hdu, HduInfo};
use fitsio_pure::image;

use super::header::{Source, damaged, describe, image_size, text_card};
use crate::error::{Error, Result};

/// A 2-d image, row-major `[y][x]`, pixel (0, 0) at the bottom left as FITS has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Pixels along x (FITS NAXIS1).
    pub width: usize,
    /// Pixels along y (FITS NAXIS2).
    pub height: usize,
    /// `height` rows of `width` values.
    pub pixels: Vec<f32>,
}

impl Image {
    /// An image of the given size.
    ///
    /// # Errors
    /// [`Error::WrongLength`] if there are not `width * height` pixels.
    pub fn new(width: usize, height: usize, pixels: Vec<f32>) -> Result<Self> {
        if width.checked_mul(height) != Some(pixels.len()) {
            let expected = width.saturating_mul(height);
            return Err(Error::WrongLength { what: "the image", got: pixels.len(), expected, size: (width, height) });
        }
        Ok(Self { width, height, pixels })
    }

    /// (width, height) in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }
}

/// Which header-data unit of a file to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select<'a> {
    /// The first one that holds a 2-d image.
    FirstImage,
    /// By its number, the primary HDU being 0.
    Index(usize),
    /// By its EXTNAME, case ignored.
    Name(&'a str),
}

/// The first 2-d image of a FITS file (plain, `.gz` or tile-compressed), BSCALE and BZERO applied, BLANK pixels as NaN.
///
/// # Errors
/// An error that names the file and the HDU if it is missing, truncated, damaged, or has no 2-d image.
pub fn read_image(path: impl AsRef<Path>) -> Result<Image> {
    read_hdu(path, Select::FirstImage)
}

/// [`read_image`] from the HDU asked for. To read many of one file, use [`FitsFile`](super::FitsFile).
///
/// # Errors
/// As [`read_image`], and [`Error::NoSuchHdu`].
pub fn read_hdu(path: impl AsRef<Path>, select: Select<'_>) -> Result<Image> {
    select_image(Source::open(path.as_ref())?, select)
}

/// [`read_hdu`] on the bytes of a file; `path` is for messages.
///
/// # Errors
/// As [`read_hdu`].
pub fn decode(bytes: &[u8], path: &Path, select: Select<'_>) -> Result<Image> {
    select_image(Source::new(path, Cursor::new(bytes))?, select)
}

fn select_image(mut source: Source<'_>, select: Select<'_>) -> Result<Image> {
    let (index, hdu) = select_hdu(&mut source, select)?;
    read_pixels(&mut source, hdu, index)
}

/// The HDU that is asked for, and its number.
pub(super) fn select_hdu(source: &mut Source<'_>, select: Select<'_>) -> Result<(usize, Hdu)> {
    let found = source.find(|index, hdu| match select {
        Select::FirstImage => image_size(hdu).is_some(),
        Select::Index(wanted) => wanted == index,
        Select::Name(wanted) => wanted.trim().eq_ignore_ascii_case(text_card(hdu, "EXTNAME").unwrap_or_default()),
    })?;
    let path = source.path.clone();
    found.map_err(|available| match select {
        Select::FirstImage => Error::NoImage { path, available },
        Select::Index(wanted) => Error::NoSuchHdu { path, wanted: wanted.to_string(), available },
        Select::Name(wanted) => Error::NoSuchHdu { path, wanted: wanted.to_owned(), available },
    })
}

/// The image of one HDU; no other data of the file are read.
pub(super) fn read_pixels(source: &mut Source<'_>, hdu: Hdu, index: usize) -> Result<Image> {
    let Some((width, height)) = image_size(&hdu) else {
        return Err(Error::NoImage { path: source.path.clone(), available: vec![describe(index, &hdu)] });
    };
    let bytes = source.data(&hdu, index, hdu.data_len)?;
    let hdu = Hdu { header_start: 0, data_start: 0, ..hdu };
    let read = || image::read_image_physical_f32(&bytes, &hdu);
    let pixels = match &hdu.info {
        // The tile decoders trust the heap: a damaged one may index outside it, which must not end the program.
        HduInfo::CompressedImage { .. } => std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
            .unwrap_or(Err(fitsio_pure::Error::DecompressionError("the compressed tiles are damaged"))),
        _ => read(),
    };
    Image::new(width, height, pixels.map_err(|cause| damaged(&source.path, index, cause))?)
}
