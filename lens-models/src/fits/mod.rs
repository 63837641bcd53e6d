//! FITS files in and out: images, tables, and files of many images; the only place that knows the FITS crate.

mod file;
mod header;
mod header_cards;
mod image;
mod table;
mod write;

pub use file::FitsFile;
pub use header_cards::{Header, decode_header};
pub use image::{Image, Select, decode, read_hdu, read_image};
pub use table::{Table, read_table};
pub use write::{HeaderCard, HeaderValue, NamedImage, write_images};
