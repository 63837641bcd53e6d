//! The folder of a command's results: written beside its place, renamed into it when whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Result};
use super::stop::{Unfinished, unfinished};

/// A folder in the making. Dropped before [`Folder::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Folder {
    place: PathBuf,
    /// What to take away on the way out; none once it has its name.
    unfinished: Option<Unfinished>,
    temporary: PathBuf,
}

impl Folder {
    /// Begins a folder at `place`.
    ///
    /// # Errors
    /// A place that is taken, unless `force` allows to replace it; one that holds an input, the current folder, or folders
    /// of its own, which arclet never writes; a place that cannot be written.
    pub fn begin(place: &Path, force: bool, inputs: &[&Path]) -> Result<Self> {
        let shown = place.display();
        let Some(name) = place.file_name() else {
            return Err(Failure::user(format!("{shown} cannot be replaced; give --out a folder of its own")));
        };
        if fs::symlink_metadata(place).is_ok() {
            if !force {
                return Err(Failure::user(format!("{shown} exists already; choose another --out or add --force")));
            }
            check_replaceable(place, inputs)?;
        }
        let parent = match place.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let made: Vec<PathBuf> = parent.ancestors().take_while(|p| !p.exists()).map(Path::to_owned).collect();
        let temporary = parent.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let begun = Some(Unfinished { temporary: temporary.clone(), made });
        *unfinished() = begun.clone();
        let folder = Folder { place: place.to_owned(), unfinished: begun, temporary };
        fs::create_dir_all(&folder.temporary).map_err(|e| Failure::io("make the folder", place, &e))?;
        Ok(folder)
    }

    /// Where to write for now.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Writes one file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.temporary.join(name), bytes).map_err(|e| Failure::io("write", &self.place.join(name), &e))
    }

    /// Puts the folder in its place.
    ///
    /// # Errors
    /// What the operating system says; an older folder is then still there.
    pub fn finish(mut self) -> Result<()> {
        // Between the two renames nothing may end the program.
        let mut stoppable = unfinished();
        let failed = |e: &io::Error| Failure::io("write", &self.place, e);
        let old = self.temporary.with_extension("old");
        let replaces = fs::symlink_metadata(&self.place).is_ok();
        if replaces {
            fs::rename(&self.place, &old).map_err(|e| failed(&e))?;
        }
        if let Err(error) = fs::rename(&self.temporary, &self.place) {
            if replaces {
                // The error to tell is the first one.
                let _ = fs::rename(&old, &self.place);
            }
            return Err(failed(&error));
        }
        (*stoppable, self.unfinished) = (None, None);
        drop(stoppable);
        if replaces {
            let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
            removed.map_err(|e| Failure::io("remove", &old, &e))?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.unfinished.take() {
            let mut stoppable = unfinished();
            folder.remove();
            *stoppable = None;
        }
    }
}

/// `--force` may not take away what the command reads, where it runs, or what is plainly no folder of arclet's.
fn check_replaceable(place: &Path, inputs: &[&Path]) -> Result<()> {
    let shown = place.display();
    let refuse = |why: String| Err(Failure::user(format!("{shown} {why}; choose another --out")));
    let entries = fs::read_dir(place).map_err(|e| Failure::io("replace", place, &e))?;
    if entries.flatten().any(|entry| entry.path().is_dir()) {
        return refuse("has folders inside, which arclet did not write".to_owned());
    }
    let Ok(place) = place.canonicalize() else { return Ok(()) };
    let holds = |path: &Path| path.canonicalize().is_ok_and(|path| path.starts_with(&place));
    match inputs.iter().find(|input| holds(input)) {
        Some(input) => refuse(format!("holds {}, which is read", input.display())),
        None if holds(Path::new(".")) => refuse("is the current folder".to_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(result: Result<Folder>) -> String {
        result.map_or_else(|e| format!("{e:?}"), |_| String::new())
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("a/b/out");
        let folder = Folder::begin(&place, false, &[]).map_err(|e| io::Error::other(format!("{e:?}")))?;
        assert!(folder.write("x", b"1").is_ok() && !place.exists());
        drop(folder);
        assert_eq!(fs::read_dir(root.path())?.count(), 0);
        let folder = Folder::begin(&place, false, &[]).map_err(|e| io::Error::other(format!("{e:?}")))?;
        assert!(folder.write("x", b"1").is_ok() && folder.finish().is_ok());
        assert_eq!(fs::read(place.join("x"))?, b"1");
        assert_eq!(fs::read_dir(root.path().join("a/b"))?.count(), 1);
        Ok(())
    }

    #[test]
    fn an_older_folder_stays_until_the_new_one_is_whole() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("out");
        fs::create_dir(&place)?;
        fs::write(place.join("old"), b"")?;
        assert!(line(Folder::begin(&place, false, &[])).contains("--force"));
        let folder = Folder::begin(&place, true, &[]).map_err(|e| io::Error::other(format!("{e:?}")))?;
        assert!(folder.write("new", b"").is_ok() && place.join("old").exists());
        assert!(folder.finish().is_ok());
        assert!(place.join("new").exists() && !place.join("old").exists());
        assert_eq!(fs::read_dir(root.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn force_does_not_take_away_inputs_nor_folders_of_others() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("mock");
        fs::create_dir(&place)?;
        let input = place.join("system.json");
        fs::write(&input, b"")?;
        assert!(line(Folder::begin(&place, true, &[&input])).contains("which is read"));
        fs::create_dir(place.join("inside"))?;
        assert!(line(Folder::begin(&place, true, &[])).contains("folders inside"));
        assert!(input.exists());
        assert!(line(Folder::begin(Path::new("/"), true, &[])).contains("of its own"));
        Ok(())
    }
}
