//! Ctrl-C: while a run listens, the first one asks it to end and keep its draws; a second, or one while none runs, ends the program.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a program killed by Ctrl-C returns in a shell.
const EXIT_CODE: i32 = 130;

static STOP: AtomicBool = AtomicBool::new(false);
static LISTENERS: AtomicUsize = AtomicUsize::new(0);
static INSTALL: Once = Once::new();

/// A run that ends at Ctrl-C, as long as this lives.
#[derive(Debug)]
pub struct Listener(());

/// Begins to listen. A program that has a Ctrl-C handler of its own keeps it: this flag is then never set.
pub fn listen() -> Listener {
    INSTALL.call_once(|| {
        // An error means that the program handles Ctrl-C itself.
        let _ = ctrlc::try_set_handler(on_ctrl_c);
    });
    if LISTENERS.fetch_add(1, Ordering::SeqCst) == 0 {
        STOP.store(false, Ordering::SeqCst);
    }
    Listener(())
}

fn on_ctrl_c() {
    if LISTENERS.load(Ordering::SeqCst) == 0 || STOP.swap(true, Ordering::SeqCst) {
        std::process::exit(EXIT_CODE);
    }
    eprintln!("\nstopping; what was found so far is kept (Ctrl-C again to end at once)");
}

impl Listener {
    /// The flag that Ctrl-C sets.
    pub fn flag(&self) -> &'static AtomicBool {
        &STOP
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::SeqCst);
    }
}
