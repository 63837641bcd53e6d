//! trace: records every site of a run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::Handler;
use crate::autodiff::Value;
use crate::ctx::Ctx;
use crate::distributions::Distribution;
use crate::error::Result;
use crate::message::{Kind, Message, Plate};
use crate::run::Outside;
use crate::score::{score, score_factor};

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
    /// Whether a handler gave it its value.
    pub given: bool,
    /// What its log probability is multiplied with.
    pub scale: f64,
    /// Which elements count, where not all do.
    pub mask: Option<Value>,
    /// What engines are told of it.
    pub infer: BTreeMap<String, Json>,
    /// The plates it stands in.
    pub plates: Vec<Plate>,
}

impl Site {
    /// Whether it is sampled, and without data.
    pub fn is_latent(&self) -> bool {
        self.kind == Kind::Sample && !self.observed
    }

    /// Whether inference has to find it: latent, and no handler has given it a value.
    pub fn is_free(&self) -> bool {
        self.is_latent() && !self.given
    }

    /// Its term of the log density, one number per lane; `None` for sites that have none.
    ///
    /// # Errors
    /// Where the value does not fit the distribution.
    pub fn log_prob(&self) -> Result<Option<Vec<f64>>> {
        Ok(self.term()?.map(|term| term.numbers().to_vec()))
    }

    /// Its term of the log density as a value, through which gradients flow to what the run was traced by.
    ///
    /// # Errors
    /// As [`Site::log_prob`].
    pub fn term(&self) -> Result<Option<Value>> {
        match (&self.dist, self.kind) {
            (Some(dist), Kind::Sample) => score(&**dist, &self.value, self.mask.as_ref(), self.scale).map(Some),
            (_, Kind::Factor) => score_factor(&self.value, self.mask.as_ref(), self.scale).map(Some),
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

    /// The sites of these names alone.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Trace {
        let kept = self.0.iter().filter(|(name, _)| names.iter().any(|n| **n == ***name));
        Trace(kept.map(|(name, site)| (name.clone(), site.clone())).collect())
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
    fn post(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        let Some(value) = message.value.clone() else { return Ok(()) };
        if message.kind == Kind::Update {
            // A mutable is what it was last updated to.
            if let Some(site) = self.0.borrow_mut().0.get_mut(&message.name) {
                site.value = value;
            }
            return Ok(());
        }
        let site = Site {
            kind: message.kind,
            dist: message.dist.clone(),
            value,
            observed: message.observed,
            given: message.given,
            scale: message.scale,
            mask: message.mask.clone(),
            infer: message.infer.clone(),
            plates: message.plates.clone(),
        };
        self.0.borrow_mut().0.insert(message.name.clone(), site);
        Ok(())
    }
}

/// What a run left: its sites, and what the model returned.
#[derive(Clone)]
pub struct Traced<R> {
    /// What the model returned.
    pub returned: R,
    /// Its sites.
    pub trace: Trace,
}

impl<R> Deref for Traced<R> {
    type Target = Trace;
    fn deref(&self) -> &Trace {
        &self.trace
    }
}

/// Runs the model once; its sites, and what it returned.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0)).map(|mu| mu * 2.0);
/// let run = handler::trace(handler::seed(model, 1))?;
/// assert_eq!(run.returned.value()?, 2.0 * run.get("mu").unwrap().value.numbers()[0]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// What the model returns.
pub fn trace<R>(model: impl Fn(&mut Ctx) -> Result<R>) -> Result<Traced<R>> {
    trace_lanes(model, 1)
}

/// Runs the model once with this many lanes.
///
/// # Errors
/// What the model returns.
pub fn trace_lanes<R>(model: impl Fn(&mut Ctx) -> Result<R>, lanes: usize) -> Result<Traced<R>> {
    let recorder = Recorder::default();
    let returned = Ctx::new(lanes).with(recorder.clone(), model)?;
    Ok(Traced { returned, trace: recorder.take() })
}
