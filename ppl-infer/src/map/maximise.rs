//! The loop of a MAP fit: all running lanes ask, one call answers, finished lanes leave the batch.

use std::ops::ControlFlow;

use ppl_core::LogDensity;

use super::adam::Adam;
use super::lbfgs::Lbfgs;
use super::result::Summit;
use super::{Climb, LaneEnd, MapProgress, MapResult, MapSettings, Method, Pruning, Reason};
use crate::error::{Error, Result};

/// Climbs from every start at once and returns the highest point of the best lane.
///
/// `starts` is `[lanes, dim]`, row-major, in the unconstrained space of `density`. Each round costs one call for all
/// running lanes; without pruning, a lane ends where it would end alone. After every round `observe` may stop the fit,
/// which then returns what it has.
///
/// # Errors
/// A setting out of range, starts that are not whole positions, no lane with a finite start, or a density that fails.
pub fn maximise(
    density: &(impl LogDensity + ?Sized),
    starts: &[f64],
    settings: &MapSettings,
    observe: &mut dyn FnMut(&MapProgress) -> ControlFlow<()>,
) -> Result<MapResult> {
    settings.check()?;
    let dim = density.dim();
    if dim == 0 || starts.is_empty() || !starts.len().is_multiple_of(dim) {
        return Err(Error::Starts { dim, got: starts.len() });
    }
    let mut lanes: Vec<Lane> = starts.chunks(dim).map(|start| Lane::new(start, &settings.method)).collect();
    let mut rungs = settings.pruning.map(Rungs::new);
    let (mut positions, mut logp, mut grad) = (Vec::new(), Vec::new(), Vec::new());
    let (mut round, mut gradient_count) = (0, 0);
    loop {
        positions.clear();
        for lane in lanes.iter().filter(|lane| lane.runs()) {
            positions.extend_from_slice(lane.climb.ask());
        }
        if positions.is_empty() {
            break;
        }
        logp.resize(positions.len() / dim, 0.0);
        grad.resize(positions.len(), 0.0);
        density.logp_and_grad(&positions, &mut logp, &mut grad)?;
        let running = lanes.iter_mut().filter(|lane| lane.runs());
        for ((lane, &logp), grad) in running.zip(&logp).zip(grad.chunks(dim)) {
            lane.gradient_count += 1;
            lane.ended = lane.climb.answer(logp, grad);
        }
        round += 1;
        gradient_count += logp.len();
        if let Some(rungs) = &mut rungs {
            rungs.prune(round, &mut lanes);
        }
        let progress = MapProgress {
            round,
            running: lanes.iter().filter(|lane| lane.runs()).count(),
            gradient_count,
            logp: lanes.iter().map(|lane| lane.summit().logp).fold(f64::NEG_INFINITY, f64::max),
        };
        if observe(&progress).is_break() {
            break;
        }
    }
    finish(lanes, gradient_count)
}

/// One climb and its account.
struct Lane {
    climb: Box<dyn Climb>,
    ended: Option<Reason>,
    gradient_count: usize,
}

impl Lane {
    fn new(start: &[f64], method: &Method) -> Self {
        let climb: Box<dyn Climb> = match method {
            Method::Lbfgs(settings) => Box::new(Lbfgs::new(start, *settings)),
            Method::Adam(settings) => Box::new(Adam::new(start, *settings)),
        };
        Self { climb, ended: None, gradient_count: 0 }
    }

    fn runs(&self) -> bool {
        self.ended.is_none()
    }

    fn summit(&self) -> &Summit {
        self.climb.summit()
    }
}

/// When the next ranking is due, and which lanes are still in the race.
struct Rungs {
    pruning: Pruning,
    next: usize,
}

impl Rungs {
    fn new(pruning: Pruning) -> Self {
        Self { pruning, next: pruning.after }
    }

    /// Ends the running lanes that rank below the kept fraction. A lane that has converged stays in the ranking.
    fn prune(&mut self, round: usize, lanes: &mut [Lane]) {
        if round < self.next {
            return;
        }
        self.next = self.next.saturating_mul(2);
        let in_race = |lane: &Lane| lane.ended.is_none_or(Reason::converged);
        let mut ranked: Vec<usize> = (0..lanes.len()).filter(|&i| in_race(&lanes[i])).collect();
        ranked.sort_by(|&i, &j| lanes[j].summit().logp.total_cmp(&lanes[i].summit().logp));
        let keep = ((ranked.len() as f64 * self.pruning.keep).ceil() as usize).max(self.pruning.at_least);
        for &i in ranked.iter().skip(keep) {
            lanes[i].ended.get_or_insert(Reason::Pruned);
        }
    }
}

/// Sorts the lanes and lets the best one speak for the fit.
fn finish(lanes: Vec<Lane>, gradient_count: usize) -> Result<MapResult> {
    let end = |(lane, state): (usize, Lane)| {
        let Summit { position, logp, gradient_norm } = state.climb.summit().clone();
        LaneEnd {
            lane,
            position,
            logp,
            gradient_norm,
            reason: state.ended.unwrap_or(Reason::Stopped),
            iterations: state.climb.iterations(),
            gradient_count: state.gradient_count,
        }
    };
    let mut lanes: Vec<LaneEnd> = lanes.into_iter().enumerate().map(end).collect();
    lanes.sort_by(|a, b| b.logp.total_cmp(&a.logp));
    match lanes.first() {
        Some(best) if best.logp.is_finite() => Ok(MapResult {
            position: best.position.clone(),
            logp: best.logp,
            converged: best.reason.converged(),
            reason: best.reason,
            iterations: best.iterations,
            gradient_count,
            lanes,
        }),
        _ => Err(Error::NoFiniteStart { lanes: lanes.len() }),
    }
}
