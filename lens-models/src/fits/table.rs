//! Binary tables: columns by name, as numbers or text.

use std::path::{Path, PathBuf};

use fitsio_pure::bintable::extract_column_scaling;
use fitsio_pure::hdu::{Hdu, HduInfo};

use super::header::{Source, damaged, text_card};
use crate::error::{Error, Result};

/// A binary table, its rows in memory. Names of columns are those of TTYPE, case ignored; TSCAL and TZERO are applied.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    hdu: usize,
    columns: Vec<Column>,
    rows: usize,
    /// Bytes of one row.
    stride: usize,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    /// TFORM as the header has it, such as `8D`.
    form: String,
    kind: u8,
    repeat: usize,
    /// Where it begins in a row, in bytes.
    offset: usize,
    scale: f64,
    zero: f64,
}

/// The first binary table of a FITS file (plain or `.gz`).
///
/// # Errors
/// [`Error::MissingFile`], [`Error::NoTable`], or another error that names the file and the HDU.
pub fn read_table(path: impl AsRef<Path>) -> Result<Table> {
    let mut source = Source::open(path.as_ref())?;
    match source.find(|_, hdu| matches!(hdu.info, HduInfo::BinaryTable { .. }))? {
        Ok((index, hdu)) => read_rows(&mut source, &hdu, index),
        Err(available) => Err(Error::NoTable { path: source.path, available }),
    }
}

/// The table of an HDU that is a binary table.
pub(super) fn read_rows(source: &mut Source<'_>, hdu: &Hdu, index: usize) -> Result<Table> {
    let HduInfo::BinaryTable { naxis1: stride, naxis2: rows, tfields, .. } = hdu.info else {
        return Err(damaged(&source.path, index, fitsio_pure::Error::InvalidHeader("not a binary table")));
    };
    let (mut columns, mut offset) = (Vec::with_capacity(tfields), 0);
    for number in 1..=tfields {
        let form = text_card(hdu, &format!("TFORM{number}")).unwrap_or_default();
        let wrong =
            || Error::TableForm { path: source.path.clone(), hdu: index, number, form: form.to_owned(), stride };
        let (repeat, kind, width) = parse_form(form).ok_or_else(wrong)?;
        let (scale, zero) = extract_column_scaling(&hdu.cards, number);
        let name = text_card(hdu, &format!("TTYPE{number}")).unwrap_or_default().to_owned();
        columns.push(Column { name, form: form.to_owned(), kind, repeat, offset, scale, zero });
        offset = width.checked_add(offset).filter(|end| *end <= stride).ok_or_else(wrong)?;
    }
    // No more than the data of the HDU, which the file was seen to hold.
    let bytes = source.data(hdu, index, stride.saturating_mul(rows).min(hdu.data_len))?;
    Ok(Table { path: source.path.clone(), hdu: index, columns, rows, stride, bytes })
}

/// (repeat, type letter, bytes) of a TFORM such as `8D`.
fn parse_form(form: &str) -> Option<(usize, u8, usize)> {
    let digits = form.bytes().take_while(u8::is_ascii_digit).count();
    let repeat = if digits == 0 { 1 } else { form[..digits].parse().ok()? };
    let kind = *form.as_bytes().get(digits)?;
    let width = match kind {
        b'X' => usize::div_ceil(repeat, 8),
        _ => usize::checked_mul(repeat, item_bytes(kind)?)?,
    };
    Some((repeat, kind, width))
}

/// Bytes of one value; P and Q are descriptors of arrays elsewhere in the file.
fn item_bytes(kind: u8) -> Option<usize> {
    match kind {
        b'L' | b'B' | b'A' => Some(1),
        b'I' => Some(2),
        b'J' | b'E' => Some(4),
        b'K' | b'D' | b'C' | b'P' => Some(8),
        b'M' | b'Q' => Some(16),
        _ => None,
    }
}

impl Table {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there is a column of that name.
    pub fn has(&self, column: &str) -> bool {
        self.find(column).is_some()
    }

    /// A column of one whole number a row (TFORM B, I, J or K; L as 0 or 1).
    ///
    /// # Errors
    /// [`Error::NoColumn`] or [`Error::ColumnForm`].
    pub fn integers(&self, column: &str) -> Result<Vec<i64>> {
        Ok(self.integer_vectors(column)?.into_iter().map(|[value]| value).collect())
    }

    /// A column of `N` whole numbers a row.
    ///
    /// # Errors
    /// [`Error::NoColumn`] or [`Error::ColumnForm`].
    pub fn integer_vectors<const N: usize>(&self, column: &str) -> Result<Vec<[i64; N]>> {
        let found = self.column(column, N, b"LBIJK", "whole numbers")?;
        // Whole scalings are those by which FITS stores unsigned numbers; above 2^53 an f64 no longer counts by ones.
        let exact = |value: f64| value.fract() == 0.0 && value.abs() < (1_u64 << 53) as f64;
        if !(exact(found.scale) && exact(found.zero)) {
            return Err(self.wrong_form(found, N, "whole numbers"));
        }
        let (scale, zero) = (found.scale as i64, found.zero as i64);
        Ok(self.cells(found, |bytes| whole(bytes, found.kind).wrapping_mul(scale).wrapping_add(zero)))
    }

