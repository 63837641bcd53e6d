//! A chain: an object that asks for the density at one point and is resumed with the answer.

use super::{
    adapt::{
        dual_averaging::DualAveraging,
        mass::MassAdaptation,
        step_search::{Search, StepSearch},
        windows::Windows,
    },
    integrator::Point,
    kernel::{Answer, Dynamics, Kernel},
    metric::{InitialMetric, Metric},
    settings::SamplerSettings,
};
use crate::error::Result;
use crate::failure::ChainFailure;
use crate::transition::{DrawStats, Info};
use ppl_core::rng::{Rng, keyed};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// One Markov chain, warm-up and sampling. All its state is here, the half-built tree and the generator too, so that it can be
/// written to disk between any two gradients and goes on from there bit for bit.
///
/// ```
/// use ppl_infer::mcmc::{Chain, InitialMetric, NutsSettings, chain::{Progress, Request}};
///
/// let settings = NutsSettings { warmup: 200, draws: 100, ..Default::default() };
/// let mut chain = Chain::new(0, &settings, &[1.0], &InitialMetric::Unit)?;
/// let mut draws = Vec::new();
/// while let Request::Gradient(x) = chain.request() {
///     let (logp, gradient) = (-0.5 * x[0] * x[0], [-x[0]]); // a standard normal
///     if let Progress::Transition { kept: true } = chain.resume(logp, &gradient)? {
///         draws.push(chain.point().position[0]);
///     }
/// }
/// assert_eq!(draws.len(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "K: Kernel")]
pub struct Chain<K: Kernel> {
    settings: SamplerSettings<K>,
    rng: Rng,
    stage: Stage,
    point: Point,
    metric: Metric,
    state: K::State,
    search: StepSearch,
    tuning: DualAveraging,
    mass: MassAdaptation,
    windows: Windows,
    /// The step that adaptation holds at present.
    step: f64,
    /// The step of the running transition: with jitter.
    used_step: f64,
    /// Transitions done, warm-up and sampling.
    transitions: usize,
    warmup_gradients: u64,
    sampling_gradients: u64,
    divergences: u64,
    stats: DrawStats,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Stage {
    /// Waits for the density at its start.
    Start,
    /// Searches a step size.
    Search,
    /// In the middle of a transition.
    Transition,
    /// At the end of a window, for the other chains.
    Waiting,
    Finished,
    /// Could not go on.
    Failed(ChainFailure),
}

/// What a chain wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Request<'a> {
    /// The log density and its gradient at this position, by [`Chain::resume`].
    Gradient(&'a [f64]),
    /// The draws of the other chains, by [`Chain::pool`]: a window of pooled adaptation has ended.
    Pool,
    /// Nothing: all draws are made, or the chain has failed.
    Finished,
}

/// What an answer led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing to see yet.
    Underway,
    /// A transition is over: [`Chain::point`] and [`Chain::stats`] are new; to be kept if warm-up is over.
    Transition {
        /// False in warm-up.
        kept: bool,
    },
}

impl<K: Kernel> Chain<K> {
    /// A chain at its start, `[dim]`. Its randomness is keyed by (`settings.seed`, `index`).
    pub fn new(index: usize, settings: &SamplerSettings<K>, start: &[f64], initial: &InitialMetric) -> Result<Self> {
        settings.check()?;
        let dim = start.len();
        let metric = initial.build(settings.metric, dim)?;
        let given = *initial != InitialMetric::Unit;
        Ok(Self {
            settings: settings.clone(),
            rng: keyed(settings.seed, "chain", index),
            stage: Stage::Start,
            point: Point { position: start.to_vec(), gradient: vec![0.0; dim], logp: 0.0 },
            state: settings.kernel.init(dim),
            search: StepSearch::new(dim),
            tuning: DualAveraging::new(settings),
            mass: MassAdaptation::new(&metric, given, settings.metric_adaptation),
            windows: Windows::new(settings, given),
            metric,
            step: settings.initial_step,
            used_step: settings.initial_step,
            transitions: 0,
            warmup_gradients: 0,
            sampling_gradients: 0,
            divergences: 0,
            stats: DrawStats::default(),
        })
    }

    /// Begins anew at another start, as if the chain had not begun; what it has spent stays counted.
    pub fn restart(&mut self, start: &[f64]) {
        self.point.position.copy_from_slice(start);
        self.step = self.settings.initial_step;
        self.stage = Stage::Start;
    }

