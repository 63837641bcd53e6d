//! `Ctx`: what a model function talks to; each of its statements sends a message through the handlers.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::autodiff::{Dims, IntoVar, Rank, Tape, Value, Var};
use crate::distributions::{Distribution, ImproperUniform, SampledIn};
use crate::error::{Error, Result};
use crate::message::{Kind, Message, Plate};
use crate::run::{Handler, Initial, Run};
use crate::scope::Scope;
use crate::support::Support;

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
    run: Rc<Run>,
    plates: Vec<Plate>,
    depth: PhantomData<Depth>,
}

impl Ctx {
    /// A context for a run with this many lanes and no handler.
    pub fn new(lanes: usize) -> Self {
        Ctx::on(lanes, Tape::recording())
    }

    /// A context for a run whose draws are leaves of `tape`, as those of an engine that wants gradients are.
    pub fn on(lanes: usize, tape: Tape) -> Self {
        Ctx { run: Rc::new(Run::new(lanes, tape)), plates: vec![], depth: PhantomData }
    }

    /// Leaves out the checks of constant parameters, which an earlier run of the same model has made.
    pub(crate) fn unchecked(self) -> Self {
        self.run.leave_out_checks();
        self
    }
}

impl<Depth: Rank> Ctx<Depth> {
    /// How many lanes this run has.
    pub fn lanes(&self) -> usize {
        self.run.lanes()
    }

    /// Draws a latent value.
    ///
    /// # Errors
    /// A repeated name, a shape that does not fit the plate, a parameter outside its domain, no seed for a draw.
    pub fn sample<D: SampledIn<Depth>>(&mut self, site: impl AsRef<str>, dist: D) -> Result<Var<D::Value>> {
        let message = self.sample_message(site.as_ref(), Rc::new(dist))?;
        self.run.send(message).and_then(|m| value_of(&m)).map(Var::from_value)
    }

    /// Draws a latent value from a distribution known at run time only, of whatever shape its draws have.
    ///
    /// # Errors
    /// As [`Ctx::sample`].
    pub fn sample_value(&mut self, site: impl AsRef<str>, dist: Rc<dyn Distribution>) -> Result<Value> {
        let message = self.sample_message(site.as_ref(), dist)?;
        self.run.send(message).and_then(|m| value_of(&m))
    }

    /// Scores data under a distribution.
    ///
    /// # Errors
    /// As [`Ctx::sample`], and data that do not fit the distribution or hold a NaN.
    pub fn observe<D: SampledIn<Depth>>(&mut self, site: impl AsRef<str>, dist: D, data: impl IntoVar) -> Result<()> {
        let data = data.into_var();
        if self.run.checks()
            && !data.as_value().is_traced()
            && let Some(index) = data.as_value().peek().numbers().iter().position(|x| x.is_nan())
        {
            return Err(Error::MissingData { site: site.as_ref().to_owned(), index });
        }
        self.score(site.as_ref(), Rc::new(dist), data.as_value())
    }

    /// Scores data of which some are missing (`None`, or NaN): each of these becomes a latent number of the site
    /// `SITE_missing`, in the order of the data, with what the distribution says of it.
    ///
    /// ```
    /// use ppl_core::distributions::Normal;
    /// use ppl_core::{Ctx, ModelDensity, Result};
    ///
    /// fn model(ctx: &mut Ctx) -> Result<()> {
    ///     let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
    ///     ctx.observe_missing("y", Normal::new(mu, 1.0), [Some(1.2), None, Some(1.9)])
    /// }
    ///
    /// let names: Vec<String> = ModelDensity::new(model)?.layout().entries().iter().map(|e| e.name.to_string()).collect();
    /// assert_eq!(names, ["mu", "y_missing"]);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ctx::sample`]; a distribution of whole numbers or of vectors, which has no such latent numbers.
    pub fn observe_missing<D: SampledIn<Depth>>(
        &mut self,
        site: impl AsRef<str>,
        dist: D,
        data: impl IntoVar,
    ) -> Result<()> {
        let (site, data, dist) = (site.as_ref(), data.into_var(), Rc::new(dist));
        let numbers = data.as_value().numbers();
        let missing: Vec<usize> = (0..numbers.len()).filter(|i| numbers[*i].is_nan()).collect();
        if missing.is_empty() {
            return self.score(site, dist, data.as_value());
        }
        let latent = ImproperUniform::of_missing(site, &*dist, data.dims(), &missing)?;
        let mut message = self.message(&format!("{site}_missing"), Kind::Sample, latent.dims());
        message.dist = Some(Rc::new(latent));
        let imputed = value_of(&self.run.send(message)?)?;
        self.score(site, dist, &data.as_value().filled(&missing, &imputed)?)
    }

