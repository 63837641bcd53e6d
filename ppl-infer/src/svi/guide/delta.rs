//! AutoDelta: one point, the maximum of the posterior density on the constrained scale.

use ppl_core::Ctx;
use ppl_core::distributions::Delta;

use super::automatic::automatic;
use super::sites::{Jacobian, Sites};

/// All latent sites at one point: SVI with it finds their maximum a posteriori, as NumPyro's `AutoDelta` does. With params in the
/// model it is maximum likelihood.
///
/// Param: `auto_loc` `[dim]`, the point on the unconstrained line.
pub struct AutoDelta<'a> {
    sites: Sites<'a>,
}

automatic!(AutoDelta);

impl AutoDelta<'_> {
    /// The guide.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let loc = ctx.param("auto_loc", self.sites.start())?;
            self.sites.unpack(ctx, Delta::new(loc), Jacobian::LeftOut)
        }
    }
}
