//! Ctrl-C: the first asks a fit to end and keep its draws, the second ends the program at once.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::{Failure, Result};

static STOP: AtomicBool = AtomicBool::new(false);

/// The folder that is being written, to be removed if the program ends at once.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A flag that the first Ctrl-C sets.
///
/// # Errors
/// Where the operating system does not allow to listen for it.
pub fn flag() -> Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            if let Some(folder) = UNFINISHED.lock().ok().and_then(|mut folder| folder.take()) {
                // The program ends either way; a hidden folder is all that may be left.
                let _ = std::fs::remove_dir_all(folder);
            }
            std::process::exit(130);
        }
        eprintln!("\nstopping; the draws made so far are kept (Ctrl-C again to end at once)");
    })
    .map_err(Failure::ours)?;
    Ok(&STOP)
}

/// Says which folder is unfinished; none once it has its name.
pub fn unfinished(folder: Option<PathBuf>) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        *unfinished = folder;
    }
}
