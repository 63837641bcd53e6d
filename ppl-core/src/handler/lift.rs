//! lift: turns params into sampled sites.

use std::rc::Rc;

use super::Handler;
use super::seen::Seen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::priors::PriorSet;
use crate::run::Outside;

/// Samples the params that a prior set names.
pub struct Lift {
    priors: Rc<PriorSet>,
    seen: Seen,
}

impl Handler for Lift {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if message.kind != Kind::Param {
            return Ok(());
        }
        self.seen.insert(&message.name);
        if let Some(dist) = self.priors.get(&message.name) {
            dist.check(&format!("site `{}`", message.name))?;
            (message.kind, message.dist, message.value) = (Kind::Sample, Some(dist.clone()), None);
        }
        Ok(())
    }
}

/// The model with the params that `priors` names sampled from these priors. Running it is an error where it has no such param.
///
/// ```
/// use ppl_core::{Ctx, PriorSet, handler};
///
/// let model = |ctx: &mut Ctx| ctx.param("mu", 0.0);
/// let priors = PriorSet::from_json("priors.json", r#"{"mu": {"normal": {"loc": 0, "scale": 1}}}"#)?;
/// let trace = handler::trace(handler::seed(handler::lift(model, priors), 1))?;
/// assert!(trace.get("mu").unwrap().is_latent());
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn lift<R>(model: impl Fn(&mut Ctx) -> Result<R>, priors: PriorSet) -> impl Fn(&mut Ctx) -> Result<R> {
    let priors = Rc::new(priors);
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Lift { priors: priors.clone(), seen: seen.clone() }, &model)?;
        seen.check("lift", priors.names())?;
        Ok(result)
    }
}
