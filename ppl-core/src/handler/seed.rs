//! seed: gives draws their randomness.

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;

/// Keys every draw inside by a seed.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub u64);

impl Handler for Seed {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        message.seed.get_or_insert(self.0);
        Ok(())
    }
}

/// The model with its draws keyed by (`seed`, site, lane).
pub fn seed<R>(model: impl Fn(&mut Ctx) -> Result<R>, seed: u64) -> impl Fn(&mut Ctx) -> Result<R> {
    move |ctx| ctx.with(Seed(seed), &model)
}
