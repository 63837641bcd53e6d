//! block: hides sites from the handlers outside.

use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;

/// Hides the sites for which `hides` is true.
pub struct Block {
    hides: Rc<dyn Fn(&Message) -> bool>,
}

impl Handler for Block {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        message.stop |= (self.hides)(message);
        Ok(())
    }
}

/// The model with some of its sites invisible from outside.
pub fn block<R>(
    model: impl Fn(&mut Ctx) -> Result<R>,
    hides: impl Fn(&Message) -> bool + 'static,
) -> impl Fn(&mut Ctx) -> Result<R> {
    let hides: Rc<dyn Fn(&Message) -> bool> = Rc::new(hides);
    move |ctx| ctx.with(Block { hides: hides.clone() }, &model)
}
