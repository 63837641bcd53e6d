//! Image files: FITS or `.npy` by their first bytes, and the HDU that a path may name, as in `image.fits[SCI]`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fits::{self, Header, Image, Select};
use crate::npy;

/// A 2-d image from a FITS (plain, gzip, tile-compressed) or `.npy` file. `name.fits[SCI]` is the HDU with that EXTNAME,
/// `name.fits[2]` the one with that number, `name.fits` the first that holds an image.
///
/// # Errors
/// As [`fits::read_hdu`] and [`npy::read`]; [`Error::UnknownFormat`] for anything else.
pub fn read_image(path: impl AsRef<Path>) -> Result<Image> {
    let (path, select) = named(path.as_ref());
    let bytes = std::fs::read(&path).map_err(|cause| Error::io(&path, "read", cause))?;
    match select {
        None if npy::is_npy(&bytes) => npy::decode(&bytes, &path),
        select => fits::decode(&bytes, &path, select.as_ref().map_or(Select::FirstImage, Extension::select)),
    }
}

/// The header of that image; none for a `.npy` file.
///
/// # Errors
/// As [`read_image`].
pub fn read_header(path: impl AsRef<Path>) -> Result<Option<Header>> {
    let (path, select) = named(path.as_ref());
    let bytes = std::fs::read(&path).map_err(|cause| Error::io(&path, "read", cause))?;
    if npy::is_npy(&bytes) {
        return Ok(None);
    }
    fits::decode_header(&bytes, &path, select.as_ref().map_or(Select::FirstImage, Extension::select)).map(Some)
}

/// An HDU that a path names.
enum Extension {
    Name(String),
    Number(usize),
}

impl Extension {
    fn select(&self) -> Select<'_> {
        match self {
            Extension::Name(name) => Select::Name(name),
            Extension::Number(number) => Select::Index(*number),
        }
    }
}

/// The file and the HDU of `file[HDU]`; a file whose own name ends so is taken as it is.
fn named(path: &Path) -> (PathBuf, Option<Extension>) {
    let parts = path.to_str().and_then(|text| text.strip_suffix(']')).and_then(|text| text.rsplit_once('['));
    match parts {
        Some((file, hdu)) if !path.exists() => {
            let hdu = hdu.trim();
            let extension = hdu.parse().map_or_else(|_| Extension::Name(hdu.to_owned()), Extension::Number);
            (PathBuf::from(file), Some(extension))
        }
        _ => (path.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fits::{NamedImage, write_images};

    #[test]
    fn a_path_names_an_extension_by_its_name_or_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("many.fits");
        let images = [1.0, 2.0, 3.0].map(|value| Image::new(1, 1, vec![value]).unwrap());
        let named: Vec<_> = ["PRIMARY", "SCI", "ERR"].into_iter().zip(&images).collect();
        let named: Vec<_> = named.into_iter().map(|(name, image)| NamedImage { name, image, cards: vec![] }).collect();
        write_images(&path, &named).unwrap();
        let value = |suffix: &str| read_image(format!("{}{suffix}", path.display())).map(|image| image.pixels[0]);
        assert_eq!([value("").unwrap(), value("[sci]").unwrap(), value("[2]").unwrap()], [1.0, 2.0, 3.0]);
        let error = value("[DQ]").unwrap_err().to_string();
        assert!(error.contains("has no HDU DQ; it has HDU 0 `PRIMARY`"), "{error}");
        assert!(matches!(value("[7]"), Err(Error::NoSuchHdu { .. })));
        // A file that is called so.
        let odd = folder.path().join("odd.fits[SCI]");
        std::fs::copy(&path, &odd).unwrap();
        assert_eq!(read_image(&odd).unwrap().pixels, [1.0]);
        assert!(matches!(read_image(folder.path().join("none.fits[SCI]")), Err(Error::MissingFile { .. })));
    }
}
