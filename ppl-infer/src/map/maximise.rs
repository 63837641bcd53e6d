//! MAP as a solver: all running lanes ask, one call answers, finished lanes leave the batch.

use ppl_core::LogDensity;
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::lbfgs::Lbfgs;
use super::optimizer::{Best, Optimizer, Reason};
use super::result::{LaneEnd, MapResult};
use super::settings::{MapSettings, OptimizerSettings, Pruning};
use crate::error::{Error, Result};
use crate::executor::{Ending, Executor};
use crate::observer::Observer;
use crate::solver::Solver;

/// Maximises from every start at once and returns the highest point of the best lane.
///
/// `starts` is `[lanes, dim]`, row-major, in the unconstrained space of `density`. Each round costs one call for all
/// running lanes; without pruning, a lane ends where it would end alone.
///
/// # Errors
/// A setting out of range, starts that are not whole positions, no lane with a finite start, or a density that fails.
pub fn maximise(density: &(impl LogDensity + ?Sized), starts: &[f64], settings: &MapSettings) -> Result<MapResult> {
    maximise_with(density, starts, settings, &mut Executor::new())
}

/// [`maximise`] under an executor. A run that is stopped, or whose budget is spent, returns what it has.
///
/// # Errors
/// As [`maximise`]; a stop before the first round.
pub fn maximise_with(
    density: &(impl LogDensity + ?Sized),
    starts: &[f64],
    settings: &MapSettings,
    executor: &mut Executor<'_>,
) -> Result<MapResult> {
    settings.check()?;
    match &settings.optimizer {
        OptimizerSettings::Lbfgs(own) => {
            run(density, Map::<Lbfgs>::new(density.dim(), starts, own, settings.pruning)?, executor)
        }
        OptimizerSettings::Adam(own) => {
            run(density, Map::<Adam>::new(density.dim(), starts, own, settings.pruning)?, executor)
        }
    }
}

fn run<O: Optimizer>(
    density: &(impl LogDensity + ?Sized),
    mut map: Map<O>,
    executor: &mut Executor<'_>,
) -> Result<MapResult> {
    match executor.run(density, &mut map) {
        Ending::Failed(error) => Err(error),
        Ending::Stopped | Ending::Paused if map.rounds == 0 => Err(Error::StoppedEarly),
        _ => map.result(),
    }
}

/// A MAP fit from many starts, each a lane of the same optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "O: Optimizer")]
pub struct Map<O: Optimizer> {
    dim: usize,
    lanes: Vec<Lane<O>>,
    rungs: Option<Rungs>,
    rounds: usize,
    gradient_count: usize,
}

/// One optimizer and its account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "O: Optimizer")]
struct Lane<O: Optimizer> {
    state: O,
    ended: Option<Reason>,
    gradient_count: usize,
}

impl<O: Optimizer> Lane<O> {
    fn runs(&self) -> bool {
        self.ended.is_none()
    }
}

impl<O: Optimizer> Map<O> {
    /// A fit from `starts`, `[lanes, dim]`.
    ///
    /// # Errors
    /// Starts that are not one or more positions.
    pub fn new(dim: usize, starts: &[f64], settings: &O::Settings, pruning: Option<Pruning>) -> Result<Self> {
        if dim == 0 || starts.is_empty() || !starts.len().is_multiple_of(dim) {
            return Err(Error::Starts { dim, got: starts.len() });
        }
        let lane = |start| Lane { state: O::new(start, settings), ended: None, gradient_count: 0 };
        let lanes = starts.chunks(dim).map(lane).collect();
        Ok(Self { dim, lanes, rungs: pruning.map(Rungs::new), rounds: 0, gradient_count: 0 })
    }

    /// What was found so far: the lanes sorted, the best one speaking for the fit.
    ///
    /// # Errors
    /// No lane had a finite start.
    pub fn result(&self) -> Result<MapResult> {
        let end = |(lane, Lane { state, ended, gradient_count }): (usize, &Lane<O>)| {
            let Best { position, logp, gradient_norm } = state.best().clone();
            LaneEnd {
                lane,
                position,
                logp,
                gradient_norm,
                reason: ended.unwrap_or(Reason::Stopped),
                iterations: state.iterations(),
                gradient_count: *gradient_count,
            }
        };
        let mut lanes: Vec<LaneEnd> = self.lanes.iter().enumerate().map(end).collect();
        lanes.sort_by(|a, b| b.logp.total_cmp(&a.logp));
        match lanes.first() {
            Some(best) if best.logp.is_finite() => Ok(MapResult {
                position: best.position.clone(),
                logp: best.logp,
                converged: best.reason.converged(),
                reason: best.reason,
                iterations: best.iterations,
                gradient_count: self.gradient_count,
                lanes,
            }),
            _ => Err(Error::NoFiniteStart { lanes: lanes.len() }),
        }
    }
}

impl<O: Optimizer, D: LogDensity + ?Sized> Solver<D> for Map<O> {
    fn name() -> &'static str {
        O::NAME
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn ask(&self, positions: &mut Vec<f64>) {
        let running = self.lanes.iter().filter(|lane| lane.runs());
        running.for_each(|lane| positions.extend_from_slice(lane.state.ask()));
    }

    fn answer(&mut self, _: &D, logp: &[f64], grad: &[f64], _: &mut dyn Observer) -> Result<()> {
        let running = self.lanes.iter_mut().filter(|lane| lane.runs());
        for ((lane, &logp), grad) in running.zip(logp).zip(grad.chunks(self.dim)) {
            lane.gradient_count += 1;
            lane.ended = lane.state.answer(logp, grad);
        }
        self.rounds += 1;
        self.gradient_count += logp.len();
        if let Some(rungs) = &mut self.rungs {
            rungs.prune(self.rounds, &mut self.lanes);
        }
        Ok(())
    }

    fn objective(&self) -> f64 {
        self.lanes.iter().map(|lane| lane.state.best().logp).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// When the next ranking is due, and which lanes are still in the race.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rungs {
    pruning: Pruning,
    next: usize,
}

impl Rungs {
    fn new(pruning: Pruning) -> Self {
        Self { pruning, next: pruning.after }
    }

    /// Ends the running lanes that rank below the kept fraction. A lane that has converged stays in the ranking.
    fn prune<O: Optimizer>(&mut self, round: usize, lanes: &mut [Lane<O>]) {
        if round < self.next {
            return;
        }
        self.next = self.next.saturating_mul(2);
        let in_race = |lane: &Lane<O>| lane.ended.is_none_or(Reason::converged);
        let mut ranked: Vec<usize> = (0..lanes.len()).filter(|&i| in_race(&lanes[i])).collect();
        ranked.sort_by(|&i, &j| lanes[j].state.best().logp.total_cmp(&lanes[i].state.best().logp));
        let keep = ((ranked.len() as f64 * self.pruning.keep).ceil() as usize).max(self.pruning.at_least);
        for &i in ranked.iter().skip(keep) {
            lanes[i].ended.get_or_insert(Reason::Pruned);
        }
    }
}
