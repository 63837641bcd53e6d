//! `Ctx`: what a model function talks to; each of its statements sends a message through the handlers.

use std::cell::RefCell;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::rc::Rc;

use rand::seq::index;

use crate::autodiff::{Dims, IntoVar, Rank, Tape, Value, Var};
use crate::distributions::{Distribution, SampledIn};
use crate::error::{Error, Result};
use crate::handler::Handler;
use crate::message::{Kind, Message, Plate};
use crate::rng;

/// The state of one run of a model, shared by the contexts of its plates and scopes.
struct Run {
    lanes: usize,
    handlers: Vec<Box<dyn Handler>>,
    names: HashSet<Rc<str>>,
    checks: bool,
    /// Draws are leaves on it, which tells what depends on a draw from what is constant.
    tape: Tape,
}

/// The context of a running model, inside plates of depth `Depth`.
///
/// A model is any `Fn(&mut Ctx) -> Result<R>`:
///
/// ```
/// use ppl_core::distributions::{HalfNormal, Normal};
/// use ppl_core::{Ctx, Result, handler};
///
/// fn model(ctx: &mut Ctx) -> Result<()> {
///     let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
///     let sigma = ctx.sample("sigma", HalfNormal::new(1.0))?;
///     ctx.observe("y", Normal::new(mu, sigma), [1.2, 0.7, 1.9])
/// }
///
/// let trace = handler::trace(handler::seed(model, 1)).unwrap();
/// assert_eq!(trace.names().collect::<Vec<_>>(), ["mu", "sigma", "y"]);
/// ```
pub struct Ctx<Depth: Rank = ()> {
    run: Rc<RefCell<Run>>,
    plates: Vec<Plate>,
    prefix: String,
    depth: PhantomData<Depth>,
}

impl Ctx {
    /// A context for a run with this many lanes and no handler.
    pub fn new(lanes: usize) -> Self {
        let run = Run { lanes, handlers: vec![], names: HashSet::new(), checks: true, tape: Tape::recording() };
        Ctx { run: Rc::new(RefCell::new(run)), plates: vec![], prefix: String::new(), depth: PhantomData }
    }

    /// Leaves out the checks of constant parameters, which an earlier run of the same model has made.
    pub(crate) fn unchecked(self) -> Self {
        self.run.borrow_mut().checks = false;
        self
    }
}

impl<Depth: Rank> Ctx<Depth> {
    /// How many lanes this run has.
    pub fn lanes(&self) -> usize {
        self.run.borrow().lanes
    }

    /// Draws a latent value.
    ///
    /// # Errors
    /// A repeated name, a shape that does not fit the plate, a parameter outside its domain, no seed for a draw.
    pub fn sample<D: SampledIn<Depth>>(&mut self, site: impl AsRef<str>, dist: D) -> Result<Var<D::Value>> {
        let message = self.sample_message(site.as_ref(), Rc::new(dist))?;
        self.send(message).and_then(|m| value_of(&m)).map(Var::from_value)
    }

    /// Scores data under a distribution.
    ///
    /// # Errors
    /// As [`Ctx::sample`], and data that do not fit the distribution.
    pub fn observe<D: SampledIn<Depth>>(&mut self, site: impl AsRef<str>, dist: D, data: impl IntoVar) -> Result<()> {
        let mut message = self.sample_message(site.as_ref(), Rc::new(dist))?;
        let data = data.into_var();
        let dims = message.dims.broadcast(data.dims());
        if self.plates.is_empty() && dims == Some(data.dims()) {
            // Many observations of one distribution need no plate.
            message.dims = data.dims();
        }
        message.observe(data.as_value())?;
        self.send(message).map(drop)
    }

    /// A free parameter without a prior, at `init` until an engine moves it.
    ///
    /// # Errors
    /// A repeated name.
    pub fn param<I: IntoVar>(&mut self, site: impl AsRef<str>, init: I) -> Result<Var<I::Rank>> {
        let init = init.into_var();
        self.record(site.as_ref(), Kind::Param, init.as_value().clone()).map(Var::from_value)
    }