    fn score(&mut self, site: &str, dist: Rc<dyn Distribution>, data: &Value) -> Result<()> {
        let mut message = self.sample_message(site, dist)?;
        if self.plates.is_empty() && message.dims.broadcast(data.dims()) == Some(data.dims()) {
            // Many observations of one distribution need no plate.
            message.dims = data.dims();
        }
        message.observe(data)?;
        self.run.send(message).map(drop)
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
    /// The axis of an inner plate lies to the left of those of the plates around it (Pyro's rule), so that what was sampled in
    /// an outer plate broadcasts by itself:
    ///
    /// ```text
    /// plate "group" of 3                      theta        [3]        one for each group
    ///   plate "trial" of 5, inside "group"    y         [5, 3]        y[i, j] follows theta[j]
    /// ```
    ///
    /// # Errors
    /// What `body` returns; a plate without elements.
    pub fn plate<R>(
        &mut self,
        name: impl AsRef<str>,
        size: usize,
        body: impl FnOnce(&mut Ctx<Depth::Up>) -> Result<R>,
    ) -> Result<R> {
        self.inside(Plate { name: name.as_ref().into(), size, taken: size }, body)
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
        let plate = Plate { name: name.as_ref().into(), size, taken };
        let mut message = self.message(name.as_ref(), Kind::Subsample, Dims::new(&[taken]));
        message.lanes = 1;
        message.plates = vec![plate.clone()];
        let value = value_of(&self.run.send(message)?)?;
        let indices: Vec<usize> = value.lane(0).iter().map(|i| *i as usize).collect();
        self.inside(plate, |ctx| body(ctx, &indices))
    }

    /// Runs `body` with `name.` before the names of its sites.
    ///
    /// # Errors
    /// What `body` returns.
    pub fn scope<R>(&mut self, name: &str, body: impl FnOnce(&mut Ctx<Depth>) -> Result<R>) -> Result<R> {
        self.with(Scope::new(name), body)
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
        self.run.push(Box::new(handler));
        let result = body(self);
        self.run.pop();
        result
    }

    fn inside<R>(&self, plate: Plate, body: impl FnOnce(&mut Ctx<Depth::Up>) -> Result<R>) -> Result<R> {
        if plate.taken == 0 {
            return Err(Error::EmptyPlate { plate: plate.name.to_string() });
        }
        if self.plates.len() == Dims::MAX_RANK {
            return Err(Error::TooManyPlates { plate: plate.name.to_string(), most: Dims::MAX_RANK });
        }
        let plates = self.plates.iter().cloned().chain([plate]).collect();
        body(&mut Ctx { run: self.run.clone(), plates, depth: PhantomData })
    }

    fn sample_message(&self, site: &str, dist: Rc<dyn Distribution>) -> Result<Message> {
        if self.run.checks() {
            dist.check(&format!("site `{site}`"))?;
        }
        let dims = self.site_dims(site, &*dist)?;
        let mut message = self.message(site, Kind::Sample, dims);
        message.dist = Some(dist);
        message.scale = self.plates.iter().map(|p| p.size as f64 / p.taken as f64).product();
        message.plates.clone_from(&self.plates);
        Ok(message)
    }

    /// Plates, innermost first, with the batch dimensions that they broadcast with, event dimensions innermost.
    fn site_dims(&self, site: &str, dist: &dyn Distribution) -> Result<Dims> {
        let dims = dist.dims();
        if self.plates.is_empty() {
            return Ok(dims);
        }
        let (batch, event) = dims.split(dist.event_rank());
        let plates: Vec<usize> = self.plates.iter().rev().map(|p| p.taken).collect();
        for (i, plate) in self.plates.iter().enumerate() {
            // The outermost plate is the innermost of the batch dimensions.
            let size = batch.rank().checked_sub(i + 1).map(|at| batch.sizes()[at]);
            if size.is_some_and(|s| s != 1 && s != plate.taken) {
                return Err(Error::PlateShape {
                    site: site.to_owned(),
                    plate: plate.name.to_string(),
                    size: plate.taken,
                    got: dims,
                });
            }
        }
        if plates.len().max(batch.rank()) + event.rank() > Dims::MAX_RANK {
            let plate = self.plates.last().map_or_else(String::new, |p| p.name.to_string());
            return Err(Error::TooManyPlates { plate, most: Dims::MAX_RANK });
        }
        let plates = Dims::new(&plates);
        let whole = plates.broadcast(batch);
        whole.map(|w| w.then(event)).ok_or(Error::Broadcast { left: plates, right: dims })
    }

    fn message(&self, site: &str, kind: Kind, dims: Dims) -> Message {
        Message::new(site.into(), kind, dims, self.run.lanes())
    }

    pub(crate) fn record(&self, site: &str, kind: Kind, value: Value) -> Result<Value> {
        value.check()?;
        let mut message = self.message(site, kind, value.dims());
        message.value = Some(value);
        message.plates.clone_from(&self.plates);
        value_of(&self.run.send(message)?)
    }

    /// Sends a statement whose value of `dims` is `initial` where no handler gives it another.
    pub(crate) fn keep(
        &self,
        (site, kind): (&str, Kind),
        dims: Dims,
        constraint: Support,
        initial: &mut Initial<'_>,
    ) -> Result<Value> {
        let mut message = self.message(site, kind, dims);
        message.constraint = constraint;
        message.plates.clone_from(&self.plates);
        value_of(&self.run.send_or(message, initial)?)
    }
}

fn value_of(message: &Message) -> Result<Value> {
    message.value.clone().ok_or_else(|| Error::NoSeed { site: message.name.to_string() })
}
