//! NumPy `.npy` images.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use half::f16;
use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar};

use crate::error::{Error, Result};
use crate::fits::Image;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Whether these are the bytes of a `.npy` file.
pub(crate) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// A `.npy` array of two axes `[y][x]`, floats (half ones too), integers or booleans (1 and 0) of either byte order, C or Fortran order.
///
/// # Errors
/// [`Error::Npy`] if it is missing, truncated or damaged; [`Error::NpyShape`] and [`Error::NpyType`] for other arrays.
pub fn read(path: impl AsRef<Path>) -> Result<Image> {
    let path = path.as_ref();
    decode(&std::fs::read(path).map_err(|cause| Error::io(path, "read", cause))?, path)
}

pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Image> {
    let failed = |cause| Error::Npy { path: path.to_owned(), cause };
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(failed)?;
    let &[height, width] = header.shape() else {
        return Err(Error::NpyShape { path: path.to_owned(), shape: header.shape().to_vec() });
    };
    let dtype = header.dtype();
    let (kind, item) = match &dtype {
        DType::Plain(kind) => (kind.type_char(), kind.size_field()),
        _ => (TypeChar::RawData, 0),
    };
    let Some(values) = reader(kind, item) else {
        return Err(Error::NpyType { path: path.to_owned(), dtype: dtype.descr() });
    };
    // The shape is believed only once the file is seen to hold that much.
    let needed = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(item));
    if needed.is_none_or(|needed| needed > data.len() as u64) {
        let needed = needed.map_or_else(|| "too many".to_owned(), |needed| needed.to_string());
        let message =
            format!("the file is truncated: {height} x {width} values need {needed} bytes, it has {}", data.len());
        return Err(failed(IoError::new(ErrorKind::UnexpectedEof, message)));
    }
    let order = header.order();
    let values = values(NpyFile::with_header(header, data)).map_err(failed)?;
    let (width, height) = (width as usize, height as usize);
    let pixels = match order {
        Order::C => values,
        Order::Fortran => (0..height * width).map(|i| values[(i % width) * height + i / width]).collect(),
    };
    Image::new(width, height, pixels)
}

/// Reads the numbers of a file.
type Reader = fn(NpyFile<&[u8]>) -> std::io::Result<Vec<f32>>;

/// What reads elements of this kind and so many bytes.
fn reader(kind: TypeChar, bytes: u64) -> Option<Reader> {
    /// Numbers of a type that is cast to f32.
    macro_rules! cast {
        ($type:ty) => {
            Some(|file| Ok(file.into_vec::<$type>()?.into_iter().map(|value| value as f32).collect()))
        };
    }
    match (kind, bytes) {
        (TypeChar::Float, 2) => Some(|file| Ok(file.into_vec::<f16>()?.into_iter().map(f16::to_f32).collect())),
        (TypeChar::Float, 4) => Some(|file| file.into_vec::<f32>()),
        (TypeChar::Float, 8) => cast!(f64),
        (TypeChar::Bool, 1) => {
            Some(|file| Ok(file.into_vec::<bool>()?.into_iter().map(|v| f32::from(u8::from(v))).collect()))
        }
        (TypeChar::Int, 1) => cast!(i8),
        (TypeChar::Int, 2) => cast!(i16),
        (TypeChar::Int, 4) => cast!(i32),
        (TypeChar::Int, 8) => cast!(i64),
        (TypeChar::Uint, 1) => cast!(u8),
        (TypeChar::Uint, 2) => cast!(u16),
        (TypeChar::Uint, 4) => cast!(u32),
        (TypeChar::Uint, 8) => cast!(u64),
        _ => None,
    }
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
    fn integers_and_booleans_are_read_as_numbers() {
        let read = |bytes: &[u8]| decode(bytes, Path::new("a.npy")).unwrap().pixels;
        assert_eq!(read(&saved(&[1, 2], Order::C, vec![true, false])), [1.0, 0.0]);
        assert_eq!(read(&saved(&[1, 2], Order::C, vec![-3i16, 7])), [-3.0, 7.0]);
        assert_eq!(read(&saved(&[1, 2], Order::C, vec![200u8, 0])), [200.0, 0.0]);
        assert_eq!(read(&saved(&[1, 2], Order::C, vec![1i64 << 20, -1])), [1_048_576.0, -1.0]);
        assert_eq!(read(&saved(&[1, 2], Order::C, [0.5, -1024.0].map(f16::from_f32).to_vec())), [0.5, -1024.0]);
    }

    #[test]
    fn other_arrays_are_refused_by_name() {
        let path = Path::new("a.npy");
        let cube = saved(&[1, 2, 2], Order::C, vec![0f32; 4]);
        assert!(matches!(decode(&cube, path), Err(Error::NpyShape { shape, .. }) if shape == [1, 2, 2]));
        let header = "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }";
        let padded = format!("{header:<117}\n");
        let complex = [&b"\x93NUMPY\x01\x00\x76\x00"[..], padded.as_bytes(), &[0; 32]].concat();
        assert!(decode(&complex, path).unwrap_err().to_string().contains("float32"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = saved(&[4, 3], Order::C, vec![1f64; 12]);
        for length in 0..whole.len() {
            assert!(matches!(decode(&whole[..length], Path::new("a.npy")), Err(Error::Npy { .. })), "{length} bytes");
        }
    }
}
