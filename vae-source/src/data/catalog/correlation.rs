//! Noise correlation: the files that say how the noise of neighbouring pixels goes together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use lens_models::fits::{Image, read_image};

use super::entry::Entry;
use super::note::Note;
use crate::data::drizzle;
use crate::error::{Error, Result};

/// The file that the COSMOS catalogues of GalSim name. It comes with GalSim, not with the catalogues.
const COSMOS: &str = "acs_I_unrot_sci_20_cf.fits";

/// Gives each galaxy the correlation of its file. Where that does not exist, it is that of drizzled images if it is the one of
/// COSMOS, else none: white noise.
pub(super) fn add(entries: &mut [Entry], files: &[Arc<Path>], notes: &mut Vec<Note>) -> Result<()> {
    let mut known: HashMap<&Path, Option<Arc<Image>>> = HashMap::new();
    for (entry, file) in entries.iter_mut().zip(files) {
        if !known.contains_key(&**file) {
            let image = if file.is_file() {
                Some(read(file)?)
            } else if file.file_name().is_some_and(|name| name == COSMOS) {
                notes.push(Note::OwnCorrelation { path: file.to_path_buf() });
                Some(drizzle::correlation())
            } else {
                notes.push(Note::NoCorrelation { path: file.to_path_buf() });
                None
            };
            known.insert(file, image.map(Arc::new));
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
