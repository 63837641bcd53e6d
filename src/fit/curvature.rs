//! The Gaussian about the maximum of a model, and which site is to blame where there is none.

use lens_models::system::System;
use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::map::{Laplace, LaplaceSettings, laplace};
use ppl_infer::mcmc::NutsSettings;
use ppl_infer::{Error as EngineError, Executor};

use super::around::{Around, Shape};
use super::grids::{about_draws, of_grids};
use super::scales::Spread;
use super::search::Search;
use super::straight::Straight;
use super::{FitError, FitSettings, Method, field, support};

/// The Gaussian about a maximum: of low rank where there are fields, and then, where it is to be sampled, about draws near it.
pub(super) fn around<M, R>(
    density: &ModelDensity<M>,
    position: &[f64],
    system: &System,
    spreads: &[Spread],
    settings: &FitSettings,
    search: &mut Search<'_, '_>,
) -> Result<Around, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let whitened = field::whitened(system, density);
    if whitened.is_empty() {
        // A Gaussian in the plane of an ellipse would go to where q is 1, as the density there has no bound; chains know better.
        let straight = match settings.method {
            Method::Nuts => Straight::of(system, density, position)?,
            Method::Map => Straight::default(),
        };
        let (by_straight, here) = (straight.density(density), straight.enter(position));
        let found = dense_around(&by_straight, &here, search.executor);
        let found = found.map_err(|error| of_curvature(error, system, density, position))?;
        return Ok(Around::Dense(found, Shape::of(system), straight));
    }
    search.executor.stage("curvature");
    let first = of_grids(density, position, &whitened, spreads, search)?;
    if settings.method == Method::Map {
        return Ok(Around::LowRank(first));
    }
    let nuts = NutsSettings { chains: settings.chains, seed: settings.seed, ..NutsSettings::default() };
    about_draws(density, first, &whitened, spreads, &nuts, search).map(Around::LowRank)
}

/// The Laplace approximation at a maximum of a model.
pub(super) fn laplace_of<M, R>(
    density: &ModelDensity<M>,
    position: &[f64],
    system: &System,
    executor: &mut Executor<'_>,
) -> Result<Laplace, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    dense_around(density, position, executor).map_err(|error| of_curvature(error, system, density, position))
}

/// The Laplace approximation at a maximum.
fn dense_around(
    density: &impl LogDensity,
    position: &[f64],
    executor: &mut Executor<'_>,
) -> Result<Laplace, EngineError> {
    executor.stage("curvature");
    executor.once("curvature", |executor| {
        let around = laplace(density, position, &LaplaceSettings::default())?;
        executor.spend(around.gradient_count as u64);
        Ok(around)
    })
}

/// An error of the Laplace approximation, with the site that it is about.
fn of_curvature<M, R>(error: EngineError, system: &System, density: &ModelDensity<M>, at: &[f64]) -> FitError
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let named = |direction: usize| {
        let entries = density.layout().entries();
        let entry = entries.iter().find(|e| (e.offset..e.offset + e.len).contains(&direction));
        entry.map_or_else(|| "image".to_owned(), |entry| entry.name.to_string())
    };
    match error {
        EngineError::NoCurvature { direction } => FitError::NoWidth { site: named(direction) },
        EngineError::NoFiniteStart { lanes } => {
            FitError::Nowhere { site: support::unfit(system, density, at), starts: lanes }
        }
        error => error.into(),
    }
}
