//! AutoLowRankMultivariateNormal: one normal over all latent sites, correlated along a few directions.

use ppl_core::autodiff::{Value, Var};
use ppl_core::distributions::{LowRankMultivariateNormal, Support};
use ppl_core::shape::Dims;
use ppl_core::{Ctx, Values, rng};
use rand_distr::{Distribution as _, StandardNormal};

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
    rank: usize,
}

impl<'a> AutoLowRankMultivariateNormal<'a> {
    /// For a model, which is traced once; the rank is about the root of the number of latent numbers (NumPyro's default).
    ///
    /// # Errors
    /// What the model returns; a discrete latent site, or one inside a subsampled plate.
    pub fn new<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a) -> Result<Self> {
        let sites = Sites::of(model)?;
        let rank = (sites.dim() as f64).sqrt().round().max(1.0) as usize;
        Ok(AutoLowRankMultivariateNormal { sites, rank })
    }

    /// With so many directions.
    ///
    /// # Errors
    /// Where there is none.
    pub fn with_rank(mut self, rank: usize) -> Result<Self> {
        require(rank > 0, "rank", rank as f64, "at least 1")?;
        self.rank = rank;
        Ok(self)
    }

    /// With this unconstrained start of the means, `[dim]`, in place of zero.
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
            let dims = [self.sites.dim(), self.rank];
            let loc = ctx.param("auto_loc", self.sites.start())?;
            let scale = ctx.param_in("auto_scale", vec![INIT_SCALE; dims[0]], Support::POSITIVE)?;
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
