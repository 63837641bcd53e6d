//! do: sets sites by intervention, cutting them off from what they depend on.

use std::rc::Rc;

use super::Handler;
use super::seen::Seen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;
use crate::values::Values;

/// Gives what comes after the named sites these values, and hides the sites themselves.
pub struct Do {
    values: Rc<Values>,
    seen: Seen,
}

impl Handler for Do {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if !message.is_latent() {
            return Ok(());
        }
        self.seen.insert(&message.name);
        if let Some(value) = self.values.get(&message.name) {
            message.set_value(value)?;
            message.stop = true;
        }
        Ok(())
    }
}

/// The model after the intervention do(site = value) (Pearl 2009): what depends on the sites sees these values, and the sites
/// add nothing to the log density. Running it is an error where the model has no such latent site.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, Values, handler};
///
/// let model = |ctx: &mut Ctx| {
///     let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
///     ctx.sample("y", Normal::new(x, 1e-9))
/// };
/// let trace = handler::trace(handler::seed(handler::intervene(model, Values::new().with("x", 3.0)), 1))?;
/// assert_eq!(trace.names().collect::<Vec<_>>(), ["y"]);
/// assert!((trace.get("y").unwrap().value.numbers()[0] - 3.0).abs() < 1e-6);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn intervene<R>(model: impl Fn(&mut Ctx) -> Result<R>, values: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let values = Rc::new(values);
    move |ctx| {
        let seen = Seen::default();
        let result = ctx.with(Do { values: values.clone(), seen: seen.clone() }, &model)?;
        seen.check("do", values.iter().map(|(name, _)| name))?;
        Ok(result)
    }
}
