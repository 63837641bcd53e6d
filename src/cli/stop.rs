//! Ctrl-C and SIGTERM: a fit is asked to end and keep its draws, or, while it searches, ended within a second; anything else ends at once.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arclet::infer::observer::Observer;

use super::failure::{Failure, Result};

static STOP: AtomicBool = AtomicBool::new(false);

/// Whether there are no draws yet, so that a fit has nothing to keep but its journal.
static SEARCHING: AtomicBool = AtomicBool::new(true);

/// Set by whoever says that the program was stopped.
static SAID: AtomicBool = AtomicBool::new(false);

/// What the journal is good for, if there is one.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// The folder that is being written, to be removed if the program ends at once.
static UNFINISHED: Mutex<Option<Unfinished>> = Mutex::new(None);

/// How long a search has to end in order: its round, and the journal.
const PATIENCE: Duration = Duration::from_millis(700);

/// A folder without its files yet.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// Where they are written for now.
    pub work: PathBuf,
    /// The manifest, if it was made for them.
    pub list: Option<PathBuf>,
    /// Folders that were made for them, the innermost first.
    pub made: Vec<PathBuf>,
}

impl Unfinished {
    /// Takes it away with all that was made for it.
    pub fn remove(&self) {
        // There is another error to tell; a leftover is only untidy.
        let _ = std::fs::remove_dir_all(&self.work);
        if let Some(list) = &self.list {
            let _ = std::fs::remove_file(list);
        }
        for folder in &self.made {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Knows from the stages of a fit whether there are draws to keep.
pub struct Stages;

impl Observer for Stages {
    fn on_stage(&mut self, name: &'static str) {
        SEARCHING.store(name != "sampling", Ordering::Relaxed);
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
        // A round of a search, or what lies between two, may take long; its journal is on disk.
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
            if SEARCHING.load(Ordering::Relaxed) {
                end();
            }
        });
    })
    .map_err(Failure::ours)?;
    Ok(&STOP)
}

/// From now on a program that is ended says how to go on.
pub fn is_kept(how: String) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
}

/// The failure of a program that was stopped, which is told once.
pub fn stopped() -> Failure {
    if SAID.swap(true, Ordering::SeqCst) {
        // Another thread has told it and ends the program.
        loop {
            std::thread::park();
        }
    }
    Failure::interrupt(&line())
}

fn line() -> String {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    kept.unwrap_or_else(|| "stopped; nothing is written".to_owned())
}

/// From now on the first Ctrl-C ends the program.
///
/// # Errors
/// Where the operating system does not allow to listen for it.
pub fn at_once() -> Result<()> {
    ctrlc::set_handler(|| end()).map_err(Failure::ours)
}

/// Removes the unfinished folder and ends the program. The lock is never given back, so that nothing else can be said or
/// renamed meanwhile.
fn end() -> ! {
    let mut held = unfinished();
    if !SAID.swap(true, Ordering::SeqCst) {
        // A progress line may stand where this goes.
        let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        eprintln!("{clear}error: {}", line());
    }
    if let Some(folder) = held.as_mut() {
        // Under another name first: what is still being written would otherwise appear in it while it is removed.
        let away = folder.work.with_extension("away");
        if std::fs::rename(&folder.work, &away).is_ok() {
            folder.work = away;
        }
        folder.remove();
    }
    std::process::exit(130);
}

/// The folder that is unfinished; while this is held, Ctrl-C waits.
pub fn unfinished() -> MutexGuard<'static, Option<Unfinished>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
