//! Around: the Gaussian that sampling starts from, dense for a few parameters and of low rank for thousands.

use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::map::{Curvature, CurvatureSettings, Laplace, LaplaceSettings, curvature, laplace};
use ppl_infer::mcmc::{Nuts, NutsSettings};
use ppl_infer::{Executor, Outcome, Result, sample_around, sample_curved};

/// Dimensions from which on a covariance is of low rank: a dense one costs their cube.
const MANY: usize = 400;

/// A Gaussian.
pub(super) enum Around {
    Dense(Laplace),
    LowRank(Curvature),
}

impl Around {
    /// That of a density at a maximum.
    pub fn measure(density: &impl LogDensity, position: &[f64], executor: &mut Executor<'_>) -> Result<Self> {
        if density.dim() > MANY {
            return Around::many(density, position, executor, "curvature");
        }
        let around = executor.once("curvature", |executor| {
            let around = laplace(density, position, &LaplaceSettings::default())?;
            executor.spend(around.gradient_count as u64);
            Ok(around)
        });
        around.map(Around::Dense)
    }

    /// That of a density at a point which need be no maximum, of low rank; `name` is the step of the journal.
    pub fn many(
        density: &impl LogDensity,
        position: &[f64],
        executor: &mut Executor<'_>,
        name: &'static str,
    ) -> Result<Self> {
        let around = executor.once(name, |executor| {
            let around = curvature(density, position, &CurvatureSettings::default())?;
            executor.spend(around.gradient_count as u64);
            Ok(around)
        });
        around.map(Around::LowRank)
    }

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
            Around::LowRank(_) => Nuts { max_depth: 7 },
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
