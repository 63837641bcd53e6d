//! priors: swaps the distributions of latent sites for those of a prior set.

use std::rc::Rc;

use super::Handler;
use super::seed::seed;
use super::seen::Seen;
use super::trace::trace;
use crate::ctx::Ctx;
use crate::distributions::{Any, InUnits};
use crate::error::{Error, Result};
use crate::message::Message;
use crate::priors::PriorSet;
use crate::run::Outside;

/// Replaces the distribution of each latent site that the set names; the transform follows from the new support.
pub struct Priors {
    set: Rc<PriorSet>,
    seen: Seen,
}

impl Handler for Priors {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if !message.is_latent() {
            return Ok(());
        }
        self.seen.insert(&message.name);
        if let Some(dist) = self.set.get(&message.name) {
            if message.dims.broadcast(dist.dims()) != Some(message.dims) {
                let site = message.name.to_string();
                return Err(Error::SiteShape { site, expected: message.dims, got: dist.dims() });
            }
            // The coordinate that the model gave the site stays.
            message.dist = Some(match message.dist.as_ref().and_then(|before| before.gauge()) {
                Some(gauge) => Rc::new(InUnits::of(Any(dist.clone()), gauge)),
                None => dist.clone(),
            });
        }
        Ok(())
    }
}

/// The model under a prior set.
///
/// Running it is an error where the set names a site that the model does not have, or that is observed.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, PriorSet, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let set = PriorSet::from_json("priors.json", r#"{"mu": {"uniform": {"low": 4, "high": 5}}}"#)?;
/// let trace = handler::trace(handler::seed(handler::priors(model, set), 1))?;
/// assert!(trace.get("mu").unwrap().value.numbers()[0] > 4.0);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn priors<R>(model: impl Fn(&mut Ctx) -> Result<R>, set: PriorSet) -> impl Fn(&mut Ctx) -> Result<R> {
    let set = Rc::new(set);
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Priors { set: set.clone(), seen: seen.clone() }, &model)?;
        match seen.missing(set.names()) {
            None => Ok(result),
            Some((name, nearest)) => Err(Error::UnknownPrior { name: name.to_owned(), nearest }),
        }
    }
}

impl PriorSet {
    /// The priors in force in a model: those of its latent sites whose parameters are plain numbers.
    ///
    /// # Errors
    /// What the model returns.
    pub fn of<R>(model: impl Fn(&mut Ctx) -> Result<R>) -> Result<Self> {
        let run = trace(seed(model, 0))?;
        let plain = run.iter().filter(|(_, site)| site.is_latent()).filter_map(|(name, site)| {
            let dist = site.dist.clone()?;
            dist.to_json().is_some().then(|| (name.to_string(), dist))
        });
        Ok(PriorSet::of_sites(plain))
    }
}