    /// A column of one number a row (TFORM B, I, J, K, E or D).
    ///
    /// # Errors
    /// [`Error::NoColumn`] or [`Error::ColumnForm`].
    pub fn floats(&self, column: &str) -> Result<Vec<f64>> {
        Ok(self.float_vectors(column)?.into_iter().map(|[value]| value).collect())
    }

    /// A column of `N` numbers a row.
    ///
    /// # Errors
    /// [`Error::NoColumn`] or [`Error::ColumnForm`].
    pub fn float_vectors<const N: usize>(&self, column: &str) -> Result<Vec<[f64; N]>> {
        let found = self.column(column, N, b"BIJKED", "numbers")?;
        Ok(self.cells(found, |bytes| real(bytes, found.kind) * found.scale + found.zero))
    }

    /// A column of text, without the blanks and zero bytes that fill it.
    ///
    /// # Errors
    /// [`Error::NoColumn`] or [`Error::ColumnForm`].
    pub fn texts(&self, column: &str) -> Result<Vec<String>> {
        let found = self.find(column).ok_or_else(|| self.no_column(column))?;
        if found.kind != b'A' {
            return Err(self.wrong_form(found, 1, "text"));
        }
        let text = |row: &[u8]| {
            let bytes = row[found.offset..].iter().take(found.repeat).copied();
            let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
            String::from_utf8_lossy(&bytes).trim().to_owned()
        };
        Ok(self.bytes.chunks_exact(self.stride.max(1)).map(text).collect())
    }

    /// A column's values, `N` a row, each from its bytes.
    fn cells<T: Copy + Default, const N: usize>(&self, column: &Column, value: impl Fn(&[u8]) -> T) -> Vec<[T; N]> {
        let size = item_bytes(column.kind).unwrap_or(1);
        let cell = |row: &[u8]| {
            let mut values = [T::default(); N];
            for (out, bytes) in values.iter_mut().zip(row[column.offset..].chunks_exact(size)) {
                *out = value(bytes);
            }
            values
        };
        self.bytes.chunks_exact(self.stride.max(1)).map(cell).collect()
    }

    fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    fn column(&self, name: &str, repeat: usize, kinds: &[u8], wanted: &'static str) -> Result<&Column> {
        let found = self.find(name).ok_or_else(|| self.no_column(name))?;
        if kinds.contains(&found.kind) && found.repeat == repeat {
            Ok(found)
        } else {
            Err(self.wrong_form(found, repeat, wanted))
        }
    }

    fn no_column(&self, name: &str) -> Error {
        let available = self.columns.iter().map(|column| column.name.clone()).collect();
        Error::NoColumn { path: self.path.clone(), hdu: self.hdu, column: name.to_owned(), available }
    }

    fn wrong_form(&self, column: &Column, repeat: usize, wanted: &'static str) -> Error {
        let (column, form) = (column.name.clone(), column.form.clone());
        Error::ColumnForm { path: self.path.clone(), hdu: self.hdu, column, form, repeat, wanted }
    }
}

/// A whole number of the size of its bytes, the first the highest; B is unsigned.
fn whole(bytes: &[u8], kind: u8) -> i64 {
    match kind {
        b'L' => i64::from(bytes[0] == b'T'),
        b'B' => i64::from(bytes[0]),
        _ => bytes.iter().fold(if bytes[0] >= 128 { -1 } else { 0 }, |sum, byte| sum << 8 | i64::from(*byte)),
    }
}

/// A number of any kind, from all of its bytes.
fn real(bytes: &[u8], kind: u8) -> f64 {
    match (kind, bytes) {
        (b'E', &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
        (b'D', &[a, b, c, d, e, f, g, h]) => f64::from_be_bytes([a, b, c, d, e, f, g, h]),
        _ => whole(bytes, kind) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_columns_are_read() {
        assert_eq!(parse_form("J"), Some((1, b'J', 4)));
        assert_eq!(parse_form("16D"), Some((16, b'D', 128)));
        assert_eq!(parse_form("11X"), Some((11, b'X', 2)));
        assert_eq!(parse_form("1PE(20)"), Some((1, b'P', 8)));
        for wrong in ["", "8", "3Z", "99999999999999999999J", "9999999999999999999D"] {
            assert_eq!(parse_form(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_of_every_size_keep_their_sign() {
        assert_eq!(whole(&[0xff, 0xfe], b'I'), -2);
        assert_eq!(whole(&[0x00, 0x01, 0x00, 0x02], b'J'), 65_538);
        assert_eq!(whole(&i64::MIN.to_be_bytes(), b'K'), i64::MIN);
        assert_eq!((whole(&[200], b'B'), whole(b"T", b'L'), whole(b"F", b'L')), (200, 1, 0));
    }
}
