//! The journal of a run of several engines: each has a number and a file, from which another process goes on bit for bit.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::checkpoint;
use crate::error::Result;

/// Writing may take one part in so many of the time, however large an engine has become.
const SHARE: u32 = 50;

/// The folder of a journal and the step that comes next.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    every: Duration,
    step: usize,
    /// Set by a step that ended unfinished: what follows from there is not what follows from its end, and is not written.
    pub closed: bool,
}

/// What was spent when a step was written.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Gradients since the beginning of the first step.
    pub gradients: u64,
    /// Time on this step, in all processes.
    pub time: Duration,
}

impl Journal {
    pub(crate) fn new(folder: PathBuf, every: Duration) -> Self {
        Self { folder, every, step: 0, closed: false }
    }

    /// The file of the next step; none once the journal is closed.
    pub(crate) fn next(&mut self) -> Option<(PathBuf, Duration)> {
        let path = self.folder.join(format!("{:02}.step", self.step));
        self.step += 1;
        (!self.closed).then_some((path, self.every))
    }
}

/// What an earlier process wrote of a step, if there was one.
pub(crate) fn read<B: DeserializeOwned>(path: &Path, name: &'static str) -> Result<Option<(Account, B)>> {
    if path.exists() { checkpoint::read(path, name).map(Some) } else { Ok(None) }
}

/// The file that an engine is written to while it runs, and when that is due.
#[derive(Debug)]
pub(crate) struct Record {
    pub path: PathBuf,
    every: Duration,
    saved: Instant,
    took: Duration,
    /// Whether it is a step of a journal, which keeps accounts; since when, and the account before.
    journal: Option<(Instant, Account)>,
    /// Whether the engine has moved since it was written.
    pub moved: bool,
}

impl Record {
    /// A file of its own.
    pub(crate) fn checkpoint(path: PathBuf, every: Duration) -> Self {
        Self { path, every, saved: Instant::now(), took: Duration::ZERO, journal: None, moved: true }
    }

    /// A step of a journal, with the account of earlier processes.
    pub(crate) fn step(path: PathBuf, every: Duration, earlier: Option<Account>) -> Self {
        let journal = Some((Instant::now(), earlier.unwrap_or_default()));
        Self { moved: earlier.is_none(), journal, ..Self::checkpoint(path, every) }
    }

    /// Whether it is time to write.
    pub(crate) fn is_due(&self) -> bool {
        self.saved.elapsed() >= self.every.max(SHARE * self.took)
    }

    /// Writes the engine of this name.
    pub(crate) fn save(&mut self, name: &'static str, engine: &impl Serialize, gradients: u64) -> Result<()> {
        let began = Instant::now();
        match &self.journal {
            None => checkpoint::write(&self.path, name, engine)?,
            Some((since, earlier)) => {
                let account = Account { gradients, time: earlier.time + since.elapsed() };
                checkpoint::write(&self.path, name, &(account, engine))?;
            }
        }
        (self.saved, self.took, self.moved) = (Instant::now(), began.elapsed(), false);
        Ok(())
    }
}
