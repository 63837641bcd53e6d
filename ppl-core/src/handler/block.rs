//! block: hides sites from the handlers outside.

use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;

/// Hides the sites for which `hides` is true.
pub struct Block {
    hides: Rc<dyn Fn(&Message) -> bool>,
}

impl Handler for Block {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        message.stop |= (self.hides)(message);
        Ok(())
    }
}

/// The model with some of its sites invisible from outside.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let hidden = handler::block(handler::seed(model, 1), |site| &*site.name == "mu");
/// assert_eq!(handler::trace(hidden)?.names().count(), 0);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn block<R>(
    model: impl Fn(&mut Ctx) -> Result<R>,
    hides: impl Fn(&Message) -> bool + 'static,
) -> impl Fn(&mut Ctx) -> Result<R> {
    let hides: Rc<dyn Fn(&Message) -> bool> = Rc::new(hides);
    move |ctx| ctx.with(Block { hides: hides.clone() }, &model)
}
