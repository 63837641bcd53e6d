//! The executor: runs any engine on its target, watched, stopped, written to disk and limited in one way.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};
use crate::journal::{self, Journal, Record};
use crate::observer::{DrawEvent, Observer, Round};
use crate::solver::{Engine, Room};

/// Controls of a run, in the manner of argmin's executor. They serve one engine or, as in a fit of several stages, one engine
/// after the other: the budget is that of all together.
///
/// ```
/// use ppl_infer::{Executor, Ending, map::{Lbfgs, LbfgsSettings, Map}, target::FnDensity};
///
/// let normal = FnDensity::new(1, |x, g| {
///     g[0] = 3.0 - x[0];
///     -0.5 * (x[0] - 3.0).powi(2)
/// });
/// let mut map = Map::<Lbfgs>::new(1, &[-1.0, 8.0], &LbfgsSettings::default(), None)?; // two lanes
/// let ending = Executor::new().gradients(1000).run(&normal, &mut map);
/// assert!(matches!(ending, Ending::Finished));
/// assert!((map.result()?.position[0] - 3.0).abs() < 1e-4);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
#[derive(Default)]
pub struct Executor<'a> {
    observers: Observers<'a>,
    stop: Option<&'a AtomicBool>,
    checkpoint: Option<(PathBuf, Duration)>,
    journal: Option<Journal>,
    budget: Budget,
    spent: u64,
    since: Option<Instant>,
    earlier: Duration,
}

/// Why a run came back. In every case the engine holds what it has found.
#[derive(Debug)]
#[must_use]
pub enum Ending {
    /// All is done.
    Finished,
    /// The stop flag was set.
    Stopped,
    /// The budget is spent; another run goes on from here.
    Paused,
    /// The density or the checkpoint failed.
    Failed(Error),
}

/// What may be spent; `None` is no limit.
#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    gradients: Option<u64>,
    rounds: Option<u64>,
    time: Option<Duration>,
}

impl<'a> Executor<'a> {
    /// No observer, no stop, no checkpoint, no limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an observer.
    #[must_use]
    pub fn observe(mut self, observer: impl Observer + 'a) -> Self {
        self.observers.0.push(Box::new(observer));
        self
    }

    /// Ends a run when this flag is set; it is looked at before every round.
    #[must_use]
    pub fn stop(mut self, flag: &'a AtomicBool) -> Self {
        self.stop = Some(flag);
        self
    }

    /// Writes the engine to this file as often, and when a run comes back; [`checkpoint::load`](crate::checkpoint::load) reads it.
    #[must_use]
    pub fn checkpoint(mut self, path: impl Into<PathBuf>, every: Duration) -> Self {
        self.checkpoint = Some((path.into(), every));
        self
    }

    /// Keeps a journal in this folder, which must be there: every run and every [`once`](Self::once) is a step with a file of its own,
    /// written as often, and when it comes back. A step whose file an earlier process has left goes on from it, bit for bit, so that a
    /// program that takes the same steps in the same order goes on where it was ended. After a step that was stopped, paused or failed
    /// nothing more is written.
    #[must_use]
    pub fn journal(mut self, folder: impl Into<PathBuf>, every: Duration) -> Self {
        self.journal = Some(Journal::new(folder.into(), every));
        self
    }

    /// Gradients of all lanes that may be spent in all.
    #[must_use]
    pub fn gradients(mut self, most: u64) -> Self {
        self.budget.gradients = Some(most);
        self
    }

    /// Rounds that one call of [`run`](Self::run) may take.
    #[must_use]
    pub fn rounds(mut self, most: u64) -> Self {
        self.budget.rounds = Some(most);
        self
    }

    /// Time that may be spent in all, from the first run on.
    #[must_use]
    pub fn time(mut self, most: Duration) -> Self {
        self.budget.time = Some(most);
        self
    }

    /// Tells the observers that a stage begins.
    pub fn stage(&mut self, name: &'static str) {
        self.observers.on_stage(name);
    }

    /// Gradients spent so far.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Counts gradients that something other than a solver has spent.
    pub fn spend(&mut self, gradients: u64) {
        self.spent += gradients;
    }

    /// Time that earlier processes spent on the steps of the journal so far.
    pub fn earlier(&self) -> Duration {
        self.earlier
    }

