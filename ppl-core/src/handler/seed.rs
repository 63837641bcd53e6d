//! seed: gives draws their randomness.

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;

/// Keys every draw inside by a seed.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub u64);

impl Handler for Seed {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        message.seed.get_or_insert(self.0);
        Ok(())
    }
}

/// The model with its draws keyed by (`seed`, site, lane).
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let draw = |seed| handler::trace(handler::seed(model, seed)).map(|t| t.get("mu").unwrap().value.numbers()[0]);
/// assert_eq!(draw(1)?, draw(1)?);
/// assert_ne!(draw(1)?, draw(2)?);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn seed<R>(model: impl Fn(&mut Ctx) -> Result<R>, seed: u64) -> impl Fn(&mut Ctx) -> Result<R> {
    move |ctx| ctx.with(Seed(seed), &model)
}
