//! mask: lets only some elements of sites count in the log density.

use super::Handler;
use crate::autodiff::{IntoVar, Value, zip_values};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::{Kind, Message};
use crate::run::Outside;

/// Scores the elements where `mask` is not zero.
pub struct Mask {
    mask: Value,
}

impl Handler for Mask {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if matches!(message.kind, Kind::Sample | Kind::Factor) {
            let both = |mask: &Value| zip_values(mask, &self.mask, |a, b| (a * b, [0.0; 2]));
            message.mask = Some(message.mask.as_ref().map_or_else(|| Ok(self.mask.clone()), both)?);
        }
        Ok(())
    }
}

/// The model with the sites inside scored only where `mask` (booleans or numbers, broadcast to the batch of each site) is not
/// zero. What is masked out adds nothing to the log density, be it NaN.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), [0.0, 50.0]);
/// let masked = handler::trace(handler::mask(model, [true, false]))?;
/// assert!((masked.log_prob()?[0] + 0.5 * (2.0 * std::f64::consts::PI).ln()).abs() < 1e-14);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn mask<R>(model: impl Fn(&mut Ctx) -> Result<R>, mask: impl IntoVar) -> impl Fn(&mut Ctx) -> Result<R> {
    let mask = mask.into_var().as_value().clone();
    move |ctx| ctx.with(Mask { mask: mask.clone() }, &model)
}
