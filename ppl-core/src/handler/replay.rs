//! replay: gives latent sites the values they had in a trace.

use std::rc::Rc;

use super::{Handler, Trace};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::run::Outside;

/// Repeats the draws of a trace.
pub struct Replay {
    trace: Rc<Trace>,
}

impl Handler for Replay {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        let drawn = message.is_latent() || message.kind == Kind::Subsample;
        match self.trace.get(&message.name) {
            Some(site) if drawn && !site.observed => message.set_value(&site.value),
            _ => Ok(()),
        }
    }
}

/// The model with the draws of `trace`; sites that it lacks are drawn anew.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let first = handler::trace(handler::seed(model, 1))?;
/// let again = handler::trace(handler::replay(model, first.trace.clone()))?;
/// assert_eq!(again.get("mu").unwrap().value.numbers(), first.get("mu").unwrap().value.numbers());
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn replay<R>(model: impl Fn(&mut Ctx) -> Result<R>, trace: Trace) -> impl Fn(&mut Ctx) -> Result<R> {
    let trace = Rc::new(trace);
    move |ctx| ctx.with(Replay { trace: trace.clone() }, &model)
}
