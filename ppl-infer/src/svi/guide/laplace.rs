//! AutoLaplace: the maximum on the unconstrained line, and the curvature there.

use ppl_core::autodiff::{Value, Var};
use ppl_core::distributions::{Delta, MultivariateNormal};
use ppl_core::handler;
use ppl_core::shape::Dims;
use ppl_core::{Ctx, ModelDensity, Values};

use super::automatic::automatic;
use super::gaussian::numbers;
use super::sites::{Jacobian, Sites};
use crate::error::Result;
use crate::map::{Laplace, LaplaceSettings, laplace};

/// SVI finds the maximum of the density on the unconstrained line; the covariance is measured there afterwards, by
/// [`laplace`](crate::map::laplace). With nothing to train beside the latent sites, [`maximise`](crate::map::maximise) is quicker.
///
/// Param: `auto_loc` `[dim]`.
pub struct AutoLaplace<'a> {
    sites: Sites<'a>,
}

automatic!(AutoLaplace);

impl AutoLaplace<'_> {
    /// The guide to train with: a point.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let loc = ctx.param("auto_loc", self.sites.start())?;
            self.sites.unpack(ctx, Delta::new(loc), Jacobian::Counts)
        }
    }

    /// The Laplace approximation at the fitted point, params of the model at their fitted values.
    ///
    /// # Errors
    /// Params of another guide; a model that takes a random subsample, which has no one density; no finite curvature.
    pub fn around(&self, params: &Values) -> Result<Laplace> {
        let density = ModelDensity::new(handler::params(|ctx: &mut Ctx| (self.sites.model())(ctx), params.clone()))?;
        laplace(&density, numbers(params, "auto_loc")?, &LaplaceSettings::default())
    }

    /// The guide of a Laplace approximation, to draw from.
    pub fn fitted(&self, around: &Laplace) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        let dim = self.sites.dim();
        let (mean, covariance) = (around.mean.clone(), around.covariance.clone());
        move |ctx| {
            let covariance = Var::from_value(Value::shared(Dims::new(&[dim, dim]), covariance.clone()));
            let dist = MultivariateNormal::new(mean.clone(), covariance);
            self.sites.unpack(ctx, dist, Jacobian::Counts)
        }
    }
}