    /// Records a value under a name, so that it appears among the draws.
    ///
    /// # Errors
    /// A repeated name.
    pub fn deterministic<S: Rank>(&mut self, site: impl AsRef<str>, value: Var<S>) -> Result<Var<S>> {
        self.record(site.as_ref(), Kind::Deterministic, value.as_value().clone()).map(Var::from_value)
    }

    /// Adds a term to the log density.
    ///
    /// # Errors
    /// A repeated name.
    pub fn factor(&mut self, site: impl AsRef<str>, log_factor: impl IntoVar<Rank = ()>) -> Result<()> {
        self.record(site.as_ref(), Kind::Factor, log_factor.into_var().as_value().clone()).map(drop)
    }

    /// Declares `size` conditionally independent copies of what `body` samples: ranks inside are one higher.
    ///
    /// # Errors
    /// What `body` returns.
    pub fn plate<R>(
        &mut self,
        name: impl AsRef<str>,
        size: usize,
        body: impl FnOnce(&mut Ctx<Depth::Up>) -> Result<R>,
    ) -> Result<R> {
        let plate = Plate { name: self.full_name(name.as_ref()), size, taken: size };
        self.inside(plate, body)
    }

    /// A plate of which each run takes `taken` elements at random; the log probability inside is scaled by `size / taken`.
    ///
    /// # Errors
    /// No seed to draw the elements with, and what `body` returns.
    pub fn plate_subsample<R>(
        &mut self,
        name: impl AsRef<str>,
        size: usize,
        taken: usize,
        body: impl FnOnce(&mut Ctx<Depth::Up>, &[usize]) -> Result<R>,
    ) -> Result<R> {
        let taken = taken.min(size);
        let plate = Plate { name: self.full_name(name.as_ref()), size, taken };
        let mut message = self.message(plate.name.clone(), Kind::Subsample, Dims::new(&[taken]))?;
        message.lanes = 1;
        message.plates = vec![plate.clone()];
        let message = self.send(message)?;
        let value = value_of(&message)?;
        let indices: Vec<usize> = value.lane(0).iter().map(|i| *i as usize).collect();
        self.inside(plate, |ctx| body(ctx, &indices))
    }

    /// Runs `body` with `name.` before the names of its sites.
    ///
    /// # Errors
    /// What `body` returns.
    pub fn scope<R>(&mut self, name: &str, body: impl FnOnce(&mut Ctx<Depth>) -> Result<R>) -> Result<R> {
        let prefix = format!("{}{name}.", self.prefix);
        body(&mut Ctx { run: self.run.clone(), plates: self.plates.clone(), prefix, depth: PhantomData })
    }

    /// Runs `body` under one more handler, the innermost.
    ///
    /// # Errors
    /// What `body` returns.
    pub fn with<R>(
        &mut self,
        handler: impl Handler + 'static,
        body: impl FnOnce(&mut Ctx<Depth>) -> Result<R>,
    ) -> Result<R> {
        self.run.borrow_mut().handlers.push(Box::new(handler));
        let result = body(self);
        self.run.borrow_mut().handlers.pop();
        result
    }

    fn inside<R>(&self, plate: Plate, body: impl FnOnce(&mut Ctx<Depth::Up>) -> Result<R>) -> Result<R> {
        let plates = self.plates.iter().cloned().chain([plate]).collect();
        body(&mut Ctx { run: self.run.clone(), plates, prefix: self.prefix.clone(), depth: PhantomData })
    }

    fn full_name(&self, name: &str) -> Rc<str> {
        if self.prefix.is_empty() { name.into() } else { format!("{}{name}", self.prefix).into() }
    }

    fn sample_message(&self, site: &str, dist: Rc<dyn Distribution>) -> Result<Message> {
        let name = self.full_name(site);
        if self.run.borrow().checks {
            dist.check(&format!("site `{name}`"))?;
        }
        let dims = self.site_dims(&name, &*dist)?;
        let mut message = self.message(name, Kind::Sample, dims)?;
        message.dist = Some(dist);
        message.scale = self.plates.iter().map(|p| p.size as f64 / p.taken as f64).product();
        message.plates.clone_from(&self.plates);
        Ok(message)
    }