    /// Whether the stop flag is set.
    pub fn stopped(&self) -> bool {
        self.stop.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Makes something that is no engine's, as a step of the journal: what an earlier process made is read.
    ///
    /// # Errors
    /// What `make` returns; a stop before it; a journal that cannot be read or written.
    pub fn once<V: Serialize + DeserializeOwned>(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&mut Self) -> Result<V>,
    ) -> Result<V> {
        let Some((path, every)) = self.journal.as_mut().and_then(Journal::next) else {
            // A journal that a stop has closed keeps nothing more.
            return if self.journal.is_some() && self.stopped() { Err(Error::StoppedEarly) } else { make(self) };
        };
        if let Some((account, made)) = journal::read(&path, name)? {
            self.spent = account.gradients;
            self.earlier += account.time;
            return Ok(made);
        }
        if self.stopped() {
            return Err(Error::StoppedEarly);
        }
        let mut record = Record::step(path, every, None);
        let made = make(self)?;
        record.save(name, &made, self.spent)?;
        Ok(made)
    }

    /// Runs until the engine is done, or as long as stop flag and budget allow.
    ///
    /// In a round every lane of a [`Solver`](crate::Solver) gets the one answer that it waits for, all from one call of the
    /// density.
    pub fn run<T: ?Sized, E: Engine<T>>(&mut self, target: &T, engine: &mut E) -> Ending {
        let ending = self.recorded(target, engine).unwrap_or_else(Ending::Failed);
        if let Some(journal) = &mut self.journal {
            journal.closed |= !matches!(ending, Ending::Finished);
        }
        ending
    }

    fn recorded<T: ?Sized, E: Engine<T>>(&mut self, target: &T, engine: &mut E) -> Result<Ending> {
        let mut record = match (self.journal.as_mut().map(Journal::next), &self.checkpoint) {
            (Some(step), _) => step.map(|(path, every)| self.step(path, every, engine)).transpose()?,
            (None, Some((path, every))) => Some(Record::checkpoint(path.clone(), *every)),
            (None, None) => None,
        };
        engine.check(target)?;
        let ending = self.rounds_of(target, engine, record.as_mut());
        let saved = match &mut record {
            Some(record) if record.moved => record.save(E::name(), engine, self.spent),
            _ => Ok(()),
        };
        // The first failure is the one to tell.
        ending.and_then(|ending| saved.map(|()| ending))
    }

    /// The record of a step of the journal, from which the engine goes on.
    fn step<T: ?Sized, E: Engine<T>>(&mut self, path: PathBuf, every: Duration, engine: &mut E) -> Result<Record> {
        let Some((account, read)) = journal::read(&path, E::name())? else {
            return Ok(Record::step(path, every, None));
        };
        *engine = read;
        self.spent = account.gradients;
        self.earlier += account.time;
        Ok(Record::step(path, every, Some(account)))
    }

    fn rounds_of<T: ?Sized, E: Engine<T>>(
        &mut self,
        target: &T,
        engine: &mut E,
        mut record: Option<&mut Record>,
    ) -> Result<Ending> {
        let started = *self.since.get_or_insert_with(Instant::now);
        let mut room = Room::default();
        let mut round = 0;
        loop {
            if self.stopped() {
                return Ok(Ending::Stopped);
            }
            let lanes = engine.prepare(&mut room);
            if lanes == 0 {
                return Ok(Ending::Finished);
            }
            if self.is_spent(round, started) {
                return Ok(Ending::Paused);
            }
            engine.round(target, &mut room, &mut self.observers)?;
            round += 1;
            self.spent += lanes as u64;
            let (gradients, objective) = (self.spent, engine.objective());
            self.observers.on_round(&Round { solver: E::name(), lanes, gradients, objective });
            if let Some(record) = record.as_deref_mut() {
                record.moved = true;
                if record.is_due() {
                    record.save(E::name(), engine, gradients)?;
                }
            }
        }
    }

    fn is_spent(&self, round: u64, started: Instant) -> bool {
        let Budget { gradients, rounds, time } = self.budget;
        gradients.is_some_and(|most| self.spent >= most)
            || rounds.is_some_and(|most| round >= most)
            || time.is_some_and(|most| started.elapsed() >= most)
    }
}

/// All observers of a run as one.
#[derive(Default)]
struct Observers<'a>(Vec<Box<dyn Observer + 'a>>);

impl Observer for Observers<'_> {
    fn on_stage(&mut self, name: &'static str) {
        self.0.iter_mut().for_each(|observer| observer.on_stage(name));
    }

    fn on_round(&mut self, round: &Round) {
        self.0.iter_mut().for_each(|observer| observer.on_round(round));
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        self.0.iter_mut().for_each(|observer| observer.on_draw(event));
    }
}
