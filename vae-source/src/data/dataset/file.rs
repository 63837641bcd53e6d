//! The file of a set of galaxies; the only place that knows the safetensors crate.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ppl_core::atomic;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::{Map, Value as Json, json};

use super::set::Dataset;
use crate::data::{Galaxy, Split};
use crate::error::{Error, Result};

/// What the file says it is.
const FORMAT: &str = "arclet-galaxies 1";
/// The header begins behind its own length, a u64.
const LENGTH: u64 = 8;
/// The longest header that safetensors readers accept, in bytes.
const LONGEST: u64 = 100_000_000;

impl Dataset {
    /// Writes one safetensors file, beside its place first and renamed into it when whole.
    ///
    /// Tensors: `images` f32 `[n, side, side]` (`[y][x]`, (0, 0) at the bottom left), `sigma` f32 `[n]` (standard deviation of
    /// the noise of a pixel, in the unit of the images), `split` u8 `[n]` (0 training, 1 test, 2 validation), `pixel_scale`
    /// f64 `[n]` (arcsec), `ident` i64 `[n]`. Metadata: `format`, and `provenance` as JSON. The same set gives the same bytes.
    ///
    /// # Errors
    /// As [`Dataset::check`]; what the operating system says.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        write(self, path.as_ref())
    }

    /// Reads what [`Dataset::write`] wrote, bit for bit.
    ///
    /// # Errors
    /// [`Error::Io`]; else [`Error::InFile`], which names the file, around [`Error::NotSafetensors`], [`Error::DatasetHeader`],
    /// [`Error::DatasetLength`], [`Error::DatasetFormat`], [`Error::Provenance`], [`Error::MissingTensor`],
    /// [`Error::WrongTensor`], [`Error::UnknownSplit`] or what [`Dataset::check`] returns.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = read(path).and_then(|dataset| dataset.check().map(|()| dataset));
        read.map_err(|cause| match cause {
            io @ Error::Io { .. } => io,
            cause => Error::InFile { path: path.to_owned(), cause: Box::new(cause) },
        })
    }
}

/// Writes the set, whole or not at all.
fn write(dataset: &Dataset, path: &Path) -> Result<()> {
    let header = header(dataset)?;
    atomic::replace(path, |out| write_all(dataset, &header, out)).map_err(|cause| Error::Io {
        path: path.to_owned(),
        action: "write",
        cause,
    })
}

/// The header, padded to 8 bytes. It is put together here because the crate writes metadata in an order that changes from run
/// to run, and the same set is to give the same bytes.
fn header(dataset: &Dataset) -> Result<Vec<u8>> {
    let unreadable = |cause| Error::Provenance { cause };
    let provenance = serde_json::to_string(&dataset.provenance).map_err(unreadable)?;
    let (n, side) = (dataset.galaxies.len(), dataset.galaxies.first().map_or(0, |galaxy| galaxy.side));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": FORMAT, "provenance": provenance }));
    let mut begin = 0;
    // The largest elements first, so that all are aligned; `write_all` has the same order.
    for (name, dtype, shape) in [
        ("ident", Dtype::I64, vec![n]),
        ("pixel_scale", Dtype::F64, vec![n]),
        ("images", Dtype::F32, vec![n, side, side]),
        ("sigma", Dtype::F32, vec![n]),
        ("split", Dtype::U8, vec![n]),
    ] {
        let end = begin + shape.iter().product::<usize>() * (dtype.bitsize() / 8);
        let info = TensorInfo { dtype, shape, data_offsets: (begin, end) };
        header.insert(name.to_owned(), serde_json::to_value(info).map_err(unreadable)?);
        begin = end;
    }
    let mut bytes = Json::Object(header).to_string().into_bytes();
    bytes.resize(bytes.len().next_multiple_of(LENGTH as usize), b' ');
    Ok(bytes)
}

fn write_all(dataset: &Dataset, header: &[u8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header)?;
    let galaxies = &dataset.galaxies;
    galaxies.iter().try_for_each(|galaxy| out.write_all(&galaxy.ident.to_le_bytes()))?;
    galaxies.iter().try_for_each(|galaxy| out.write_all(&galaxy.pixel_scale.to_le_bytes()))?;
    for galaxy in galaxies {
        galaxy.pixels.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))?;
    }
    galaxies.iter().try_for_each(|galaxy| out.write_all(&galaxy.sigma_noise.to_le_bytes()))?;
    dataset.splits.iter().try_for_each(|split| out.write_all(&[*split as u8]))
}