    /// Plates to the left of the batch dimensions they broadcast with, event dimensions innermost.
    fn site_dims(&self, site: &str, dist: &dyn Distribution) -> Result<Dims> {
        let dims = dist.dims();
        if self.plates.is_empty() {
            return Ok(dims);
        }
        let (batch, event) = dims.sizes().split_at(dims.rank() - dist.event_rank());
        let plates = Dims::new(&self.plates.iter().map(|p| p.taken).collect::<Vec<_>>());
        let offset = batch.len().max(plates.rank()) - plates.rank();
        for (i, plate) in self.plates.iter().enumerate().rev() {
            let size = (i + batch.len() + offset).checked_sub(plates.rank()).and_then(|at| batch.get(at));
            if size.is_some_and(|s| *s != 1 && *s != plate.taken) {
                return Err(Error::PlateShape {
                    site: site.to_owned(),
                    plate: plate.name.to_string(),
                    size: plate.taken,
                    got: dims,
                });
            }
        }
        let whole = plates.broadcast(Dims::new(batch));
        whole.map(|w| w.then(Dims::new(event))).ok_or(Error::Broadcast { left: plates, right: dims })
    }

    fn message(&self, name: Rc<str>, kind: Kind, dims: Dims) -> Result<Message> {
        let mut run = self.run.borrow_mut();
        if !run.names.insert(name.clone()) {
            return Err(Error::RepeatedSite { site: name.to_string() });
        }
        let lanes = run.lanes;
        Ok(Message {
            name,
            kind,
            dist: None,
            dims,
            value: None,
            observed: false,
            scale: 1.0,
            plates: vec![],
            lanes,
            seed: None,
            stop: false,
        })
    }

    fn record(&self, site: &str, kind: Kind, value: Value) -> Result<Value> {
        let mut message = self.message(self.full_name(site), kind, value.dims())?;
        // A param is at its initial value only where no handler gives it another.
        let given = (kind != Kind::Param).then(|| value.clone());
        message.value = given;
        Ok(self.send(message)?.value.unwrap_or(value))
    }

    /// Innermost handler first; then the default; then back from the handler that stopped it to the innermost.
    fn send(&self, mut message: Message) -> Result<Message> {
        let Run { handlers, tape, .. } = &mut *self.run.borrow_mut();
        let mut outermost = 0;
        for (i, handler) in handlers.iter_mut().enumerate().rev() {
            handler.process(&mut message)?;
            if message.stop {
                outermost = i;
                break;
            }
        }
        if message.value.is_none() {
            message.value = draw(&message)?.map(|value| value.on_tape(tape));
        }
        for handler in &mut handlers[outermost..] {
            handler.post(&mut message)?;
        }
        Ok(message)
    }
}

/// What a site is without a handler's word: a draw, keyed by seed, name and lane.
fn draw(message: &Message) -> Result<Option<Value>> {
    if !matches!(message.kind, Kind::Sample | Kind::Subsample) {
        return Ok(None);
    }
    let seed = message.seed.ok_or_else(|| Error::NoSeed { site: message.name.to_string() })?;
    let mut rngs: Vec<_> = (0..message.lanes).map(|lane| rng::keyed(seed, &message.name, lane)).collect();
    match &message.dist {
        Some(dist) => dist.sample(&mut rngs, message.dims).map(Some),
        None => Ok(message.plates.first().map(|plate| {
            let indices = index::sample(&mut rngs[0], plate.size, plate.taken);
            Value::shared(message.dims, indices.iter().map(|i| i as f64).collect())
        })),
    }
}

fn value_of(message: &Message) -> Result<Value> {
    message.value.clone().ok_or_else(|| Error::NoSeed { site: message.name.to_string() })
}
