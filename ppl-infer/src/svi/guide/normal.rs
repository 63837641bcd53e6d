//! AutoNormal: a normal for every number of every latent site.

use ppl_core::distributions::{Normal, Support};
use ppl_core::{Ctx, Values};

use super::automatic::automatic;
use super::gaussian::{Gaussian, numbers};
use super::sites::{Jacobian, Sites};
use crate::error::Result;

/// Standard deviation that guides start with, in unconstrained units (NumPyro's `init_scale`).
pub(super) const INIT_SCALE: f64 = 0.1;

/// Independent normals on the unconstrained line: means and roughly the scales, no correlations.
///
/// Params: `auto_loc` `[dim]`, `auto_scale` `[dim]`.
///
/// ```
/// use ppl_core::{Ctx, Result, distributions::Normal};
/// use ppl_infer::svi::{AutoNormal, Schedule, SviSettings, svi};
///
/// fn model(ctx: &mut Ctx) -> Result<()> {
///     let mu = ctx.sample("mu", Normal::new(0.0, 10.0))?;
///     ctx.observe("y", Normal::new(mu, 1.0), [1.2, 0.7, 1.9, 1.1])
/// }
///
/// let guide = AutoNormal::new(model)?;
/// let learning_rate = Schedule::Exponential { from: 0.1, to: 0.001 };
/// let settings = SviSettings { steps: 1000, particles: 8, learning_rate, ..Default::default() };
/// let posterior = svi(model, guide.guide(), &settings)?.posterior(2000)?;
/// assert!((posterior.summary().get("mu").unwrap().sd - 0.499).abs() < 0.03);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
pub struct AutoNormal<'a> {
    sites: Sites<'a>,
}

automatic!(AutoNormal);

impl AutoNormal<'_> {
    /// The guide.
    pub fn guide(&self) -> impl Fn(&mut Ctx) -> ppl_core::Result<()> + '_ {
        |ctx| {
            let loc = ctx.param("auto_loc", self.sites.start())?;
            let scale = ctx.param_in("auto_scale", vec![INIT_SCALE; self.sites.dim()], Support::POSITIVE)?;
            self.sites.unpack(ctx, Normal::new(loc, scale).to_event(), Jacobian::Counts)
        }
    }

    /// The Gaussian that its fitted params are.
    ///
    /// # Errors
    /// Params of another guide.
    pub fn gaussian(&self, params: &Values) -> Result<Gaussian> {
        let variance: Vec<f64> = numbers(params, "auto_scale")?.iter().map(|s| s * s).collect();
        let mean = numbers(params, "auto_loc")?;
        Ok(Gaussian::of(mean, &vec![0.0; mean.len()], &variance))
    }
}
