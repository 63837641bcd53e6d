//! A file replaced whole: written beside its place, then renamed into it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Puts what `write` writes at `path`. Whoever reads `path` sees the old file or the new one, never a part; after an error the
/// old one.
///
/// # Errors
/// What `write` or the operating system says.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let sibling = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = File::create(&sibling).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&sibling, path)
    });
    written.inspect_err(|_| {
        // That error is the one to tell; a leftover is only untidy.
        let _ = fs::remove_file(&sibling);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        replace(&path, |out| out.write_all(b"old and longer")).unwrap();
        replace(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_nothing_new_and_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/such/folder/out.nc");
        assert_eq!(replace(&missing, |_| Ok(())).unwrap_err().kind(), io::ErrorKind::NotFound);
        // A folder stands where the file should go: the rename fails after the sibling was written.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("inside"), b"x").unwrap();
        assert!(replace(&taken, |out| out.write_all(b"x")).is_err());
        let old = folder.path().join("old");
        fs::write(&old, b"old").unwrap();
        let half =
            |out: &mut BufWriter<File>| out.write_all(b"new").and_then(|()| Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(replace(&old, half).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&old).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
