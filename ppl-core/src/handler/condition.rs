//! condition: gives sites their observed values.

use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::values::Values;

/// Turns the sampled sites that `data` names into observed ones.
pub struct Condition {
    data: Rc<Values>,
}

impl Handler for Condition {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        match self.data.get(&message.name) {
            Some(data) if message.kind == Kind::Sample => message.observe(data),
            _ => Ok(()),
        }
    }
}

/// The model with these sites observed.
pub fn condition<R>(model: impl Fn(&mut Ctx) -> Result<R>, data: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let data = Rc::new(data);
    move |ctx| ctx.with(Condition { data: data.clone() }, &model)
}
