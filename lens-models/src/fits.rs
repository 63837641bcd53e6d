//! FITS images in and out; the only place that knows the FITS crate.

use std::path::Path;

use fitsio_pure::block::{BLOCK_SIZE, padded_byte_len};
use fitsio_pure::hdu::{Hdu, HduInfo};
use fitsio_pure::header::{self, Card};
use fitsio_pure::image_writer::ImageWriter;
use fitsio_pure::value::Value;
use fitsio_pure::{gzip, image, io::AtomicFile};

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

/// [`read_image`] from the HDU asked for.
///
/// # Errors
/// As [`read_image`], and [`Error::NoSuchHdu`].
pub fn read_hdu(path: impl AsRef<Path>, select: Select<'_>) -> Result<Image> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|cause| Error::io(path, "read", cause))?;
    decode(&bytes, path, select)
}

/// [`read_hdu`] on the bytes of a file; `path` is for messages.
///
/// # Errors
/// As [`read_hdu`].
pub fn decode(bytes: &[u8], path: &Path, select: Select<'_>) -> Result<Image> {
    let inflated;
    let bytes = if gzip::is_gzip(bytes) {
        inflated = gzip::decompress(bytes).map_err(|cause| damaged(path, 0, cause))?;
        &inflated
    } else {
        bytes
    };
    let (mut offset, mut seen) = (0, Vec::new());
    while let Some(hdu) = parse_hdu(bytes, offset, seen.len(), path)? {
        let index = seen.len();
        let name = extension_name(&hdu);
        let size = image_size(&hdu);
        seen.push(describe(index, &name, &hdu));
        let chosen = match select {
            Select::FirstImage => size.is_some(),
            Select::Index(wanted) => wanted == index,
            Select::Name(wanted) => wanted.trim().eq_ignore_ascii_case(&name),
        };
        if chosen {
            let Some(size) = size else {
                return Err(Error::NoImage { path: path.to_owned(), available: seen.split_off(index) });
            };
            return read_pixels(bytes, &hdu, index, size, path);
        }
        offset = hdu.data_start.saturating_add(padded_byte_len(hdu.data_len));
    }
    let path = path.to_owned();
    Err(match select {
        Select::FirstImage => Error::NoImage { path, available: seen },
        Select::Index(wanted) => Error::NoSuchHdu { path, wanted: wanted.to_string(), available: seen },
        Select::Name(wanted) => Error::NoSuchHdu { path, wanted: wanted.to_owned(), available: seen },
    })
}

fn damaged(path: &Path, hdu: usize, cause: fitsio_pure::Error) -> Error {
    Error::Fits { path: path.to_owned(), hdu, cause: Box::new(cause) }
}

/// The HDU whose header starts at `offset`, its sizes checked against the file before anything is allocated for them;
/// `None` behind the last one.
fn parse_hdu(bytes: &[u8], offset: usize, index: usize, path: &Path) -> Result<Option<Hdu>> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let truncated = |needed: usize| Error::Truncated {
        path: path.to_owned(),
        hdu: index,
        needed: needed as u64,
        found: bytes.len() as u64,
    };
    let start: &[u8] = if index == 0 { b"SIMPLE  " } else { b"XTENSION" };
    if !rest.starts_with(start) {
        return match index {
            // An empty file, or the first few bytes of a FITS file.
            0 if start.starts_with(rest) => Err(truncated(BLOCK_SIZE)),
            0 => Err(Error::UnknownFormat { path: path.to_owned() }),
            _ => Ok(None),
        };
    }
    let Ok(header_len) = header::header_byte_len(rest) else {
        return Err(truncated(offset + (rest.len() / BLOCK_SIZE + 1) * BLOCK_SIZE));
    };
    let cards = header::parse_header_blocks(&rest[..header_len]).map_err(|cause| damaged(path, index, cause))?;
    check_sizes(&cards, index, path)?;
    let data_start = offset + header_len;
    let hdu = Hdu::from_cards(cards, offset, data_start).map_err(|cause| damaged(path, index, cause))?;
    match data_start.checked_add(hdu.data_len) {
        Some(end) if end <= bytes.len() => Ok(Some(hdu)),
        end => Err(truncated(end.unwrap_or(usize::MAX))),
    }
}

/// The FITS crate casts header integers to sizes unseen, and a damaged one would ask for all memory.
fn check_sizes(cards: &[Card], hdu: usize, path: &Path) -> Result<()> {
    for card in cards {
        let keyword = card.keyword_str();
        let Some(Value::Integer(value)) = card.value else { continue };
        let allowed = match keyword.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "BITPIX" | "ZBITPIX" => matches!(value, 8 | 16 | 32 | 64 | -32 | -64),
            // 999 axes or columns are the limit of the standard.
            "NAXIS" | "ZNAXIS" if matches!(keyword, "NAXIS" | "ZNAXIS") => (0..=999).contains(&value),
            "TFIELDS" => (0..=999).contains(&value),
            "NAXIS" | "PCOUNT" | "GCOUNT" => (0..1 << 40).contains(&value),
            // Compressed images may be larger than their file: 2^15 pixels a side is 4 GB.
            "ZNAXIS" => (0..=1 << 15).contains(&value),
            "ZTILE" => (1..=1 << 15).contains(&value),
            _ => true,
        };
        if !allowed {
            return Err(Error::FitsHeader { path: path.to_owned(), hdu, keyword: keyword.to_owned(), value });
        }
    }
    Ok(())
}

/// (width, height) of a 2-d image; further axes of length 1 do not count.
fn image_size(hdu: &Hdu) -> Option<(usize, usize)> {
    match axes(hdu) {
        [width, height, rest @ ..] if *width > 0 && *height > 0 && rest.iter().all(|n| *n == 1) => {
            Some((*width, *height))
        }
        _ => None,
    }
}

fn axes(hdu: &Hdu) -> &[usize] {
    match &hdu.info {
        HduInfo::Primary { naxes, .. } | HduInfo::Image { naxes, .. } => naxes,
        HduInfo::CompressedImage { znaxes, .. } => znaxes,
        _ => &[],
    }
}

fn extension_name(hdu: &Hdu) -> String {
    let card = hdu.cards.iter().find(|card| card.keyword_str() == "EXTNAME");
    match card.and_then(|card| card.value.as_ref()) {
        Some(Value::String(name)) => name.trim().to_owned(),
        _ => String::new(),
    }
}

/// "1 `SCI` (image 201 x 201)", for messages.
fn describe(index: usize, name: &str, hdu: &Hdu) -> String {
    let axes: Vec<String> = axes(hdu).iter().map(usize::to_string).collect();
    let kind = match (&hdu.info, axes.is_empty()) {
        (HduInfo::AsciiTable { .. } | HduInfo::BinaryTable { .. }, _) => "table".to_owned(),
        (_, true) => "no data".to_owned(),
        (_, false) => format!("image {}", axes.join(" x ")),
    };
    if name.is_empty() { format!("HDU {index} ({kind})") } else { format!("HDU {index} `{name}` ({kind})") }
}

fn read_pixels(bytes: &[u8], hdu: &Hdu, index: usize, (width, height): (usize, usize), path: &Path) -> Result<Image> {
    let read = || image::read_image_physical_f32(bytes, hdu);
    let pixels = match &hdu.info {
        // The tile decoders trust the heap: a damaged one may index outside it, which must not end the program.
        HduInfo::CompressedImage { .. } => std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
            .unwrap_or(Err(fitsio_pure::Error::DecompressionError("the compressed tiles are damaged"))),
        _ => read(),
    };
    Image::new(width, height, pixels.map_err(|cause| damaged(path, index, cause))?)
}

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
