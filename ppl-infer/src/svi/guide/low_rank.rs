//! AutoLowRankMultivariateNormal: one normal over all latent sites, correlated along a few directions.

use ppl_core::autodiff::{Value, Var};
use ppl_core::distributions::{LowRankMultivariateNormal, Support};
use ppl_core::shape::Dims;
use ppl_core::{Ctx, Values, rng};
use rand_distr::{Distribution as _, StandardNormal};

use super::automatic::automatic;
use super::gaussian::{Gaussian, numbers};
use super::normal::INIT_SCALE;
use super::sites::{Jacobian, Sites};
use crate::error::{Result, require};

/// A multivariate normal on the unconstrained line whose covariance is `scale (1 + W W^T) scale`: for many latent numbers, rank x
/// dim params.
///
/// Params: `auto_loc` `[dim]`, `auto_scale` `[dim]`, `auto_cov_factor` `[dim, rank]` (W).
pub struct AutoLowRankMultivariateNormal<'a> {
    sites: Sites<'a>,
    /// Directions, where they are asked for.
    rank: Option<usize>,
}

automatic!(AutoLowRankMultivariateNormal, rank: None);

impl AutoLowRankMultivariateNormal<'_> {
    /// With so many directions, in place of about the root of the number of latent numbers (NumPyro's default).
    ///
    /// # Errors
    /// Where there is none.
    pub fn with_rank(mut self, rank: usize) -> Result<Self> {
        require(rank > 0, "rank", rank as f64, "at least 1")?;
        self.rank = Some(rank);
        Ok(self)
    }

    /// The guide.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let dim = self.sites.dim();
            let dims = [dim, self.rank.unwrap_or((dim as f64).sqrt().round().max(1.0) as usize)];
            let loc = ctx.param("auto_loc", self.sites.start())?;
            let scale = ctx.param_in("auto_scale", vec![INIT_SCALE; dim], Support::POSITIVE)?;
            let w = ctx.param_with("auto_cov_factor", &dims, || Ok(Var::from_value(directions(dims))))?;
            // Rows of W times their scale.
            let w = (w.transpose() * &scale).transpose();
            let dist = LowRankMultivariateNormal::new(loc, w, scale.square());
            self.sites.unpack(ctx, dist, Jacobian::Counts)
        }
    }

    /// The Gaussian that its fitted params are.
    ///
    /// # Errors
    /// Params of another guide.
    pub fn gaussian(&self, params: &Values) -> Result<Gaussian> {
        let (mean, scale) = (numbers(params, "auto_loc")?, numbers(params, "auto_scale")?);
        let w = numbers(params, "auto_cov_factor")?;
        let rank = w.len() / mean.len().max(1);
        let rows = w.chunks_exact(rank.max(1)).zip(scale);
        let factor: Vec<f64> = rows.flat_map(|(row, scale)| row.iter().map(move |w| w * scale)).collect();
        let variance: Vec<f64> = scale.iter().map(|s| s * s).collect();
        Ok(Gaussian::of(mean, &factor, &variance))
    }
}

/// Small directions to start with: at zero the gradient by all of them vanishes.
fn directions(dims: [usize; 2]) -> Value {
    let mut rng = rng::keyed(0, "auto_cov_factor", 0);
    let draws = (0..dims[0] * dims[1]).map(|_| -> f64 { StandardNormal.sample(&mut rng) });
    Value::shared(Dims::new(&dims), draws.map(|z| 0.1 * z).collect())
}
