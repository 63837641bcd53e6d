//! Headers: which header-data units a file has, read without their data.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use fitsio_pure::block::{BLOCK_SIZE, padded_byte_len};
use fitsio_pure::gzip;
use fitsio_pure::hdu::{Hdu, HduInfo};
use fitsio_pure::header::{self, Card};
use fitsio_pure::value::Value;

use crate::error::{Error, Result};

/// A header longer than 36,000 cards is taken for a damaged one, before it fills the memory.
const MAX_HEADER_BLOCKS: usize = 1000;

/// Bytes that can be read at any place.
pub(super) trait Bytes: Read + Seek {}

impl<R: Read + Seek> Bytes for R {}

/// The bytes of one FITS file, wherever they are: on disk, borrowed, or inflated in memory.
pub(super) struct Source<'a> {
    pub path: PathBuf,
    bytes: Box<dyn Bytes + Send + 'a>,
    length: usize,
    /// Whether the bytes are in memory, inflated.
    pub inflated: bool,
}

impl<'a> Source<'a> {
    /// Opens a file; one compressed by gzip is inflated in memory.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|cause| Error::io(path, "read", cause))?;
        Self::new(path, file)
    }

    /// From bytes; `path` is for messages.
    pub fn new(path: &Path, mut bytes: impl Bytes + Send + 'a) -> Result<Self> {
        let failed = |cause| Error::io(path, "read", cause);
        let mut magic = Vec::new();
        (&mut bytes).take(2).read_to_end(&mut magic).map_err(failed)?;
        bytes.rewind().map_err(failed)?;
        let inflated = gzip::is_gzip(&magic);
        let (bytes, length): (Box<dyn Bytes + Send + 'a>, _) = if inflated {
            let mut packed = Vec::new();
            bytes.read_to_end(&mut packed).map_err(failed)?;
            let whole = gzip::decompress(&packed).map_err(|cause| damaged(path, 0, cause))?;
            let length = whole.len() as u64;
            (Box::new(Cursor::new(whole)), length)
        } else {
            let length = bytes.seek(SeekFrom::End(0)).map_err(failed)?;
            (Box::new(bytes), length)
        };
        Ok(Self { path: path.to_owned(), bytes, length: usize::try_from(length).unwrap_or(usize::MAX), inflated })
    }

    /// At most `count` bytes from `offset`; fewer at the end of the file.
    fn read_at(&mut self, offset: usize, count: usize) -> Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(count.min(self.length.saturating_sub(offset)));
        let read = self.bytes.seek(SeekFrom::Start(offset as u64));
        read.and_then(|_| (&mut self.bytes).take(count as u64).read_to_end(&mut buffer))
            .map_err(|cause| Error::io(&self.path, "read", cause))?;
        Ok(buffer)
    }

    /// The first `count` bytes of the data of an HDU.
    pub fn data(&mut self, hdu: &Hdu, index: usize, count: usize) -> Result<Vec<u8>> {
        let bytes = self.read_at(hdu.data_start, count)?;
        // The header was seen to fit the file, so that only a file that shrinks meanwhile comes here.
        if bytes.len() < count { Err(self.truncated(index, hdu.data_start + count)) } else { Ok(bytes) }
    }

    /// The HDU whose header starts at `offset`, its sizes checked against the file before anything is allocated for them;
    /// `None` behind the last one.
    pub fn hdu(&mut self, offset: usize, index: usize) -> Result<Option<Hdu>> {
        let mut text = self.read_at(offset, BLOCK_SIZE)?;
        let start: &[u8] = if index == 0 { b"SIMPLE  " } else { b"XTENSION" };
        if !text.starts_with(start) {
            return match index {
                // An empty file, or the first few bytes of a FITS file.
                0 if start.starts_with(&text) => Err(self.truncated(0, BLOCK_SIZE)),
                0 => Err(Error::UnknownFormat { path: self.path.clone() }),
                _ => Ok(None),
            };
        }
        while header::header_byte_len(&text[text.len().saturating_sub(BLOCK_SIZE)..]).is_err() {
            let whole = text.len() / BLOCK_SIZE * BLOCK_SIZE;
            if whole < text.len() || offset + whole >= self.length {
                return Err(self.truncated(index, offset + whole + BLOCK_SIZE));
            }
            if whole >= MAX_HEADER_BLOCKS * BLOCK_SIZE {
                let cause = fitsio_pure::Error::InvalidHeader("the header has no END card");
                return Err(damaged(&self.path, index, cause));
            }
            text.extend(self.read_at(offset + whole, BLOCK_SIZE)?);
        }
        let path = &self.path;
        let cards = header::parse_header_blocks(&text).map_err(|cause| damaged(path, index, cause))?;
        check_sizes(&cards, index, path)?;
        let data_start = offset + text.len();
        let hdu = Hdu::from_cards(cards, offset, data_start).map_err(|cause| damaged(path, index, cause))?;
        match data_start.checked_add(hdu.data_len) {
            Some(end) if end <= self.length => Ok(Some(hdu)),
            end => Err(self.truncated(index, end.unwrap_or(usize::MAX))),
        }
    }

    /// Walks over the HDUs until `wanted` says yes: the number of that one and itself, or else what was seen.
    pub fn find(&mut self, mut wanted: impl FnMut(usize, &Hdu) -> bool) -> Result<Result<(usize, Hdu), Vec<String>>> {
        let (mut offset, mut seen) = (0, Vec::new());
        while let Some(hdu) = self.hdu(offset, seen.len())? {
            let index = seen.len();
            if wanted(index, &hdu) {
                return Ok(Ok((index, hdu)));
            }
            seen.push(describe(index, &hdu));
            offset = next(&hdu);
        }
        Ok(Err(seen))
    }

    fn truncated(&self, hdu: usize, needed: usize) -> Error {
        Error::Truncated { path: self.path.clone(), hdu, needed: needed as u64, found: self.length as u64 }
    }
}

/// Where the header of the next HDU starts.
pub(super) fn next(hdu: &Hdu) -> usize {
    hdu.data_start.saturating_add(padded_byte_len(hdu.data_len))
}

pub(super) fn damaged(path: &Path, hdu: usize, cause: fitsio_pure::Error) -> Error {
    Error::Fits { path: path.to_owned(), hdu, cause: Box::new(cause) }
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
pub(super) fn image_size(hdu: &Hdu) -> Option<(usize, usize)> {
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

/// The text that a keyword says, if it does; "" is none.
pub(super) fn text_card<'a>(hdu: &'a Hdu, keyword: &str) -> Option<&'a str> {
    let card = hdu.cards.iter().find(|card| card.keyword_str() == keyword)?;
    match &card.value {
        Some(Value::String(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// "HDU 1 `SCI` (image 201 x 201)", for messages.
pub(super) fn describe(index: usize, hdu: &Hdu) -> String {
    let axes: Vec<String> = axes(hdu).iter().map(usize::to_string).collect();
    let kind = match (&hdu.info, axes.is_empty()) {
        (HduInfo::AsciiTable { .. } | HduInfo::BinaryTable { .. }, _) => "table".to_owned(),
        (_, true) => "no data".to_owned(),
        (_, false) => format!("image {}", axes.join(" x ")),
    };
    match text_card(hdu, "EXTNAME") {
        None => format!("HDU {index} ({kind})"),
        Some(name) => format!("HDU {index} `{name}` ({kind})"),
    }
}
