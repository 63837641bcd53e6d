//! NumPy `.npy` images, and the reader that takes either format.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar};

use crate::error::{Error, Result};
use crate::fits::{self, Image, Select};

const MAGIC: &[u8] = b"\x93NUMPY";

/// A 2-d image from a FITS (plain, gzip, tile-compressed) or `.npy` file, told apart by their first bytes.
///
/// # Errors
/// As [`fits::read_image`] and [`read`]; [`Error::UnknownFormat`] for anything else.
pub fn read_any(path: impl AsRef<Path>) -> Result<Image> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|cause| Error::io(path, "read", cause))?;
    if bytes.starts_with(MAGIC) { decode(&bytes, path) } else { fits::decode(&bytes, path, Select::FirstImage) }
}

/// A `.npy` array of two axes `[y][x]`, f4 or f8 of either byte order, C or Fortran order.
///
/// # Errors
/// [`Error::Npy`] if it is missing, truncated or damaged; [`Error::NpyShape`] and [`Error::NpyType`] for other arrays.
pub fn read(path: impl AsRef<Path>) -> Result<Image> {
    let path = path.as_ref();
    decode(&std::fs::read(path).map_err(|cause| Error::io(path, "read", cause))?, path)
}

fn decode(bytes: &[u8], path: &Path) -> Result<Image> {
    let failed = |cause| Error::Npy { path: path.to_owned(), cause };
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(failed)?;
    let &[height, width] = header.shape() else {
        return Err(Error::NpyShape { path: path.to_owned(), shape: header.shape().to_vec() });
    };
    let dtype = header.dtype();
    let item = match &dtype {
        DType::Plain(kind) if kind.type_char() == TypeChar::Float => kind.size_field(),
        _ => 0,
    };
    if !matches!(item, 4 | 8) {
        return Err(Error::NpyType { path: path.to_owned(), dtype: dtype.descr() });
    }
    // The shape is believed only once the file is seen to hold that much.
    let needed = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(item));
    if needed.is_none_or(|needed| needed > data.len() as u64) {
        let needed = needed.map_or_else(|| "too many".to_owned(), |needed| needed.to_string());
        let message =
            format!("the file is truncated: {height} x {width} values need {needed} bytes, it has {}", data.len());
        return Err(failed(IoError::new(ErrorKind::UnexpectedEof, message)));
    }
    let order = header.order();
    let file = NpyFile::with_header(header, data);
    let values = match item {
        4 => file.into_vec::<f32>().map_err(failed)?,
        _ => file.into_vec::<f64>().map_err(failed)?.into_iter().map(|value| value as f32).collect(),
    };
    let (width, height) = (width as usize, height as usize);
    let pixels = match order {
        Order::C => values,
        Order::Fortran => (0..height * width).map(|i| values[(i % width) * height + i / width]).collect(),
    };
    Image::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use npyz::WriterBuilder;

    use super::*;

    fn saved<T: npyz::AutoSerialize>(shape: &[u64], order: Order, values: Vec<T>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let options = npyz::WriteOptions::new().default_dtype().shape(shape).order(order);
        let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
        writer.extend(values).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn both_orders_and_both_widths_give_the_same_image() {
        let expected = Image::new(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let c = saved(&[2, 3], Order::C, vec![1f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let fortran = saved(&[2, 3], Order::Fortran, vec![1f64, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(decode(&c, Path::new("c.npy")).unwrap(), expected);
        assert_eq!(decode(&fortran, Path::new("f.npy")).unwrap(), expected);
    }

    #[test]
    fn other_arrays_are_refused_by_name() {
        let path = Path::new("a.npy");
        let cube = saved(&[1, 2, 2], Order::C, vec![0f32; 4]);
        assert!(matches!(decode(&cube, path), Err(Error::NpyShape { shape, .. }) if shape == [1, 2, 2]));
        let integers = saved(&[2, 2], Order::C, vec![0i32; 4]);
        assert!(decode(&integers, path).unwrap_err().to_string().contains("float32"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = saved(&[4, 3], Order::C, vec![1f64; 12]);
        for length in 0..whole.len() {
            assert!(matches!(decode(&whole[..length], Path::new("a.npy")), Err(Error::Npy { .. })), "{length} bytes");
        }
    }
}
