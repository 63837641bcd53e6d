//! Noise correlation: the files that say how the noise of neighbouring pixels goes together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use lens_models::fits::{Image, read_image};

use super::{Entry, Note};
use crate::error::{Error, Result};

/// Gives each galaxy the correlation of its file; those of files that do not exist have white noise.
pub(super) fn add(entries: &mut [Entry], files: &[Arc<Path>], notes: &mut Vec<Note>) -> Result<()> {
    let mut known: HashMap<&Path, Option<Arc<Image>>> = HashMap::new();
    for (entry, file) in entries.iter_mut().zip(files) {
        if !known.contains_key(&**file) {
            let image = if file.is_file() { Some(Arc::new(read(file)?)) } else { None };
            if image.is_none() {
                notes.push(Note::NoCorrelation { path: file.to_path_buf() });
            }
            known.insert(file, image);
        }
        entry.correlation = known.get(&**file).cloned().flatten();
    }
    Ok(())
}

/// A correlation function, divided by the variance at its centre.
fn read(path: &Path) -> Result<Image> {
    let mut image = read_image(path)?;
    let (width, height) = image.size();
    let variance = image.pixels[height / 2 * width + width / 2];
    let finite = image.pixels.iter().all(|pixel| pixel.is_finite());
    if width % 2 == 0 || height % 2 == 0 || !finite || variance <= 0.0 {
        return Err(Error::BadCorrelation { path: path.to_owned(), width, height, variance });
    }
    image.pixels.iter_mut().for_each(|pixel| *pixel /= variance);
    Ok(image)
}
