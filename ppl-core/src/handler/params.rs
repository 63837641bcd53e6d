//! params: gives params and mutables the values that a training has left.

use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::run::Outside;
use crate::values::Values;

/// Sets the params and mutables that `values` has.
pub struct Params {
    values: Rc<Values>,
}

impl Handler for Params {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if message.value.is_some() || !matches!(message.kind, Kind::Param | Kind::Mutable) {
            return Ok(());
        }
        self.values.get(&message.name).map_or(Ok(()), |value| message.set_value(value))
    }
}

/// The model with its params and mutables at these values. One set serves a model and its guide: what one of them lacks is let be,
/// and a param that the set lacks starts at its initial value.
///
/// ```
/// use ppl_core::{Ctx, Values, handler};
///
/// let encoder = |ctx: &mut Ctx| ctx.param("w", 0.0)?.value();
/// let trained = Values::new().with("w", 0.5).with("decoder.w", 0.7);
/// assert_eq!(handler::trace(handler::params(encoder, trained))?.returned, 0.5);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn params<R>(model: impl Fn(&mut Ctx) -> Result<R>, values: Values) -> impl Fn(&mut Ctx) -> Result<R> {
    let values = Rc::new(values);
    move |ctx| ctx.with(Params { values: values.clone() }, &model)
}
