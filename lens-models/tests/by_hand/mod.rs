//! FITS files made by hand, card by card.

use fitsio_pure::bintable::{BinaryColumnData, BinaryColumnDescriptor, BinaryColumnType, serialize_binary_table_hdu};

/// A FITS file made by hand: cards, END, padding, data, padding.
pub fn raw_fits(cards: &[String], data: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = cards.iter().flat_map(|card| format!("{card:<80}").into_bytes()).collect();
    bytes.extend(format!("{:<80}", "END").bytes());
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    bytes
}

/// The cards of a primary HDU.
pub fn primary(bitpix: i64, axes: &[usize], more: &[&str]) -> Vec<String> {
    let mut cards = vec!["SIMPLE  =                    T".to_owned(), format!("BITPIX  = {bitpix:>20}")];
    cards.push(format!("NAXIS   = {:>20}", axes.len()));
    cards.extend(axes.iter().enumerate().map(|(i, n)| format!("{:<8}= {n:>20}", format!("NAXIS{}", i + 1))));
    cards.extend(more.iter().map(|card| (*card).to_owned()));
    cards
}

/// A file whose HDU 1 is a table of three rows: IDENT, MAG, `fit_status` (2 a row), NAME, FLAG.
pub fn with_table() -> Vec<u8> {
    use {BinaryColumnData as Data, BinaryColumnType as Type};
    let column = |name: &str, repeat: usize, col_type: Type, bytes: usize| BinaryColumnDescriptor {
        name: Some(name.to_owned()),
        repeat,
        col_type,
        byte_width: repeat * bytes,
        tdim: None,
    };
    let columns = [
        column("IDENT", 1, Type::Int, 4),
        column("MAG", 1, Type::Double, 8),
        column("fit_status", 2, Type::Short, 2),
        column("NAME", 8, Type::Ascii, 1),
        column("FLAG", 1, Type::Logical, 1),
    ];
    let data = [
        Data::Int(vec![-7, 100_027, i32::MAX]),
        Data::Double(vec![20.913, f64::NAN, -1e300]),
        Data::Short(vec![1, 0, -3, 5, 7, 8]),
        Data::Ascii(["a.fits", "", "12345678"].map(str::to_owned).to_vec()),
        Data::Logical(vec![true, false, true]),
    ];
    [raw_fits(&primary(8, &[], &[]), &[]), serialize_binary_table_hdu(&columns, &data, 3).unwrap()].concat()
}
