//! The log density of a model: its sites on one flat unconstrained vector.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::LogDensity;
use super::explanation::Explanation;
use super::layout::Layout;
#[cfg(feature = "cuda")]
use super::on_gpu::OnGpu;
use super::placement::{Placement, unstable};
use super::replay::{Planned, Replay, Replayed};
use super::worker::Lane;
use crate::autodiff::{Dims, Plan, Shape, Tape, Value, total};
use crate::ctx::Ctx;
use crate::distributions::Support;
use crate::error::{Error, Result};
use crate::handler::{Recorder, Site, Trace, seed, substitute, trace, trace_lanes};
use crate::message::Kind;
use crate::processor::Processor;
use crate::transform::{Draws, unconstrain};
use crate::values::Values;

/// The log density of a model over the unconstrained vector of its free sites, log Jacobians included.
///
/// After its first evaluations the model itself is not run any more: a plan of what it computed is replayed, without a closure,
/// a name or an allocation, once it has given the model's own bits at two other positions. A model that reads the numbers of a
/// traced value (`value()`, `lane()`) or draws at random is run as written; so what a model does must follow from its
/// arguments and its sites alone.
pub struct ModelDensity<M> {
    model: M,
    layout: Rc<Layout>,
    observed: Values,
    not_a_number: RefCell<BTreeMap<String, u64>>,
    replay: Replay,
    #[cfg(feature = "cuda")]
    gpu: Option<RefCell<OnGpu>>,
}

