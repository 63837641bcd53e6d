//! The folder of a command's results: they are written in a folder inside it, and moved to their names when they are whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Result};
use super::manifest::{self, Manifest};
use super::stop::{Unfinished, unfinished};

/// What lies inside while a command runs, and after a fit that was ended.
const UNFINISHED: &str = "unfinished";
/// Inside that: what a fit was told, its journal, and the results so far.
const TASK: &str = "task.json";
const JOURNAL: &str = "journal";
const RESULTS: &str = "results";

/// A folder in the making. Dropped before [`Folder::finish`], it leaves nothing, unless it is [kept](Folder::keep).
#[derive(Debug)]
pub struct Folder {
    place: PathBuf,
    manifest: Manifest,
    /// What to take away on the way out, unless it is kept.
    unfinished: Option<Unfinished>,
    kept: bool,
}

impl Folder {
    /// Begins a folder at `place`, in which files of the names `writes` will be.
    ///
    /// # Errors
    /// A place that is taken, unless `force` allows to replace what arclet wrote there; one that holds an input or a file of such
    /// a name that arclet did not write; one that another run writes to, or that cannot be written.
    pub fn begin(place: &Path, force: bool, inputs: &[&Path], writes: &[&str]) -> Result<Self> {
        let shown = place.display();
        if place.file_name().is_none() {
            return Err(Failure::user(format!("{shown} cannot be replaced; give --out a folder of its own")));
        }
        let mut manifest = None;
        if fs::symlink_metadata(place).is_ok() {
            let ours = place.join(manifest::NAME).exists();
            manifest = ours.then(|| Manifest::take(place)).transpose()?;
            let others = strangers(place, &[])?;
            if !force {
                if ours && place.join(UNFINISHED).join(TASK).exists() {
                    return Err(Failure::user(format!(
                        "{shown} holds a fit that was ended; go on with it by `arclet fit --resume {shown}`, or begin anew with --force"
                    )));
                }
                if !ours || !others.is_empty() {
                    return Err(Failure::user(format!("{shown} exists already; choose another --out or add --force")));
                }
            }
            check_replaceable(place, inputs, writes, manifest.as_ref().map_or(&[], |m| &m.files))?;
        }
        let made: Vec<PathBuf> =
            place.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).map(Path::to_owned).collect();
        let work = place.join(UNFINISHED);
        fs::create_dir_all(place).map_err(|e| Failure::io("make the folder", place, &e))?;
        let manifest = match manifest {
            Some(manifest) => manifest,
            None => Manifest::take(place)?,
        };
        let list = manifest.fresh.then(|| place.join(manifest::NAME));
        let begun = Unfinished { work: work.clone(), list, made };
        *unfinished() = Some(begun.clone());
        let folder = Folder { place: place.to_owned(), manifest, unfinished: Some(begun), kept: false };
        // What a run that was killed has left.
        let cleared = if work.exists() { fs::remove_dir_all(&work) } else { Ok(()) };
        let made = cleared.and_then(|()| fs::create_dir_all(work.join(RESULTS)));
        made.map_err(|e| Failure::io("make the folder", &work, &e))?;
        Ok(folder)
    }

    /// Begins a folder of which a fit can be resumed: what it was told is kept with it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn keep(&mut self, task: &[u8]) -> Result<()> {
        let journal = self.journal();
        fs::create_dir_all(&journal).map_err(|e| Failure::io("make the folder", &journal, &e))?;
        let path = self.place.join(UNFINISHED).join(TASK);
        let write = |out: &mut std::io::BufWriter<fs::File>| std::io::Write::write_all(out, task);
        arclet::core::atomic::replace(&path, write).map_err(|e| Failure::io("write", &path, &e))?;
        *unfinished() = None;
        self.kept = true;
        Ok(())
    }

    /// The folder of a fit that was ended, and what it was told.
    ///
    /// # Errors
    /// A folder without such a fit; one that another run writes to.
    pub fn resume(place: &Path) -> Result<(Self, Vec<u8>)> {
        let path = place.join(UNFINISHED).join(TASK);
        let none = || {
            let shown = place.display();
            Failure::user(format!(
                "{shown} holds no fit to go on with; give --resume the --out of a fit that was ended"
            ))
        };
        if !path.exists() {
            return Err(none());
        }
        let manifest = Manifest::take(place)?;
        let task = fs::read(&path).map_err(|_| none())?;
        let work = place.join(UNFINISHED);
        let list = manifest.files.is_empty().then(|| place.join(manifest::NAME));
        let made = if list.is_some() { vec![place.to_owned()] } else { vec![] };
        let begun = Unfinished { work: work.clone(), list, made };
        let folder = Folder { place: place.to_owned(), manifest, unfinished: Some(begun), kept: true };
        for inside in [&work, &folder.journal()] {
            sweep(inside);
        }
        let results = folder.path();
        let cleared = if results.exists() { fs::remove_dir_all(&results) } else { Ok(()) };
        let made = cleared.and_then(|()| fs::create_dir_all(&results));
        made.map_err(|e| Failure::io("make the folder", &results, &e))?;
        Ok((folder, task))
    }

    /// Takes away what was kept: the fit cannot be gone on with.
    pub fn give_up(mut self) {
        self.kept = false;
    }

    /// Where to write for now.
    pub fn path(&self) -> PathBuf {
        self.place.join(UNFINISHED).join(RESULTS)
    }

    /// Where a fit keeps its journal.
    pub fn journal(&self) -> PathBuf {
        self.place.join(UNFINISHED).join(JOURNAL)
    }

    /// Writes one file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.path().join(name), bytes).map_err(|e| Failure::io("write", &self.place.join(name), &e))
    }

    /// Puts the files in their place, in which those that arclet wrote before are no more. What a fit needs to go on stays.
    ///
    /// # Errors
    /// What the operating system says; a file of a stranger in the way.
    pub fn publish(&mut self) -> Result<()> {
        let results = self.path();
        let listed = fs::read_dir(&results).map_err(|e| Failure::io("read", &results, &e))?;
        let mut new: Vec<String> = listed.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        new.sort();
        let old = self.manifest.files.clone();
        check_collisions(&self.place, &new.iter().map(String::as_str).collect::<Vec<_>>(), &old)?;
        // While they are moved, nothing may end the program but a kill, after which both lists are arclet's.
        let _held = unfinished();
        let both = old.iter().filter(|name| !new.contains(name)).chain(&new).cloned().collect();
        self.manifest.set(both, &self.place)?;
        for name in &new {
            let to = self.place.join(name);
            fs::rename(results.join(name), &to).map_err(|e| Failure::io("write", &to, &e))?;
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            let path = self.place.join(name);
            match fs::remove_file(&path) {
                Err(error) if path.exists() => return Err(Failure::io("remove", &path, &error)),
                _ => {}
            }
        }
        self.manifest.set(new, &self.place)
    }

    /// Puts the files in their place, and takes away all that was needed on the way.
    ///
    /// # Errors
    /// As [`Folder::publish`].
    pub fn finish(mut self) -> Result<()> {
        self.publish()?;
        let mut held = unfinished();
        (*held, self.unfinished) = (None, None);
        let work = self.place.join(UNFINISHED);
        fs::remove_dir_all(&work).map_err(|e| Failure::io("remove", &work, &e))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.unfinished.take().filter(|_| !self.kept) {
            let mut held = unfinished();
            folder.remove();
            *held = None;
        }
    }
}

