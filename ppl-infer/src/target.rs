//! What a posterior is drawn from: a log density that may know its names, its prior and its data.

use std::collections::BTreeMap;

use ppl_core::message::Kind;
use ppl_core::{Ctx, LogDensity, ModelDensity};

use crate::error::{Error, Result};
use crate::posterior::Posterior;

/// Draws that are transformed back in one evaluation.
const LANES: usize = 256;

/// A log density that engines can make a [`Posterior`] of. `impl Target for MyDensity {}` will do: its draws are then one
/// variable `x`.
pub trait Target: LogDensity {
    /// Adds what unconstrained draws `[chain, draw, dim]` mean to a posterior, and the data.
    ///
    /// # Errors
    /// What the model returns.
    fn describe(&self, draws: &[f64], posterior: &mut Posterior) -> Result<()> {
        posterior.push_variable("x", &[self.dim()], draws.to_vec()).map(drop)
    }

    /// One position drawn from the prior.
    ///
    /// # Errors
    /// Where there is no prior, and what the model returns.
    fn draw_prior(&self, seed: u64) -> Result<Vec<f64>> {
        let _ = seed;
        Err(Error::NoPrior)
    }

    /// How often the log probability of each site was NaN, since the beginning.
    fn not_a_number(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// The first site whose log probability is not finite at this position.
    fn unfit_site(&self, position: &[f64]) -> Option<String> {
        let _ = position;
        None
    }
}

impl<T: Target + ?Sized> Target for &T {
    fn describe(&self, draws: &[f64], posterior: &mut Posterior) -> Result<()> {
        (**self).describe(draws, posterior)
    }

    fn draw_prior(&self, seed: u64) -> Result<Vec<f64>> {
        (**self).draw_prior(seed)
    }

    fn not_a_number(&self) -> BTreeMap<String, u64> {
        (**self).not_a_number()
    }

    fn unfit_site(&self, position: &[f64]) -> Option<String> {
        (**self).unfit_site(position)
    }
}

impl<M, R> Target for ModelDensity<M>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    /// Latent and deterministic sites on their own scales, and the observed data.
    fn describe(&self, draws: &[f64], posterior: &mut Posterior) -> Result<()> {
        let dim = self.layout().dim();
        let mut sites: Vec<(String, Vec<usize>, Vec<f64>)> = vec![];
        let mut take = |positions: &[f64]| -> ppl_core::Result<()> {
            let trace = self.run_at(positions)?;
            let kept = trace.iter().filter(|(_, site)| site.is_latent() || site.kind == Kind::Deterministic);
            for (i, (name, site)) in kept.enumerate() {
                if i == sites.len() {
                    sites.push((name.to_string(), site.value.dims().sizes().to_vec(), vec![]));
                }
                // A value that all lanes share is repeated for each.
                (0..positions.len() / dim).for_each(|lane| sites[i].2.extend_from_slice(site.value.lane(lane)));
            }
            Ok(())
        };
        for chunk in draws.chunks((LANES * dim).max(1)) {
            match take(chunk) {
                // A model that branches on a value has to run one lane a call.
                Err(ppl_core::Error::ValueOfLanes { .. }) => chunk.chunks(dim).try_for_each(&mut take)?,
                result => result?,
            }
        }
        for (name, shape, values) in sites {
            posterior.push_variable(name, &shape, values)?;
        }
        for (name, value) in self.observed().iter() {
            posterior.push_observed(name, value.dims().sizes(), value.numbers().to_vec())?;
        }
        Ok(())
    }

    fn draw_prior(&self, seed: u64) -> Result<Vec<f64>> {
        Ok(ModelDensity::draw_prior(self, seed, 1)?)
    }

    fn not_a_number(&self) -> BTreeMap<String, u64> {
        ModelDensity::not_a_number(self)
    }

    fn unfit_site(&self, position: &[f64]) -> Option<String> {
        let trace = self.run_at(position).ok()?;
        let unfit = trace.iter().find(|(_, site)| {
            site.log_prob().ok().flatten().is_some_and(|terms| terms.iter().any(|term| !term.is_finite()))
        });
        unfit.map(|(name, _)| name.to_string())
    }
}

/// A log density written as a function `f(position, gradient) -> logp` of one position.
///
/// ```
/// use ppl_infer::{NutsSettings, sample, target::FnDensity};
///
/// let normal = FnDensity::new(2, |x, gradient| {
///     gradient.copy_from_slice(&[-x[0], -x[1] / 25.0]);
///     -0.5 * (x[0] * x[0] + x[1] * x[1] / 25.0)
/// });
/// let posterior = sample(&normal, &NutsSettings { seed: 7, ..Default::default() })?;
/// let summary = posterior.summary();
/// let wide = summary.get("x[1]").unwrap();
/// assert!((wide.sd - 5.0).abs() < 0.5);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FnDensity<F> {
    dim: usize,
    f: F,
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> FnDensity<F> {
    /// The density in `dim` dimensions.
    pub fn new(dim: usize, f: F) -> Self {
        Self { dim, f }
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> LogDensity for FnDensity<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let lanes = positions.chunks(self.dim.max(1)).zip(grad.chunks_mut(self.dim.max(1)));
        for ((x, g), logp) in lanes.zip(logp) {
            *logp = (self.f)(x, g);
        }
        Ok(())
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> Target for FnDensity<F> {}
