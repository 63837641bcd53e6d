//! AutoDelta: one point, the maximum of the posterior density on the constrained scale.

use ppl_core::Ctx;
use ppl_core::distributions::Delta;

use super::sites::{Jacobian, Sites};
use crate::error::Result;

/// All latent sites at one point: SVI with it finds their maximum a posteriori, as NumPyro's `AutoDelta` does. With params in the
/// model it is maximum likelihood.
///
/// Param: `auto_loc` `[dim]`, the point on the unconstrained line.
pub struct AutoDelta<'a> {
    sites: Sites<'a>,
}

impl<'a> AutoDelta<'a> {
    /// For a model, which is traced once.
    ///
    /// # Errors
    /// What the model returns; a discrete latent site, or one inside a subsampled plate.
    pub fn new<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a) -> Result<Self> {
        Ok(AutoDelta { sites: Sites::of(model)? })
    }

    /// With this unconstrained start, `[dim]`, in place of zero.
    ///
    /// # Errors
    /// Another length.
    pub fn start_at(mut self, start: &[f64]) -> Result<Self> {
        self.sites.start_at(start)?;
        Ok(self)
    }

    /// The guide.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let loc = ctx.param("auto_loc", self.sites.start())?;
            self.sites.unpack(ctx, Delta::new(loc), Jacobian::LeftOut)
        }
    }
}
