//! Around: the Gaussian that sampling starts from, dense for a few parameters and of low rank for thousands.

use std::ops::Range;

use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::map::{Curvature, CurvatureSettings, Laplace, curvature};
use ppl_infer::mcmc::{Nuts, NutsSettings};
use ppl_infer::{Executor, Outcome, Result, sample_around, sample_curved};

/// A Gaussian.
pub(super) enum Around {
    Dense(Laplace),
    LowRank(Curvature),
}

impl Around {
    pub fn mean(&self) -> &[f64] {
        match self {
            Around::Dense(around) => &around.mean,
            Around::LowRank(around) => &around.mean,
        }
    }

    pub fn logp(&self) -> f64 {
        match self {
            Around::Dense(around) => around.logp,
            Around::LowRank(around) => around.logp,
        }
    }

    /// `n` draws, `[n, dim]`.
    pub fn sample(&self, rng: &mut ppl_core::rng::Rng, n: usize) -> Vec<f64> {
        match self {
            Around::Dense(around) => around.sample(rng, n),
            Around::LowRank(around) => around.sample(rng, n),
        }
    }

    /// How its chains move. The step of a chain that has not settled yet may be a hundredth of what it will be, and of thousands of numbers a
    /// trajectory of a thousand steps takes seconds and leads nowhere: 127 are what two or three times the usual length needs.
    pub fn kernel(&self) -> Nuts {
        match self {
            Around::Dense(_) => Nuts::default(),
            Around::LowRank(_) => Nuts { max_depth: 7, ..Nuts::default() },
        }
    }

    /// Chains from there.
    pub fn chains<M, R>(
        &self,
        density: &ModelDensity<M>,
        settings: &NutsSettings,
        executor: &mut Executor<'_>,
    ) -> Result<Outcome>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        match self {
            Around::Dense(around) => sample_around(density, around, settings, executor),
            Around::LowRank(around) => sample_curved(density, around, settings, executor),
        }
    }
}

/// The Gaussian at a point, which need be no maximum, of a density of thousands of whitened numbers at these places, of which
/// directions of a curvature above `least` are known; `name` is the step of the journal.
pub(super) fn of_field(
    density: &impl LogDensity,
    position: &[f64],
    whitened: &[Range<usize>],
    least: f64,
    executor: &mut Executor<'_>,
    name: &'static str,
) -> Result<Curvature> {
    executor.once(name, |executor| {
        let around =
            curvature(density, position, whitened, &CurvatureSettings { least, ..CurvatureSettings::default() })?;
        executor.spend(around.gradient_count as u64);
        Ok(around)
    })
}
