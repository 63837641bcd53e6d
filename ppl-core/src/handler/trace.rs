//! trace: records every site of a run.

use std::cell::RefCell;
use std::rc::Rc;

use indexmap::IndexMap;

use super::Handler;
use crate::autodiff::Value;
use crate::ctx::Ctx;
use crate::distributions::Distribution;
use crate::error::Result;
use crate::message::{Kind, Message, Plate};

/// What a run left of a site.
#[derive(Clone)]
pub struct Site {
    /// Which statement.
    pub kind: Kind,
    /// What it was drawn from, for sample sites.
    pub dist: Option<Rc<dyn Distribution>>,
    /// Its value.
    pub value: Value,
    /// Whether the value is data.
    pub observed: bool,
    /// What its log probability is multiplied with.
    pub scale: f64,
    /// The plates it stands in.
    pub plates: Vec<Plate>,
}

impl Site {
    /// Whether inference has to find it.
    pub fn is_latent(&self) -> bool {
        self.kind == Kind::Sample && !self.observed
    }

    /// Its term of the log density, one number per lane; `None` for sites that have none.
    ///
    /// # Errors
    /// Where the value does not fit the distribution.
    pub fn log_prob(&self) -> Result<Option<Vec<f64>>> {
        match (&self.dist, self.kind) {
            (Some(dist), Kind::Sample) => {
                Ok(Some(dist.log_prob(&self.value)?.numbers().iter().map(|lp| self.scale * lp).collect()))
            }
            (_, Kind::Factor) => Ok(Some(self.value.numbers().to_vec())),
            _ => Ok(None),
        }
    }
}

/// The sites of a run, in order.
#[derive(Clone, Default)]
pub struct Trace(IndexMap<Rc<str>, Site>);

impl Trace {
    /// The site of this name.
    pub fn get(&self, name: &str) -> Option<&Site> {
        self.0.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Names and sites, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Rc<str>, &Site)> {
        self.0.iter()
    }

    /// The log density of the run, one number per lane.
    ///
    /// # Errors
    /// As [`Site::log_prob`].
    pub fn log_prob(&self) -> Result<Vec<f64>> {
        let mut total = vec![0.0];
        for site in self.0.values() {
            let Some(term) = site.log_prob()? else { continue };
            if term.len() > total.len() {
                total = vec![total[0]; term.len()];
            }
            let shared = term.len() == 1;
            total.iter_mut().enumerate().for_each(|(l, t)| *t += term[if shared { 0 } else { l }]);
        }
        Ok(total)
    }
}

/// Records what passes into a trace that it shares.
#[derive(Clone, Default)]
pub struct Recorder(Rc<RefCell<Trace>>);

impl Recorder {
    /// What it has recorded.
    pub fn take(&self) -> Trace {
        self.0.take()
    }
}

impl Handler for Recorder {
    fn post(&mut self, message: &mut Message) -> Result<()> {
        let Some(value) = message.value.clone() else { return Ok(()) };
        let site = Site {
            kind: message.kind,
            dist: message.dist.clone(),
            value,
            observed: message.observed,
            scale: message.scale,
            plates: message.plates.clone(),
        };
        self.0.borrow_mut().0.insert(message.name.clone(), site);
        Ok(())
    }
}

/// Runs the model once and returns its sites.
///
/// # Errors
/// What the model returns.
pub fn trace<R>(model: impl Fn(&mut Ctx) -> Result<R>) -> Result<Trace> {
    trace_lanes(model, 1)
}

/// Runs the model once with this many lanes and returns its sites.
///
/// # Errors
/// What the model returns.
pub fn trace_lanes<R>(model: impl Fn(&mut Ctx) -> Result<R>, lanes: usize) -> Result<Trace> {
    let recorder = Recorder::default();
    Ctx::new(lanes).with(recorder.clone(), model)?;
    Ok(recorder.take())
}