/// Reads a set; errors other than [`Error::Io`] do not name the file.
fn read(path: &Path) -> Result<Dataset> {
    let failed = |cause| Error::Io { path: path.to_owned(), action: "read", cause };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut file = Reader { file: BufReader::new(file), path, data: 0 };
    let metadata = file.header(length)?;
    let empty = Default::default();
    let words = metadata.metadata().as_ref().unwrap_or(&empty);
    let format = words.get("format");
    if format.map(String::as_str) != Some(FORMAT) {
        return Err(Error::DatasetFormat { found: format.cloned(), wanted: FORMAT });
    }
    let provenance = words.get("provenance").map_or("", String::as_str);
    let provenance = serde_json::from_str(provenance).map_err(|cause| Error::Provenance { cause })?;

    let images = tensor(&metadata, "images")?;
    let (n, side) = match (images.dtype, images.shape.as_slice()) {
        (Dtype::F32, &[n, side, width]) if side == width => (n, side),
        _ => return Err(wrong("images", images, "F32 [n, side, side]".to_owned())),
    };
    let idents = file.column(&metadata, "ident", Dtype::I64, n, i64::from_le_bytes)?;
    let scales = file.column(&metadata, "pixel_scale", Dtype::F64, n, f64::from_le_bytes)?;
    let sigmas = file.column(&metadata, "sigma", Dtype::F32, n, f32::from_le_bytes)?;
    let codes = file.column(&metadata, "split", Dtype::U8, n, |[code]| code)?;

    let mut galaxies = Vec::with_capacity(n);
    // Offset and size were held against the length of the file.
    let mut bytes = vec![0; images.data_offsets.1.saturating_sub(images.data_offsets.0) / n.max(1)];
    file.seek(images)?;
    for ((ident, pixel_scale), sigma_noise) in idents.iter().zip(scales).zip(sigmas) {
        file.file.read_exact(&mut bytes).map_err(failed)?;
        let pixels = numbers(&bytes, f32::from_le_bytes).collect();
        galaxies.push(Galaxy { ident: *ident, side, pixels, sigma_noise, pixel_scale });
    }
    let split = |(index, code): (usize, u8)| {
        let unknown = Error::UnknownSplit { index, ident: idents[index], code };
        Split::ALL.get(usize::from(code)).copied().ok_or(unknown)
    };
    let splits = codes.into_iter().enumerate().map(split).collect::<Result<_>>()?;
    Ok(Dataset { galaxies, splits, provenance })
}

fn tensor<'m>(metadata: &'m Metadata, name: &'static str) -> Result<&'m TensorInfo> {
    metadata.info(name).ok_or(Error::MissingTensor { tensor: name })
}

fn wrong(tensor: &'static str, got: &TensorInfo, expected: String) -> Error {
    Error::WrongTensor { tensor, got: format!("{} {:?}", got.dtype, got.shape), expected }
}

/// Little-endian numbers of `N` bytes each.
fn numbers<const N: usize, T>(bytes: &[u8], number: fn([u8; N]) -> T) -> impl Iterator<Item = T> {
    bytes.as_chunks::<N>().0.iter().map(move |chunk| number(*chunk))
}

/// A file whose tensors begin at `data`.
struct Reader<'p> {
    file: BufReader<File>,
    path: &'p Path,
    data: u64,
}

impl Reader<'_> {
    fn failed(&self, cause: io::Error) -> Error {
        Error::Io { path: self.path.to_owned(), action: "read", cause }
    }

    /// The header, held against the length of the file before anything is allocated for what it promises.
    fn header(&mut self, length: u64) -> Result<Metadata> {
        let mut start = vec![];
        (&mut self.file).take(LENGTH + 1).read_to_end(&mut start).map_err(|cause| self.failed(cause))?;
        let Some((&size, b"{")) = start.split_first_chunk::<8>() else { return Err(Error::NotSafetensors) };
        let size = u64::from_le_bytes(size);
        if !(1..=LONGEST).contains(&size) {
            return Err(Error::NotSafetensors);
        }
        self.data = LENGTH + size;
        if self.data > length {
            return Err(Error::DatasetLength { needed: self.data, found: length });
        }
        let mut header = vec![b'{'; size as usize];
        self.file.read_exact(&mut header[1..]).map_err(|cause| self.failed(cause))?;
        let metadata: Metadata = serde_json::from_slice(&header).map_err(|cause| Error::DatasetHeader { cause })?;
        let needed = self.data.saturating_add(metadata.data_len() as u64);
        if needed != length {
            return Err(Error::DatasetLength { needed, found: length });
        }
        Ok(metadata)
    }

    fn seek(&mut self, info: &TensorInfo) -> Result<()> {
        let place = SeekFrom::Start(self.data + info.data_offsets.0 as u64);
        self.file.seek(place).map(drop).map_err(|cause| self.failed(cause))
    }

    /// One number a galaxy.
    fn column<const N: usize, T>(
        &mut self,
        metadata: &Metadata,
        name: &'static str,
        dtype: Dtype,
        n: usize,
        number: fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        let info = tensor(metadata, name)?;
        if info.dtype != dtype || info.shape != [n] {
            return Err(wrong(name, info, format!("{dtype} [{n}]")));
        }
        self.seek(info)?;
        let mut bytes = vec![0; info.data_offsets.1 - info.data_offsets.0];
        self.file.read_exact(&mut bytes).map_err(|cause| self.failed(cause))?;
        Ok(numbers(&bytes, number).collect())
    }
}
