//! The sites of a model along one vector: what every automatic guide unpacks.

use std::rc::Rc;

use ppl_core::autodiff::{Tape, Value, Var};
use ppl_core::density::{Entry, Layout};
use ppl_core::distributions::{Delta, Distribution, SampledIn};
use ppl_core::error::Error as ModelError;
use ppl_core::handler::{Handler, Recorder, Seed};
use ppl_core::message::{Kind, Message};
use ppl_core::{Ctx, Outside};

use crate::error::{Error, Result};
use crate::svi::elbo::{Program, program};

/// The site that the vector is sampled under.
const VECTOR: &str = "_auto_latent";

/// The latent sites of a model, each with its stretch of the vector.
pub(super) struct Sites<'a> {
    model: Program<'a>,
    layout: Rc<Layout>,
    /// A distribution for each site that has its support; `None` where supports or gauges depend on other sites, so that the model
    /// has to be asked at every draw.
    fixed: Option<Rc<[Rc<dyn Distribution>]>>,
    /// Where params of the location start, `[dim]`.
    start: Vec<f64>,
}

/// Whether the transform to the support counts in the density of the guide.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Jacobian {
    Counts,
    /// A point on the constrained scale has no volume.
    LeftOut,
}

impl<'a> Sites<'a> {
    /// Traces the model once.
    pub(super) fn of<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a) -> Result<Self> {
        let (model, tape, recorder) = (program(model), Tape::recording(), Recorder::default());
        Ctx::on(1, tape.clone())
            .with(recorder.clone(), |ctx| ctx.with(Seed(0), |ctx| ctx.with(Traced(tape.clone()), |ctx| model(ctx))))?;
        let trace = recorder.take();
        for (name, site) in trace.iter().filter(|(_, site)| site.is_free()) {
            if let Some(plate) = site.plates.iter().find(|plate| plate.taken < plate.size) {
                return Err(Error::LocalSite { site: name.to_string(), plate: plate.name.to_string() });
            }
        }
        let layout = Layout::of(&trace)?;
        if layout.dim() == 0 {
            return Err(ModelError::NothingLatent.into());
        }
        let dists = layout.entries().iter().filter_map(|entry| trace.get(&entry.name)?.dist.clone());
        let dists: Vec<_> = dists.collect();
        let moves = dists.iter().any(|dist| {
            let support = dist.support();
            support.bounds().is_some_and(|(low, high)| low.is_traced() || high.is_traced())
                || dist.gauge().is_some_and(|gauge| gauge.is_traced())
        });
        let start = vec![0.0; layout.dim()];
        Ok(Sites { model, layout: Rc::new(layout), fixed: (!moves).then(|| dists.into()), start })
    }

    /// Length of the vector.
    pub(super) fn dim(&self) -> usize {
        self.layout.dim()
    }

    /// The model.
    pub(super) fn model(&self) -> &Program<'a> {
        &self.model
    }

    /// Where the location starts.
    pub(super) fn start(&self) -> &[f64] {
        &self.start
    }

    /// Another start, `[dim]`, unconstrained.
    pub(super) fn start_at(&mut self, start: &[f64]) -> Result<()> {
        if start.len() != self.dim() {
            return Err(Error::Length { what: "the start of a guide", expected: self.dim(), got: start.len() });
        }
        self.start = start.to_vec();
        Ok(())
    }

    /// Samples the vector, and the sites that it is made of.
    pub(super) fn unpack(
        &self,
        ctx: &mut Ctx,
        dist: impl SampledIn<(), Value = (usize,)>,
        jacobian: Jacobian,
    ) -> ppl_core::Result<()> {
        let layout = self.layout.clone();
        match &self.fixed {
            Some(dists) => {
                let unpack = Unpack { layout, dists: dists.clone(), jacobian };
                ctx.with(unpack, |ctx| ctx.sample(VECTOR, dist)).map(drop)
            }
            None => {
                let vector = ctx.with(Auxiliary, |ctx| ctx.sample(VECTOR, dist))?;
                let place = PlaceModel { layout, vector: vector.as_value().clone(), jacobian };
                ctx.with(place, |ctx| (self.model)(ctx))
            }
        }
    }
}

/// The value of a site at its stretch of the vector, as a draw of all its mass.
fn site(
    entry: &Entry,
    vector: &Value,
    dist: &dyn Distribution,
    jacobian: Jacobian,
) -> ppl_core::Result<(Value, Rc<dyn Distribution>)> {
    let (value, log_jacobian) = entry.place(vector, dist)?;
    let log_density = match log_jacobian.filter(|_| jacobian == Jacobian::Counts) {
        Some(log_jacobian) => -Var::<()>::from_value(log_jacobian),
        None => Var::scalar(0.0),
    };
    let delta = Rc::new(Delta::whole(&value, log_density));
    Ok((value, delta))
}

fn tell_auxiliary(message: &mut Message) {
    message.infer.insert("is_auxiliary".to_owned(), true.into());
}

/// Sends each site outwards once the vector is there.
struct Unpack {
    layout: Rc<Layout>,
    dists: Rc<[Rc<dyn Distribution>]>,
    jacobian: Jacobian,
}

impl Handler for Unpack {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> ppl_core::Result<()> {
        tell_auxiliary(message);
        Ok(())
    }

    fn post(&mut self, message: &mut Message, outside: &Outside<'_>) -> ppl_core::Result<()> {
        let Some(vector) = &message.value else { return Ok(()) };
        for (entry, dist) in self.layout.entries().iter().zip(&*self.dists) {
            let (value, delta) = site(entry, vector, &**dist, self.jacobian)?;
            let mut of_site = Message::new(entry.name.clone(), Kind::Sample, entry.dims, message.lanes);
            (of_site.value, of_site.dist) = (Some(value), Some(delta));
            outside.send(of_site)?;
        }
        Ok(())
    }
}

/// Marks the vector alone.
struct Auxiliary;

impl Handler for Auxiliary {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> ppl_core::Result<()> {
        tell_auxiliary(message);
        Ok(())
    }
}

/// Runs the model for its supports: its latent sites go outwards as points, what it scores stays inside.
struct PlaceModel {
    layout: Rc<Layout>,
    vector: Value,
    jacobian: Jacobian,
}

impl Handler for PlaceModel {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> ppl_core::Result<()> {
        match message.kind {
            Kind::Sample if message.is_latent() && message.value.is_none() => {
                let Some(dist) = message.dist.clone() else { return Ok(()) };
                let entry = self.layout.entries().iter().find(|entry| *entry.name == *message.name);
                let entry = entry
                    .ok_or_else(|| ModelError::UnstableSite { site: message.name.to_string(), change: "appears" })?;
                let (value, delta) = site(entry, &self.vector, &*dist, self.jacobian)?;
                (message.value, message.dist) = (Some(value), Some(delta));
            }
            Kind::Param | Kind::Mutable | Kind::Subsample => {}
            _ => message.stop = true,
        }
        Ok(())
    }
}

/// Puts params on a tape, so that a support that depends on one is seen to move.
struct Traced(Tape);

impl Handler for Traced {
    fn post(&mut self, message: &mut Message, _: &Outside<'_>) -> ppl_core::Result<()> {
        if message.kind == Kind::Param {
            message.value = message.value.as_ref().map(|value| value.on_tape(&self.0));
        }
        Ok(())
    }
}
