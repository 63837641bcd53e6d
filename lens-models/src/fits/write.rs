//! Images written as a FITS file.

use std::path::Path;

use fitsio_pure::header::Card;
use fitsio_pure::image_writer::ImageWriter;
use fitsio_pure::io::AtomicFile;
use fitsio_pure::value::Value;

use super::header::damaged;
use super::image::Image;
use crate::error::{Error, Result};

/// An image to be written, with its name and some header cards.
#[derive(Debug, Clone)]
pub struct NamedImage<'a> {
    /// EXTNAME.
    pub name: &'a str,
    /// The pixels.
    pub image: &'a Image,
    /// Further header cards.
    pub cards: Vec<HeaderCard<'a>>,
}

/// One line of a FITS header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderCard<'a> {
    /// At most 8 characters out of A-Z, 0-9, `-`, `_`.
    pub keyword: &'a str,
    /// What it says.
    pub value: HeaderValue,
    /// Unit or meaning.
    pub comment: &'a str,
}

/// The value of a header card.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderValue {
    /// A real number.
    Real(f64),
    /// A whole number.
    Integer(i64),
    /// Printable ASCII text.
    Text(String),
}

/// Writes images as 32-bit floats: the first as the primary HDU, the others as image extensions, each with its EXTNAME.
/// The file appears only once it is complete.
///
/// # Errors
/// [`Error::Fits`] for a keyword or text that FITS does not allow, [`Error::Io`] if the file cannot be written, and
/// [`Error::WrongLength`] for an image whose pixels do not fill it.
pub fn write_images(path: impl AsRef<Path>, images: &[NamedImage<'_>]) -> Result<()> {
    let path = path.as_ref();
    let failed = |hdu: usize| {
        move |cause| match cause {
            fitsio_pure::Error::Io(cause) => Error::io(path, "write", cause),
            cause => damaged(path, hdu, cause),
        }
    };
    let mut file = AtomicFile::new(path).map_err(|cause| Error::io(path, "write", cause))?;
    for (index, named) in images.iter().enumerate() {
        let Image { width, height, pixels } = named.image;
        if width.checked_mul(*height) != Some(pixels.len()) {
            let expected = width.saturating_mul(*height);
            return Err(Error::WrongLength { what: "the image", got: pixels.len(), expected, size: (*width, *height) });
        }
        let cards = header_cards(named).map_err(failed(index))?;
        let start = if index == 0 { ImageWriter::primary } else { ImageWriter::image_extension };
        let mut writer = start(file, -32, &[*width, *height], &cards).map_err(failed(index))?;
        writer.write_samples(pixels).map_err(failed(index))?;
        file = writer.finish().map_err(failed(index))?;
    }
    file.commit().map_err(|cause| Error::io(path, "write", cause))
}

fn header_cards(named: &NamedImage<'_>) -> fitsio_pure::Result<Vec<Card>> {
    let name = HeaderCard { keyword: "EXTNAME", value: HeaderValue::Text(named.name.to_owned()), comment: "" };
    std::iter::once(&name).chain(&named.cards).map(header_card).collect()
}

fn header_card(card: &HeaderCard<'_>) -> fitsio_pure::Result<Card> {
    let printable = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let value = match &card.value {
        HeaderValue::Real(value) if value.is_finite() => Value::Float(*value),
        HeaderValue::Integer(value) => Value::Integer(*value),
        HeaderValue::Text(text) if printable(text) => Value::String(text.clone()),
        _ => return Err(fitsio_pure::Error::InvalidHeader("a card holds NaN, infinity, or text that is not ASCII")),
    };
    if !printable(card.comment) {
        return Err(fitsio_pure::Error::InvalidHeader("a comment is not ASCII"));
    }
    let comment = (!card.comment.is_empty()).then(|| card.comment.to_owned());
    Ok(Card { comment, ..Card::new(card.keyword, value)? })
}
