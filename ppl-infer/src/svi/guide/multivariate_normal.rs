//! AutoMultivariateNormal: one normal over all latent sites, with its full covariance.

use ppl_core::autodiff::{Value, Var};
use ppl_core::distributions::{MultivariateNormal, Support};
use ppl_core::shape::Dims;
use ppl_core::{Ctx, Values};

use super::automatic::automatic;
use super::gaussian::{Gaussian, numbers};
use super::normal::INIT_SCALE;
use super::scale_tril::scale_tril;
use super::sites::{Jacobian, Sites};
use crate::error::Result;

/// A multivariate normal on the unconstrained line: exact for Gaussian posteriors, dim^2 / 2 params.
///
/// Params: `auto_loc` `[dim]`, `auto_scale` `[dim]`, `auto_below` `[dim, dim]`: its Cholesky factor is `auto_scale` times a lower
/// triangle of ones on the diagonal and `auto_below` below it.
pub struct AutoMultivariateNormal<'a> {
    sites: Sites<'a>,
}

automatic!(AutoMultivariateNormal);

impl AutoMultivariateNormal<'_> {
    /// The guide.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let dim = self.sites.dim();
            let loc = ctx.param("auto_loc", self.sites.start())?;
            let scale = ctx.param_in("auto_scale", vec![INIT_SCALE; dim], Support::POSITIVE)?;
            let below = ctx.param_with("auto_below", &[dim, dim], || Ok(square(dim, vec![0.0; dim * dim])))?;
            let factor = scale_tril(&scale, &below)?;
            self.sites.unpack(ctx, MultivariateNormal::with_scale_tril(loc, factor), Jacobian::Counts)
        }
    }

    /// The Gaussian that its fitted params are.
    ///
    /// # Errors
    /// Params of another guide.
    pub fn gaussian(&self, params: &Values) -> Result<Gaussian> {
        let (mean, scale) = (numbers(params, "auto_loc")?, numbers(params, "auto_scale")?);
        let below = square(mean.len(), numbers(params, "auto_below")?.to_vec());
        let factor = scale_tril(&Var::vector(scale), &below)?;
        Ok(Gaussian::of(mean, factor.lane(0), &vec![0.0; mean.len()]))
    }
}

/// A matrix of `dim` rows.
fn square(dim: usize, numbers: Vec<f64>) -> Var<(usize, usize)> {
    Var::from_value(Value::shared(Dims::new(&[dim, dim]), numbers))
}
