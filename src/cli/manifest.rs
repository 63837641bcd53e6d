//! The manifest of a folder: which files in it arclet wrote, and the lock that keeps a second run out.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Result};

/// Its name in the folder.
pub const NAME: &str = ".arclet";

/// The manifest of one folder, locked as long as this lives; the lock of a process that died is free.
#[derive(Debug)]
pub struct Manifest {
    file: File,
    /// Names of files that arclet wrote.
    pub files: Vec<String>,
    /// Whether the folder had none before.
    pub fresh: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Entry {
    arclet: String,
    /// Who wrote last.
    process: u32,
    files: Vec<String>,
}

impl Manifest {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// A folder that another run writes to; what the operating system says.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let failed = |e: &std::io::Error| Failure::io("write", &path, e);
        let fresh = !path.exists();
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(&path).map_err(|e| failed(&e))?;
        let locked = file.try_lock();
        let mut text = String::new();
        // A manifest that cannot be read names nothing.
        let _ = file.read_to_string(&mut text);
        let Entry { process, files, .. } = serde_json::from_str(&text).unwrap_or_default();
        // Where the file system knows no locks there is none to take.
        if matches!(locked, Err(TryLockError::WouldBlock)) {
            return Err(Failure::user(format!(
                "{} is being written by another arclet (process {process}); wait for it, or choose another --out",
                folder.display()
            )));
        }
        let mut manifest = Manifest { file, files: vec![], fresh };
        manifest.set(files, folder)?;
        Ok(manifest)
    }

    /// Says which files there are.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set(&mut self, files: Vec<String>, folder: &Path) -> Result<()> {
        let entry = Entry { arclet: env!("CARGO_PKG_VERSION").to_owned(), process: std::process::id(), files };
        let text = serde_json::to_string(&entry).map_err(Failure::ours)? + "\n";
        // Written in place: a file that is renamed over it would not be locked.
        let written = self.file.rewind().and_then(|()| self.file.write_all(text.as_bytes()));
        let written = written.and_then(|()| self.file.set_len(text.len() as u64));
        written.map_err(|e| Failure::io("write", &folder.join(NAME), &e))?;
        self.files = entry.files;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(folder: &Path) -> std::result::Result<Manifest, String> {
        Manifest::take(folder).map_err(|e| format!("{e:?}"))
    }

    #[test]
    fn a_second_run_is_refused_until_the_first_has_ended() -> std::result::Result<(), String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut first = take(folder.path())?;
        assert!(first.fresh);
        first.set(vec!["a.json".to_owned()], folder.path()).map_err(|e| format!("{e:?}"))?;
        let refused = take(folder.path()).err().unwrap_or_default();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        let second = take(folder.path())?;
        assert!(!second.fresh && second.files == ["a.json"]);
        Ok(())
    }

    #[test]
    fn a_manifest_that_was_cut_short_names_nothing() -> std::result::Result<(), String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        std::fs::write(folder.path().join(NAME), "{\"arclet\": \"0.1").map_err(|e| e.to_string())?;
        assert!(take(folder.path())?.files.is_empty());
        Ok(())
    }
}
