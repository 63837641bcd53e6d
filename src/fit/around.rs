//! Around: the Gaussian that sampling starts from, dense for a few parameters and of low rank for thousands.

use std::ops::Range;

use lens_models::system::{Component, Profile, Role, System};
use ppl_core::LogDensity;
use ppl_infer::map::{Curvature, CurvatureSettings, Laplace, curvature};
use ppl_infer::mcmc::{Nuts, NutsSettings, Turn};
use ppl_infer::{Executor, Outcome, Result, Target, sample_around, sample_curved};

use super::straight::Straight;

/// A Gaussian.
pub(super) enum Around {
    /// Of a few parameters, in straight coordinates.
    Dense(Laplace, Shape, Straight),
    /// Of thousands of numbers.
    LowRank(Curvature),
}

/// What the posterior is like.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Close to the Gaussian: of an image of lenses and lights that are formulas.
    Round,
    /// Of decoded sources, which know one image in several ways.
    Decoded,
    /// Of point sources: a narrow and bent ridge.
    Ridge,
}

impl Shape {
    /// What the components of a system make of it.
    pub fn of(system: &System) -> Self {
        if system.of_role(Role::Points).next().is_some() {
            return Shape::Ridge;
        }
        let is_decoded = |c: &Component| matches!(&c.profile, Profile::Light(light) if light.stand_in().is_some());
        if system.components.iter().any(is_decoded) { Shape::Decoded } else { Shape::Round }
    }
}

impl Around {
    /// Its mean, where a density of sites has it.
    pub fn mean(&self) -> Vec<f64> {
        match self {
            Around::Dense(around, _, straight) => straight.leave(&around.mean),
            Around::LowRank(around) => around.mean.clone(),
        }
    }

    /// The coordinates that it is in.
    pub fn straight(&self) -> Straight {
        match self {
            Around::Dense(.., straight) => straight.clone(),
            Around::LowRank(_) => Straight::default(),
        }
    }

    /// The log density of the sites there.
    pub fn logp(&self) -> f64 {
        match self {
            Around::Dense(around, _, straight) => around.logp - straight.slope(&around.mean),
            Around::LowRank(around) => around.logp,
        }
    }

    /// `n` draws, `[n, dim]`, in its coordinates.
    pub fn sample(&self, rng: &mut ppl_core::rng::Rng, n: usize) -> Vec<f64> {
        match self {
            Around::Dense(around, ..) => around.sample(rng, n),
            Around::LowRank(around) => around.sample(rng, n),
        }
    }

    /// How its chains move, and the acceptance that their step is tuned to.
    pub fn trajectories(&self) -> (Nuts, f64) {
        match self {
            // Where the Gaussian is a good one, draws a quarter of a turn apart are nearly independent; 0.65 is the best of many dimensions (Beskos
            // et al. 2013, doi:10.3150/12-BEJ414). docs/samplers.md has the table.
            Around::Dense(_, Shape::Round, _) => (Nuts { turn: Turn::Quarter, ..Nuts::default() }, 0.65),
            // The first of the paper's six cases after quarters of a turn: R-hat 1.49 and 28 divergences, for 1.10 and 2 after half a turn.
            Around::Dense(_, Shape::Decoded, _) => (Nuts::default(), 0.8),
            // Positions of 3 mas: of 16 quads 139 of 32,000 draws diverged at 0.8 and 9 at 0.95, which took a seventh more gradients for as many
            // effective draws.
            Around::Dense(_, Shape::Ridge, _) => (Nuts::default(), 0.95),
            // The step of a chain that has not settled yet may be a hundredth of what it will be, and of thousands of numbers a trajectory of a
            // thousand steps takes seconds and leads nowhere: 127 are what two or three times the usual length needs.
            Around::LowRank(_) => (Nuts { max_depth: 7, ..Nuts::default() }, 0.8),
        }
    }

    /// Chains from there, of a density by its coordinates.
    pub fn chains(
        &self,
        density: &impl Target,
        settings: &NutsSettings,
        executor: &mut Executor<'_>,
    ) -> Result<Outcome> {
        match self {
            Around::Dense(around, ..) => sample_around(density, around, settings, executor),
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
