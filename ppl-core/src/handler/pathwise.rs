//! pathwise: draws latent sites so that gradients flow through the draws to the parameters of their distributions.

use super::Handler;
use crate::error::{Error, Result};
use crate::message::Message;
use crate::rng;
use crate::run::Outside;

/// Draws keyed by a seed as those of [`Seed`](super::Seed), each a differentiable function of the parameters it was drawn
/// with. Running under it is an error where a draw has no gradient: of whole numbers, or by a parameter without one.
///
/// ```
/// use ppl_core::autodiff::{Tape, Var};
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler::Pathwise};
///
/// let tape = Tape::recording();
/// let loc = Var::leaf(&tape, 1, (), vec![0.5])?;
/// let guide = |ctx: &mut Ctx| ctx.sample("z", Normal::new(&loc, 2.0));
/// let z = Ctx::on(1, tape.clone()).with(Pathwise(7), guide)?;
/// tape.backward((z * 3.0).as_value())?;
/// assert_eq!(loc.as_value().take_gradient().unwrap().numbers(), [3.0]); // d(3 z) / d loc
/// # Ok::<(), ppl_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pathwise(pub u64);

impl Handler for Pathwise {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        let seed = *message.seed.get_or_insert(self.0);
        if !message.is_latent() || message.value.is_some() {
            return Ok(());
        }
        let Some(dist) = &message.dist else { return Ok(()) };
        if dist.support().is_discrete() {
            return Err(Error::DiscreteLatent { site: message.name.to_string(), distribution: dist.name().to_owned() });
        }
        let mut rngs = rng::of_lanes(seed, &message.name, message.lanes);
        message.value = Some(dist.rsample(&message.name, &mut rngs, message.dims)?);
        Ok(())
    }
}