impl<M, R> ModelDensity<M>
where
    M: Fn(&mut Ctx) -> Result<R>,
{
    /// Traces the model once for its layout and checks it.
    ///
    /// # Errors
    /// What the model returns; free sites that are discrete, or none at all; statements that no log density can serve: a
    /// `param` without a value, a random subsample.
    pub fn new(model: M) -> Result<Self> {
        let trace = trace(seed(&model, 0))?;
        trace.iter().try_for_each(|(name, site)| served(name, site))?;
        let layout = Rc::new(Layout::of(&trace)?);
        if layout.dim() == 0 {
            return Err(Error::NothingLatent);
        }
        let mut observed = Values::new();
        for (name, site) in trace.iter().filter(|(_, site)| site.observed) {
            observed.insert(&**name, site.value.clone());
        }
        Ok(ModelDensity {
            model,
            layout,
            observed,
            not_a_number: RefCell::default(),
            replay: Replay::default(),
            #[cfg(feature = "cuda")]
            gpu: None,
        })
    }

    /// The same density with its pixels on a processor: on a GPU rays, light and images are there, priors and transforms on the host.
    /// Values agree with those of the host to the rounding of f32.
    ///
    /// # Errors
    /// What the model returns; of a GPU: a model that is run as written (see [`ModelDensity`]), an operation without a body for it.
    pub fn on(self, processor: &Processor) -> Result<Self> {
        match processor {
            Processor::Cpu => Ok(self),
            #[cfg(feature = "cuda")]
            Processor::Cuda(gpu) => self.on_gpu(gpu),
        }
    }

    #[cfg(feature = "cuda")]
    fn on_gpu(mut self, gpu: &crate::cuda::Gpu) -> Result<Self> {
        let position = self.draw_prior(0, 1)?;
        self.settle(&position)?;
        let plan = self.replay.trusted(1).ok_or(Error::NotPlanned)?;
        self.gpu = Some(RefCell::new(OnGpu::new(gpu, plan)?));
        Ok(self)
    }

    /// Which stretch of the vector belongs to which site.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The data of the observed sites.
    pub fn observed(&self) -> &Values {
        &self.observed
    }

    /// How often the log probability of each site was NaN.
    pub fn not_a_number(&self) -> BTreeMap<String, u64> {
        let mut all = self.not_a_number.borrow().clone();
        self.replay.not_a_number(|site, times| *all.entry(site.to_owned()).or_default() += times);
        #[cfg(feature = "cuda")]
        if let Some(gpu) = &self.gpu {
            let gpu = gpu.borrow();
            for (which, times) in gpu.not_a_number.iter().enumerate().filter(|(_, times)| **times > 0) {
                let site = gpu.plan().sites.get(which).map_or("gradient", |site| site);
                *all.entry(site.to_owned()).or_default() += times;
            }
        }
        all
    }

    /// All sites at unconstrained positions `[lanes, dim]`, deterministic ones included.
    ///
    /// # Errors
    /// What the model returns.
    pub fn run_at(&self, positions: &[f64]) -> Result<Trace> {
        let lanes = positions.len().checked_div(self.layout.dim()).unwrap_or(1);
        let q = Value::constant(Shape::new(lanes, Dims::new(&[self.layout.dim()])), positions.to_vec());
        let place = Placement::new(q, self.layout.clone(), false);
        let recorder = Recorder::default();
        Ctx::new(lanes).unchecked().with(recorder.clone(), |ctx| ctx.with(place, &self.model))?;
        Ok(recorder.take())
    }

    /// The unconstrained position of the given values; sites that are not named are drawn from their priors.
    ///
    /// # Errors
    /// What the model returns; values that do not fit their sites.
    pub fn position_of(&self, values: &Values, seed_of_rest: u64) -> Result<Vec<f64>> {
        self.positions(&trace(seed(substitute(&self.model, values.clone()), seed_of_rest))?.trace, 1)
    }

    /// Positions `[lanes, dim]` drawn from the prior.
    ///
    /// # Errors
    /// What the model returns.
    pub fn draw_prior(&self, seed_of_draws: u64, lanes: usize) -> Result<Vec<f64>> {
        self.positions(&trace_lanes(seed(&self.model, seed_of_draws), lanes)?.trace, lanes)
    }

    fn positions(&self, trace: &Trace, lanes: usize) -> Result<Vec<f64>> {
        let dim = self.layout.dim();
        let mut positions = vec![0.0; lanes * dim];
        for entry in self.layout.entries() {
            let site = trace.get(&entry.name).ok_or_else(|| unstable(&entry.name, "is missing"))?;
            let Some(dist) = &site.dist else { continue };
            let numbers = match dist.support() {
                Support::Interval { low, high } | Support::Integers { low, high } => {
                    let value = dist.gauge().map_or(Ok(site.value.clone()), |gauge| gauge.undo(&site.value))?;
                    unconstrain(&value, lanes, [&low, &high])
                }
                Support::Vector(support) => {
                    Draws::of(&entry.name, support, entry.dims, dist.event_rank())?.unconstrain(&site.value, lanes)
                }
            };
            for (lane, row) in numbers.chunks_exact(entry.len.max(1)).enumerate() {
                let at = lane * dim + entry.offset;
                positions[at..at + row.len()].copy_from_slice(row);
            }
        }
        Ok(positions)
    }

    /// Runs the model itself; its plan, where it is still to be made or to prove itself, is held against it.
    fn evaluate_as_written(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        let (lanes, dim) = (logp.len(), self.layout.dim());
        let run = self.record(positions, lanes)?;
        if self.replay.wants_plan() {
            let values: Vec<Value> = run.terms.iter().map(|(_, term)| term.clone()).collect();
            let sites = run.terms.iter().map(|(site, _)| site.clone()).collect();
            let plan = Plan::of(&run.tape, &run.q, &run.sum, &values).map(|plan| Planned { plan, sites });
            self.replay.offer(plan, positions);
        }
        run.tape.backward(&run.sum)?;
        match run.q.take_gradient() {
            Some(gradient) => grad.copy_from_slice(gradient.numbers()),
            None => grad.fill(0.0),
        }
        for (lane, (logp, grad)) in logp.iter_mut().zip(grad.chunks_exact_mut(dim)).enumerate() {
            *logp = run.sum.peek_lane(lane)[0];
            if (Lane { logp, grad }).settle() {
                let odd = run.terms.iter().find(|(_, term)| term.peek_lane(lane)[0].is_nan());
                let site = odd.map_or("gradient", |(site, _)| site);
                *self.not_a_number.borrow_mut().entry(site.to_owned()).or_default() += 1;
            }
        }
        self.replay.compare(positions, logp, grad)
    }

    /// Runs the model once on a tape.
    fn record(&self, positions: &[f64], lanes: usize) -> Result<Recorded> {
        let tape = Tape::recording();
        let q = Value::leaf(&tape, Shape::new(lanes, Dims::new(&[self.layout.dim()])), positions.to_vec());
        let place = Placement::new(q.clone(), self.layout.clone(), true);
        let terms = place.terms();
        Ctx::on(lanes, tape.clone()).unchecked().with(place, &self.model)?;
        let terms = terms.take();
        let sum = total(&terms.iter().map(|(_, term)| term.clone()).collect::<Vec<_>>())?;
        Ok(Recorded { tape, q, terms, sum })
    }

    /// Evaluates the model near these positions `[lanes, dim]` until it is known whether it has a plan.
    ///
    /// A model that is run as written holds all lanes of a call in memory, a plan those of a block: with one lane here, a first call of
    /// many needs no more memory than a later one.
    ///
    /// # Errors
    /// What the model returns.
    pub fn settle(&self, positions: &[f64]) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let (mut logp, mut grad) = (vec![0.0; positions.len() / self.layout.dim()], vec![0.0; positions.len()]);
        for step in 0..16 {
            if self.replayed() != Replayed::Trial {
                break;
            }
            let near: Vec<f64> = positions.iter().map(|q| q + 1e-6 * f64::from(step)).collect();
            self.logp_and_grad(&near, &mut logp, &mut grad)?;
        }
        Ok(())
    }

    /// How the density is evaluated: by a plan, or by running the model.
    pub fn replayed(&self) -> Replayed {
        self.replay.status()
    }

    /// The operations of the plan, with their shapes, bytes and times at positions `[lanes, dim]`; `None` of a model that is
    /// run as written. Evaluates the model until its plan is trusted. On a GPU: what host and device take of a call, too.
    ///
    /// # Errors
    /// What the model returns.
    pub fn explain(&self, positions: &[f64]) -> Result<Option<Explanation>> {
        let dim = self.layout.dim();
        let lanes = positions.len() / dim;
        #[cfg(feature = "cuda")]
        if let Some(gpu) = &self.gpu {
            return gpu.borrow_mut().explain(positions, lanes).map(Some);
        }
        self.settle(positions)?;
        self.replay.trusted(lanes).map(|plan| self.replay.explain(&plan, positions, lanes)).transpose()
    }
}

