//! substitute: gives latent sites, params and mutables a value without making them data.

use std::rc::Rc;

use super::Handler;
use super::seen::Seen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::run::Outside;
use crate::values::Values;

/// Sets the sites that `values` names.
pub struct Substitute {
    values: Rc<Values>,
    seen: Seen,
}

impl Handler for Substitute {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if !message.is_latent() && !matches!(message.kind, Kind::Param | Kind::Mutable) {
            return Ok(());
        }
        self.seen.insert(&message.name);
        self.values.get(&message.name).map_or(Ok(()), |value| message.set_value(value))
    }
}

/// The model with these sites at given values: still scored, but nothing that inference would move. Running it is an error
/// where it has no such site.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, Values, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let trace = handler::trace(handler::substitute(model, Values::new().with("mu", 0.5)))?;
/// assert_eq!(trace.get("mu").unwrap().value.numbers(), [0.5]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn substitute<R>(model: impl Fn(&mut Ctx) -> Result<R>, values: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let values = Rc::new(values);
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Substitute { values: values.clone(), seen: seen.clone() }, &model)?;
        seen.check("substitute", values.iter().map(|(name, _)| name))?;
        Ok(result)
    }
}
