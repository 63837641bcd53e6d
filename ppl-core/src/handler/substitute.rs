//! substitute: gives latent sites and params a value without making them data.

use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::values::Values;

/// Sets the sites that `values` names.
pub struct Substitute {
    values: Rc<Values>,
}

impl Handler for Substitute {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        match self.values.get(&message.name) {
            Some(value) if message.is_latent() || message.kind == Kind::Param => message.set_value(value),
            _ => Ok(()),
        }
    }
}

/// The model with these sites at given values, still latent.
pub fn substitute<R>(model: impl Fn(&mut Ctx) -> Result<R>, values: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let values = Rc::new(values);
    move |ctx| ctx.with(Substitute { values: values.clone() }, &model)
}