    /// What the chain wants next.
    pub fn request(&self) -> Request<'_> {
        match self.stage {
            Stage::Start => Request::Gradient(&self.point.position),
            Stage::Search => Request::Gradient(self.search.position()),
            Stage::Transition => Request::Gradient(K::position(&self.state)),
            Stage::Waiting => Request::Pool,
            Stage::Finished | Stage::Failed(_) => Request::Finished,
        }
    }

    /// Gives the log density and gradient (`[dim]`) at the position asked for.
    ///
    /// # Errors
    /// A start where the density is not finite, a step-size search that finds nothing: the chain cannot go on, unless it is
    /// restarted.
    pub fn resume(&mut self, logp: f64, gradient: &[f64]) -> Result<Progress, ChainFailure> {
        let progress = self.take(logp, gradient);
        if let Err(failure) = &progress {
            self.stage = Stage::Failed(failure.clone());
        }
        progress
    }

    /// Gives the chain up for this reason.
    pub(super) fn fail(&mut self, failure: ChainFailure) {
        self.stage = Stage::Failed(failure);
    }

    /// Why the chain cannot go on, if it cannot.
    pub fn failure(&self) -> Option<&ChainFailure> {
        match &self.stage {
            Stage::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    fn take(&mut self, logp: f64, gradient: &[f64]) -> Result<Progress, ChainFailure> {
        match self.stage {
            Stage::Start => {
                self.warmup_gradients += 1;
                if !(logp.is_finite() && gradient.iter().all(|g| g.is_finite())) {
                    return Err(ChainFailure::NotFinite { logp });
                }
                self.point.logp = logp;
                self.point.gradient.copy_from_slice(gradient);
                if self.settings.warmup > 0 { self.begin_search() } else { self.begin_transition() }
            }
            Stage::Search => {
                self.warmup_gradients += 1;
                match self.search.resume(logp, gradient, &self.point, &self.metric, &mut self.rng) {
                    Search::Unfinished => {}
                    Search::Found(step) => {
                        self.step = step;
                        self.tuning.restart(step);
                        self.begin_transition();
                    }
                    Search::OutOfRange(step) if step > 1.0 => return Err(ChainFailure::StepTooLong { step }),
                    Search::OutOfRange(step) => {
                        return Err(ChainFailure::StepTooShort { step, logp: self.point.logp });
                    }
                }
            }
            Stage::Transition => {
                let kept = !self.warming_up();
                *(if kept { &mut self.sampling_gradients } else { &mut self.warmup_gradients }) += 1;
                let Self { settings, state, metric, rng, point, used_step, .. } = self;
                let dynamics = Dynamics { metric, step: *used_step, max_energy_error: settings.max_energy_error };
                let answer = Answer { logp, gradient };
                if let Some(info) = settings.kernel.resume(state, answer, dynamics, rng, point) {
                    self.finish_transition(info);
                    return Ok(Progress::Transition { kept });
                }
            }
            Stage::Waiting | Stage::Finished | Stage::Failed(_) => {}
        }
        Ok(Progress::Underway)
    }

    /// The newest draw.
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// What the transition to it did.
    pub fn stats(&self) -> &DrawStats {
        &self.stats
    }

    /// The tuned metric.
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// The tuned step size.
    pub fn step_size(&self) -> f64 {
        self.step
    }

    /// Transitions done, those of warm-up too.
    pub fn transitions(&self) -> usize {
        self.transitions
    }

    /// Whether the running transition is one of warm-up.
    pub fn warming_up(&self) -> bool {
        self.transitions < self.settings.warmup
    }

    /// Gradients spent: (warm-up, sampling).
    pub fn gradients(&self) -> (u64, u64) {
        (self.warmup_gradients, self.sampling_gradients)
    }

    /// Divergences since the present phase (warm-up or sampling) began.
    pub fn divergences(&self) -> u64 {
        self.divergences
    }

    fn begin_search(&mut self) {
        self.search.begin(&self.point, &self.metric, self.step, &mut self.rng);
        self.stage = Stage::Search;
    }

    fn begin_transition(&mut self) {
        let jitter = self.settings.step_jitter;
        self.used_step = self.step;
        if jitter > 0.0 {
            self.used_step *= 1.0 + jitter * (2.0 * self.rng.random::<f64>() - 1.0);
        }
        let Self { settings, state, metric, rng, point, used_step, .. } = self;
        let dynamics = Dynamics { metric, step: *used_step, max_energy_error: settings.max_energy_error };
        settings.kernel.begin(state, point, dynamics, rng);
        self.stage = Stage::Transition;
    }

    fn finish_transition(&mut self, info: Info) {
        self.stats = DrawStats { logp: self.point.logp, step_size: self.used_step, info };
        if self.transitions == self.settings.warmup {
            self.divergences = 0;
        }
        self.divergences += u64::from(info.diverging);
        let window_over = self.warming_up() && self.adapt();
        self.transitions += 1;
        if self.transitions == self.settings.warmup + self.settings.draws {
            self.stage = Stage::Finished;
        } else if window_over && self.mass.pooled() {
            self.stage = Stage::Waiting;
        } else if window_over {
            self.renew();
        } else {
            self.begin_transition();
        }
    }

    /// Learns from the transition just done; true if a window of the metric ends with it.
    fn adapt(&mut self) -> bool {
        self.step = self.tuning.update(self.stats.info.accept_stat);
        if self.windows.contains(self.transitions) {
            self.mass.add(&self.point);
        }
        let last = self.transitions + 1 == self.settings.warmup;
        if let (true, Some(step)) = (last, self.tuning.averaged()) {
            self.step = step;
        }
        self.windows.ends_at(self.transitions)
    }

    /// Takes the metric of the window that has ended, which wants a new step unless warm-up is over.
    fn renew(&mut self) {
        self.mass.finish(&mut self.metric, self.windows.end_at(self.transitions - 1));
        if self.warming_up() { self.begin_search() } else { self.begin_transition() }
    }

    /// Lets chains that all wait for each other go on, with the metric of their draws together; those that have failed are left out.
    /// Does nothing while one of the others still moves.
    pub fn pool(chains: &mut [Self]) {
        let waits = |chain: &Self| chain.request() == Request::Pool;
        if !chains.iter().all(|chain| waits(chain) || chain.request() == Request::Finished) {
            return;
        }
        let mut waiting = chains.iter().filter(|chain| waits(chain));
        let Some(mut all) = waiting.next().map(|chain| chain.mass.clone()) else { return };
        waiting.for_each(|chain| all.merge(&chain.mass));
        for chain in chains.iter_mut().filter(|chain| waits(chain)) {
            chain.mass.clone_from(&all);
            chain.renew();
        }
    }
}
