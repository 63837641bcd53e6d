//! --quiet and --log: what is not shown, and what is written to a file as well, each line with its time.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

static QUIET: AtomicBool = AtomicBool::new(false);
static FILE: Mutex<Option<File>> = Mutex::new(None);

/// Sets both for the whole program; lines are added to a file that exists.
///
/// # Errors
/// A file that cannot be written.
pub fn set(quiet: bool, path: Option<&Path>) -> io::Result<()> {
    QUIET.store(quiet, Ordering::Relaxed);
    if let Some(path) = path {
        let file = File::options().append(true).create(true).open(path)?;
        if let Ok(mut held) = FILE.lock() {
            *held = Some(file);
        }
        line(&format!(
            "arclet {}: {}",
            env!("CARGO_PKG_VERSION"),
            std::env::args().skip(1).collect::<Vec<_>>().join(" ")
        ));
    }
    Ok(())
}

/// Whether neither progress nor reports are wanted.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes a line to the file, if there is one.
pub fn line(text: &str) {
    let Ok(mut held) = FILE.lock() else { return };
    if let Some(file) = held.as_mut() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        // A log that can no longer be written must not end a fit.
        let _ = writeln!(file, "{} {text}", utc(now));
    }
}

/// A time in seconds since 1970 as `2026-01-31T12:00:00Z`.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's days-to-date, on years that begin in March.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z", year + era * 400 + carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_735_689_600), "2025-01-01T00:00:00Z");
    }
}
