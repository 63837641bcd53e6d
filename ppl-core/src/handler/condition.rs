//! condition: gives sites their observed values.

use std::rc::Rc;

use super::Handler;
use super::seen::Seen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::run::Outside;
use crate::values::Values;

/// Turns the sampled sites that `data` names into observed ones.
pub struct Condition {
    data: Rc<Values>,
    seen: Seen,
}

impl Handler for Condition {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if message.kind != Kind::Sample {
            return Ok(());
        }
        self.seen.insert(&message.name);
        self.data.get(&message.name).map_or(Ok(()), |data| message.observe(data))
    }
}

/// The model with these sites observed. Running it is an error where it has no such site.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, Values, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let trace = handler::trace(handler::condition(model, Values::new().with("mu", 0.5)))?;
/// assert!(trace.get("mu").unwrap().observed);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn condition<R>(model: impl Fn(&mut Ctx) -> Result<R>, data: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let data = Rc::new(data);
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Condition { data: data.clone(), seen: seen.clone() }, &model)?;
        seen.check("condition", data.iter().map(|(name, _)| name))?;
        Ok(result)
    }
}