/// Takes away files half written by processes that died: `.NAME.PROCESS.tmp`.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(".tmp") {
            // A leftover is only untidy.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What is in a folder beside what arclet wrote or is writing.
fn strangers(place: &Path, files: &[String]) -> Result<Vec<String>> {
    let entries = fs::read_dir(place).map_err(|e| Failure::io("replace", place, &e))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| name != manifest::NAME && name != UNFINISHED && !files.contains(name)).collect())
}

/// `--force` may not take away what the command reads, nor what arclet did not write.
fn check_replaceable(place: &Path, inputs: &[&Path], writes: &[&str], files: &[String]) -> Result<()> {
    check_collisions(place, writes, files)?;
    let Ok(whole) = place.canonicalize() else { return Ok(()) };
    match inputs.iter().find(|input| input.canonicalize().is_ok_and(|input| input.starts_with(&whole))) {
        Some(input) => {
            let (shown, input) = (place.display(), input.display());
            Err(Failure::user(format!("{shown} holds {input}, which is read; choose another --out")))
        }
        None => Ok(()),
    }
}

fn check_collisions(place: &Path, writes: &[&str], files: &[String]) -> Result<()> {
    let others = strangers(place, files)?;
    let unfinished = place.join(UNFINISHED);
    if unfinished.exists() && !place.join(manifest::NAME).exists() {
        let what = unfinished.display();
        return Err(Failure::user(format!("{what} was not written by arclet; move it away or choose another --out")));
    }
    match writes.iter().find(|name| others.iter().any(|other| other == *name)) {
        Some(name) => {
            let what = place.join(name);
            let what = what.display();
            Err(Failure::user(format!("{what} was not written by arclet; move it away or choose another --out")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn line(result: Result<Folder>) -> String {
        result.map_or_else(|e| format!("{e:?}"), |_| String::new())
    }

    fn begin(place: &Path, force: bool) -> io::Result<Folder> {
        Folder::begin(place, force, &[], &["new"]).map_err(|e| io::Error::other(format!("{e:?}")))
    }

    #[test]
    fn files_appear_whole_or_not_at_all() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("a/b/out");
        let folder = begin(&place, false)?;
        assert!(folder.write("x", b"1").is_ok() && !place.join("x").exists());
        drop(folder);
        assert_eq!(fs::read_dir(root.path())?.count(), 0);
        let folder = begin(&place, false)?;
        assert!(folder.write("x", b"1").is_ok() && folder.finish().is_ok());
        assert_eq!(fs::read(place.join("x"))?, b"1");
        // The file and the manifest.
        assert_eq!(fs::read_dir(&place)?.count(), 2);
        Ok(())
    }

    #[test]
    fn force_takes_away_what_arclet_wrote_at_the_end_and_nothing_else() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("out");
        let folder = begin(&place, false)?;
        assert!(folder.write("old", b"").is_ok() && folder.finish().is_ok());
        fs::write(place.join("notes.txt"), b"mine")?;
        fs::create_dir(place.join("more"))?;
        assert!(line(Folder::begin(&place, false, &[], &[])).contains("--force"));
        let folder = begin(&place, true)?;
        assert!(folder.write("new", b"").is_ok() && place.join("old").exists());
        assert!(folder.finish().is_ok());
        let there = ["new", "old", "notes.txt", "more"].map(|name| place.join(name).exists());
        assert_eq!(there, [true, false, true, true]);
        Ok(())
    }

    #[test]
    fn force_refuses_inputs_and_files_of_a_stranger_that_are_in_the_way() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("mock");
        fs::create_dir(&place)?;
        let input = place.join("system.json");
        fs::write(&input, b"")?;
        let stranger = Folder::begin(&place, true, &[], &["system.json"]);
        assert!(line(stranger).contains("not written by arclet"));
        // A folder of arclet's, one of whose files is read.
        let ours = root.path().join("ours");
        let folder = begin(&ours, false)?;
        assert!(folder.write("new", b"").is_ok() && folder.finish().is_ok());
        let read = ours.join("new");
        assert!(line(Folder::begin(&ours, true, &[&read], &["other"])).contains("which is read"));
        assert!(input.exists() && read.exists());
        assert!(line(Folder::begin(Path::new("/"), true, &[], &[])).contains("of its own"));
        Ok(())
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_what_can_be_resumed_is_not() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let place = root.path().join("out");
        let mut killed = begin(&place, false)?;
        assert!(killed.write("x", b"half").is_ok());
        // As if it were killed: nothing is cleared on the way out.
        killed.kept = true;
        drop(killed);
        assert!(place.join("unfinished/results/x").exists());
        let mut folder = begin(&place, false)?;
        assert!(!place.join("unfinished/results/x").exists());
        assert!(folder.keep(b"task").is_ok());
        assert!(line(Folder::begin(&place, true, &[], &[])).contains("another arclet"));
        drop(folder);
        assert!(line(Folder::begin(&place, false, &[], &[])).contains("--resume"));
        fs::write(place.join("unfinished/journal/.00.step.7.tmp"), b"half")?;
        let (folder, task) = Folder::resume(&place).map_err(|e| io::Error::other(format!("{e:?}")))?;
        assert!(task == b"task" && fs::read_dir(folder.journal())?.count() == 0);
        assert!(folder.write("new", b"").is_ok() && folder.finish().is_ok());
        assert!(Folder::resume(&place).is_err() && place.join("new").exists());
        Ok(())
    }
}
