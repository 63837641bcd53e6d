//! Replay: runs a model as written until its plan has proved itself, and the plan from then on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use rayon::prelude::*;

use super::explanation::Explanation;
use super::worker::Worker;
use crate::autodiff::Plan;
use crate::error::Result;

/// Whether the density is replayed from a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replayed {
    /// Not decided yet: a plan has to give the model's own bits at two other positions first.
    Trial,
    /// By its plan.
    Plan,
    /// As written: the model reads the numbers of traced values, or draws at random.
    AsWritten,
    /// As written: the plan gave other bits than the model, which depends on more than the position.
    Refuted,
}

/// What makes and holds a plan.
#[derive(Default)]
pub(super) struct Replay {
    state: RefCell<State>,
    workers: RefCell<Vec<Worker>>,
    /// Seconds of one lane, the least that was measured so far, and how often.
    timing: Cell<(f64, u32)>,
}

#[derive(Default)]
enum State {
    #[default]
    Fresh,
    Trial {
        plan: Rc<Planned>,
        /// Where it was made or agreed.
        positions: Vec<f64>,
        agreed: usize,
    },
    Trusted(Rc<Planned>),
    Never(Replayed),
}

/// A plan and the sites of its terms.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) sites: Vec<Rc<str>>,
}

/// Positions beside that of its making at which a plan has to agree.
const AGREEMENTS: usize = 2;
/// The most lanes of one block, and the most bytes of its buffers: what caches hold.
const BLOCK: usize = 32;
/// Threads are woken for at least this long a task, in seconds.
const WORTH_A_THREAD: f64 = 30e-6;
/// Evaluations that are timed.
const TIMED: u32 = 8;

impl Replay {
    /// The plan, once it is trusted, if it allows so many lanes.
    pub(super) fn trusted(&self, lanes: usize) -> Option<Rc<Planned>> {
        match &*self.state.borrow() {
            State::Trusted(plan) if plan.plan.allows(lanes) => Some(plan.clone()),
            _ => None,
        }
    }

    /// Whether a run should be offered for a plan.
    pub(super) fn wants_plan(&self) -> bool {
        matches!(*self.state.borrow(), State::Fresh)
    }

    /// How the density is evaluated.
    pub(super) fn status(&self) -> Replayed {
        match &*self.state.borrow() {
            State::Fresh | State::Trial { .. } => Replayed::Trial,
            State::Trusted(_) => Replayed::Plan,
            State::Never(why) => *why,
        }
    }

    /// Takes the plan of a run at these positions; `None` where there can be none.
    pub(super) fn offer(&self, plan: Option<Planned>, positions: &[f64]) {
        *self.state.borrow_mut() = match plan {
            Some(plan) => State::Trial { plan: Rc::new(plan), positions: positions.to_vec(), agreed: 0 },
            None => State::Never(Replayed::AsWritten),
        };
    }

    /// Gives up on a plan.
    pub(super) fn never(&self, why: Replayed) {
        *self.state.borrow_mut() = State::Never(why);
    }

    /// Holds a plan on trial against what the model has just given.
    pub(super) fn compare(&self, positions: &[f64], logp: &[f64], grad: &[f64]) -> Result<()> {
        let plan = match &*self.state.borrow() {
            State::Trial { plan, positions: before, .. } if before != positions && plan.plan.allows(logp.len()) => {
                plan.clone()
            }
            _ => return Ok(()),
        };
        let (mut own_logp, mut own_grad) = (vec![0.0; logp.len()], vec![0.0; grad.len()]);
        self.evaluate(&plan, positions, &mut own_logp, &mut own_grad)?;
        let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        let agrees = same(&own_logp, logp) && same(&own_grad, grad);
        let mut state = self.state.borrow_mut();
        if let State::Trial { positions: before, agreed, .. } = &mut *state {
            *agreed += 1;
            before.clear();
            before.extend_from_slice(positions);
            if !agrees {
                *state = State::Never(Replayed::Refuted);
            } else if *agreed >= AGREEMENTS {
                *state = State::Trusted(plan);
            }
        }
        Ok(())
    }

    /// Evaluates all lanes by the plan, on as many threads as they are worth; -inf in lanes without a finite density.
    pub(super) fn evaluate(&self, plan: &Planned, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        let (lanes, terms, dim) = (logp.len(), plan.sites.len(), positions.len() / logp.len().max(1));
        let divisible = plan.plan.is_divisible();
        let block = if divisible { plan.plan.lanes_of_a_block(BLOCK) } else { lanes };
        let threads = if divisible { self.threads(lanes) } else { 1 };
        let mut workers = self.workers.borrow_mut();
        while workers.len() < threads {
            workers.push(Worker::default());
        }
        let start = (self.timing.get().1 < TIMED).then(Instant::now);
        let share = lanes.div_ceil(threads);
        let block = block.min(share);
        for (i, worker) in workers[..threads].iter_mut().enumerate() {
            worker.prepare(&plan.plan, block, share.min(lanes.saturating_sub(i * share)))?;
        }
        if threads == 1 {
            workers[0].evaluate(terms, block, positions, logp, grad)?;
        } else {
            workers
                .par_iter_mut()
                .zip(positions.par_chunks(share * dim))
                .zip(logp.par_chunks_mut(share))
                .zip(grad.par_chunks_mut(share * dim))
                .try_for_each(|(((worker, positions), logp), grad)| {
                    worker.evaluate(terms, block, positions, logp, grad)
                })?;
        }
        if let Some(start) = start {
            let (least, times) = self.timing.get();
            let seconds = start.elapsed().as_secs_f64() * threads as f64 / lanes.max(1) as f64;
            self.timing.set((if times == 0 { seconds } else { least.min(seconds) }, times + 1));
        }
        Ok(())
    }

    /// How many threads so many lanes are worth.
    fn threads(&self, lanes: usize) -> usize {
        let (seconds, times) = self.timing.get();
        let all = rayon::current_num_threads().min(lanes);
        if times == 0 || all < 2 {
            return 1;
        }
        let worth = (seconds * lanes as f64 / WORTH_A_THREAD) as usize;
        worth.clamp(1, all)
    }

    /// How often the term of each site was NaN in replays.
    pub(super) fn not_a_number(&self, mut count: impl FnMut(&str, u64)) {
        let State::Trusted(plan) = &*self.state.borrow() else { return };
        for worker in self.workers.borrow().iter() {
            for (which, times) in worker.not_a_number.iter().enumerate().filter(|(_, times)| **times > 0) {
                count(plan.sites.get(which).map_or("gradient", |site| site), *times);
            }
        }
    }

    /// What each operation of the plan works on and takes, the least of some evaluations at these positions.
    pub(super) fn explain(&self, plan: &Planned, positions: &[f64], lanes: usize) -> Result<Explanation> {
        let mut worker = Worker::default();
        let at = worker.workspace(&plan.plan, lanes)?;
        let profile = worker.at(at).least_profile(positions)?;
        Ok(Explanation { lanes, profile })
    }
}
