//! uncondition: takes the data of observed sites away.

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;

/// Makes observed sites draws again.
#[derive(Clone, Copy, Debug)]
pub struct Uncondition;

impl Handler for Uncondition {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if message.observed {
            (message.observed, message.given, message.value) = (false, false, None);
        }
        Ok(())
    }
}

/// The model with its observed sites drawn like all others: what predictions are made with.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), [7.0, 8.0]);
/// let run = handler::trace(handler::seed(handler::uncondition(model), 1))?;
/// let y = run.get("y").unwrap();
/// assert!(!y.observed && y.value.numbers().len() == 2 && y.value.numbers()[0] < 5.0);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn uncondition<R>(model: impl Fn(&mut Ctx) -> Result<R>) -> impl Fn(&mut Ctx) -> Result<R> {
    move |ctx| ctx.with(Uncondition, &model)
}
