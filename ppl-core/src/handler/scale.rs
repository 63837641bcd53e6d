//! scale: multiplies the log density of sites.

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;

/// Multiplies what the sites inside add to the log density.
#[derive(Clone, Copy, Debug)]
pub struct Scale(pub f64);

impl Handler for Scale {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        message.scale *= self.0;
        Ok(())
    }
}

/// The model with its log density multiplied by `factor` (a tempered likelihood, a minibatch).
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), 0.3);
/// let (once, twice) = (handler::trace(model)?, handler::trace(handler::scale(model, 2.0))?);
/// assert_eq!(twice.log_prob()?[0], 2.0 * once.log_prob()?[0]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn scale<R>(model: impl Fn(&mut Ctx) -> Result<R>, factor: f64) -> impl Fn(&mut Ctx) -> Result<R> {
    move |ctx| ctx.with(Scale(factor), &model)
}
