//! Ctrl-C: a fit is asked to end and keep its draws, and a second one ends it; anything else ends at once and leaves nothing.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::failure::{Failure, Result};

static STOP: AtomicBool = AtomicBool::new(false);

/// The folder that is being written, to be removed if the program ends at once.
static UNFINISHED: Mutex<Option<Unfinished>> = Mutex::new(None);

/// A folder without its name yet.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// Where it is written for now.
    pub temporary: PathBuf,
    /// Parents that were made for it, the innermost first.
    pub made: Vec<PathBuf>,
}

impl Unfinished {
    /// Takes it away with all that was made for it.
    pub fn remove(&self) {
        // There is another error to tell; a leftover is only untidy.
        let _ = std::fs::remove_dir_all(&self.temporary);
        for parent in &self.made {
            let _ = std::fs::remove_dir(parent);
        }
    }
}

/// A flag that the first Ctrl-C sets.
///
/// # Errors
/// Where the operating system does not allow to listen for it.
pub fn flag() -> Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            end();
        }
        eprintln!("\nstopping; what was found so far is kept (Ctrl-C again to end at once)");
    })
    .map_err(Failure::ours)?;
    Ok(&STOP)
}

/// From now on the first Ctrl-C ends the program.
///
/// # Errors
/// Where the operating system does not allow to listen for it.
pub fn at_once() -> Result<()> {
    ctrlc::set_handler(|| {
        // A progress line may stand where this goes.
        let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        eprintln!("{clear}error: stopped; nothing is written");
        end();
    })
    .map_err(Failure::ours)
}

/// Removes the unfinished folder and ends the program. The lock is never given back, so that nothing else can be said or
/// renamed meanwhile.
fn end() -> ! {
    let mut held = unfinished();
    if let Some(folder) = held.as_mut() {
        // Under another name first: what is still being written would otherwise appear in it while it is removed.
        let away = folder.temporary.with_extension("away");
        if std::fs::rename(&folder.temporary, &away).is_ok() {
            folder.temporary = away;
        }
        folder.remove();
    }
    std::process::exit(130);
}

/// The folder that is unfinished; while this is held, Ctrl-C waits.
pub fn unfinished() -> MutexGuard<'static, Option<Unfinished>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