/// Refuses a statement that no log density can serve.
fn served(name: &str, site: &Site) -> Result<()> {
    let (statement, advice) = match site.kind {
        Kind::Param if !site.given => {
            ("param", "give it a value with `substitute` or a prior with `lift`, or fit it with an engine for params")
        }
        Kind::Subsample if !site.given && site.plates.iter().any(|p| p.taken < p.size) => {
            ("plate_subsample", "use a whole `plate`, or an engine for minibatches")
        }
        _ => return Ok(()),
    };
    Err(Error::Unserved { site: name.to_owned(), statement, engine: "a log density (MAP, HMC, NUTS)", advice })
}

/// One run of a model on a tape.
struct Recorded {
    tape: Tape,
    q: Value,
    terms: Vec<(Rc<str>, Value)>,
    sum: Value,
}

impl<M, R> LogDensity for ModelDensity<M>
where
    M: Fn(&mut Ctx) -> Result<R>,
{
    fn dim(&self) -> usize {
        self.layout.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        #[cfg(feature = "cuda")]
        if let Some(gpu) = &self.gpu {
            return gpu.borrow_mut().evaluate(positions, logp, grad);
        }
        if let Some(plan) = self.replay.trusted(logp.len()) {
            return self.replay.evaluate(&plan, positions, logp, grad);
        }
        match self.evaluate_as_written(positions, logp, grad) {
            // A model that branches on a value has to run one lane a call.
            Err(Error::ValueOfLanes { .. }) if logp.len() > 1 => {
                self.replay.never(Replayed::AsWritten);
                let dim = self.layout.dim();
                for lane in 0..logp.len() {
                    let row = lane * dim..(lane + 1) * dim;
                    self.evaluate_as_written(&positions[row.clone()], &mut logp[lane..=lane], &mut grad[row])?;
                }
                Ok(())
            }
            result => result,
        }
    }
}
