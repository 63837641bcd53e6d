//! Haloes that may be anywhere: where a fit looks for them, and draws whose positions have many modes.

use lens_models::system::{BandsModel, Component, Profile, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values, handler};
use ppl_infer::Error as EngineError;
use ppl_infer::map::{LaneEnd, LaplaceSettings, MapSettings, Pruning, laplace};
use ppl_infer::posterior::Posterior;
use ppl_infer::smc::{Gaussian, Joined, Mixture, Reference, SmcSettings, smc};

use super::clock::Clock;
use super::curvature::laplace_of;
use super::field::fields;
use super::light::latent_values;
use super::search::Search;
use super::{FitError, FitSettings};

/// How much wider than the Laplace approximation without haloes the particles begin: what a halo does to a lens is within it.
const WIDENED: f64 = 1.5;
/// Most maxima about which particles begin as well, and how far below the highest they may be, nats.
const MAXIMA: usize = 8;
const BELOW: f64 = 30.0;
/// The square of the distance, in widened deviations of all coordinates, from which on a maximum is another one, over their number.
const APART: f64 = 2.0;
/// Share of the particles that begin about maxima.
const NEAR: f64 = 0.5;

/// Log evidence with the haloes of a system and without them.
#[derive(Clone, Debug)]
pub struct HaloEvidence {
    /// With them, of each run.
    pub with: Vec<f64>,
    /// Without them, by Laplace's approximation.
    pub without: f64,
}

impl HaloEvidence {
    /// ln of the Bayes factor for the haloes, and the error of it that the runs show.
    pub fn log_bayes_factor(&self) -> (f64, f64) {
        let n = self.with.len() as f64;
        let mean = self.with.iter().sum::<f64>() / n;
        let variance = self.with.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        (mean - self.without, (variance / n).sqrt())
    }
}

/// Whether a component is a halo whose mass or place is to be found.
fn is_free_halo(component: &Component) -> bool {
    let free = |name: &&str| !component.fixed.contains_key(*name);
    matches!(component.profile, Profile::Halo(_)) && ["log10_m200", "center_x", "center_y"].iter().any(free)
}

/// Refuses haloes that are to be found beside a field: its thousands of numbers would be particles of thousands of dimensions.
///
/// # Errors
/// Both are there.
pub(super) fn check(system: &System) -> Result<(), FitError> {
    let halo = system.components.iter().find(|component| is_free_halo(component));
    let fields = fields(system);
    match halo.zip(fields.first()) {
        Some((halo, field)) => {
            Err(FitError::HaloBesideField { halo: halo.name.clone(), field: field.component.name.clone() })
        }
        None => Ok(()),
    }
}

/// The system without the haloes that are to be found; none where there is no such.
pub(super) fn without(system: &System) -> Option<System> {
    let other = |component: &Component| !is_free_halo(component);
    (!system.components.iter().all(other)).then(|| system.with_components(other))
}

/// Starts at the values of everything else, the haloes drawn from their priors.
pub(super) fn starts<M, R>(
    density: &ModelDensity<M>,
    values: &Values,
    count: usize,
    search: &mut Search<'_, '_>,
) -> Result<Vec<f64>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let seed = search.seed();
    let start = |i: usize| Ok(density.position_of(values, seed.wrapping_add(i as u64))?);
    (0..count).map(start).collect::<Result<Vec<_>, FitError>>().map(|starts| starts.concat())
}

/// Of these starts the worst are given up early; more are left than there are to be maxima, as several end in one.
pub(super) fn maximum() -> MapSettings {
    MapSettings { pruning: Some(Pruning { after: 40, keep: 0.5, at_least: 2 * MAXIMA }), ..MapSettings::default() }
}

/// Draws by sequential Monte Carlo, and the highest point that was seen, unconstrained.
///
/// The place of a light halo has as many modes as there are wiggles in the noise of an arc, and none where it changes nothing. Particles
/// begin with the haloes drawn from their priors and everything else from the Laplace approximation without them; and half of them about the
/// maxima `ends`, as few of a prior's places are near enough to a light halo to feel it. Weights make up for where they began.
pub(super) fn posterior<M, R>(
    system: &System,
    model: &BandsModel,
    density: &ModelDensity<M>,
    (best, ends): (&[f64], &[LaneEnd]),
    settings: &FitSettings,
    clock: &mut Clock,
    search: &mut Search<'_, '_>,
) -> Result<(Posterior, Vec<f64>, HaloEvidence), FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let smooth = system.with_components(|component| !is_free_halo(component));
    let rest = model.with_components(|component| !is_free_halo(component));
    let halos = model.with_components(is_free_halo);
    let under = smooth.sampled_priors();
    let rest = search.density(handler::priors(move |ctx: &mut Ctx| rest.run(ctx).map(drop), under))?;
    if rest.dim() == 0 {
        let fix = "leave one of the lens or the source without a `value`";
        return Err(FitError::Nothing { missing: "free parameter beside those of its haloes", fix });
    }
    let of_halos = system.with_components(is_free_halo).priors;
    let prior = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| halos.run_prior(ctx), of_halos))?;
    search.executor.stage("without haloes");
    let mut values = Values::new();
    for (name, value) in latent_values(density, best)?.iter() {
        if rest.layout().entries().iter().any(|entry| *entry.name == *name) {
            values.insert(name, value.clone());
        }
    }
    let start = rest.position_of(&values, 0)?;
    let top = search.maximise(&rest, &start, &MapSettings::default())?;
    let around = laplace_of(&rest, &top.position, &smooth, search.executor)?;
    clock.lap("without haloes", search.executor);

    // Not `sampling`: a stop leaves nothing to keep.
    search.executor.stage("particles");
    let (gaussian, of_prior) = (
        places(density, rest.layout().entries().iter().map(|e| &*e.name)),
        places(density, prior.layout().entries().iter().map(|e| &*e.name)),
    );
    let anywhere = Joined::new(Gaussian::new(around.clone(), WIDENED)?, gaussian, &prior, of_prior.clone())?;
    let maxima = about(density, best, ends, search)?;
    tracing::info!("particles begin anywhere, and half of them about {} maxima", maxima.len());
    let weight = |k: usize| if k == 0 { 1.0 } else { NEAR / (1.0 - NEAR) / maxima.len() as f64 };
    let parts = std::iter::once(&anywhere as &dyn Reference).chain(maxima.iter().map(|part| part as &dyn Reference));
    let reference = Mixture::new(parts.enumerate().map(|(k, part)| (weight(k), part)).collect())?;
    let FitSettings { chains, draws, seed, .. } = *settings;
    let smc_settings =
        SmcSettings { runs: chains, particles: draws.max(2), wide: of_prior, seed, ..SmcSettings::default() };
    let runs = smc(density, &reference, &smc_settings, search.executor)?;
    clock.lap("sampling", search.executor);

    let mut posterior = Posterior::new(chains, draws.max(2));
    let all: Vec<f64> = runs.iter().flat_map(|run| run.draws.iter().copied()).collect();
    ppl_infer::Target::describe(density, &all, &mut posterior)?;
    posterior.set_attribute("sampler", "smc").set_attribute("seed", seed);
    posterior.diagnose();
    let evidence =
        HaloEvidence { with: runs.iter().map(|run| run.log_evidence).collect(), without: around.log_evidence };
    let dim = density.dim();
    let drawn = runs.iter().flat_map(|run| run.logp.iter().copied().zip(run.draws.chunks(dim)));
    let highest = drawn.max_by(|a, b| a.0.total_cmp(&b.0));
    let top = match highest {
        Some((logp, position)) if logp > log_density(density, best)? => position.to_vec(),
        _ => best.to_vec(),
    };
    Ok((posterior, top, evidence))
}

/// Gaussians about the highest different maxima, the best first; those without curvature are left to the other particles.
fn about<M, R>(
    density: &ModelDensity<M>,
    best: &[f64],
    ends: &[LaneEnd],
    search: &mut Search<'_, '_>,
) -> Result<Vec<Gaussian>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let highest = log_density(density, best)?;
    let others =
        ends.iter().filter(|end| end.reason.converged() && end.logp > highest - BELOW).map(|end| &end.position[..]);
    let mut found: Vec<Gaussian> = vec![];
    for position in std::iter::once(best).chain(others) {
        let apart = |g: &Gaussian| g.square(position) > APART * density.dim() as f64;
        if found.len() == MAXIMA || !found.iter().all(apart) {
            continue;
        }
        let one = search.executor.once("curvature", |executor| {
            let around = match laplace(density, position, &LaplaceSettings::default()) {
                Ok(around) => around,
                Err(EngineError::NoCurvature { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            executor.spend(around.gradient_count as u64);
            Ok(Some(around))
        })?;
        if let Some(gaussian) = one.and_then(|around| Gaussian::new(around, WIDENED).ok())
            && found.iter().all(|g| g.square(gaussian.mean()) > APART * density.dim() as f64)
        {
            found.push(gaussian);
        }
    }
    Ok(found)
}

/// Where the numbers of these sites are in a position.
pub(super) fn places<'a, M, R>(density: &ModelDensity<M>, sites: impl Iterator<Item = &'a str>) -> Vec<usize>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let entries = density.layout().entries();
    let of = |site: &str| {
        entries.iter().find(|entry| *entry.name == *site).map(|entry| entry.offset..entry.offset + entry.len)
    };
    sites.filter_map(of).flatten().collect()
}

fn log_density(density: &impl LogDensity, position: &[f64]) -> Result<f64, FitError> {
    let (mut logp, mut gradient) = ([0.0], vec![0.0; position.len()]);
    density.logp_and_grad(position, &mut logp, &mut gradient)?;
    Ok(logp[0])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lens_models::system::simulate;
    use ppl_infer::Executor;

    use super::*;
    use crate::fit::{Method, fit};

    /// A halo that cannot be missed on a ring of which all else but the Einstein radius and the place of the source is known.
    const SYSTEM: &str = r#"{
        "data": { "size": [32, 32], "pixel_scale": 0.1, "background_rms": 0.02, "psf_fwhm": 0.2, "supersampling": 1 },
        "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
        "lens": [
            { "name": "halo", "profile": "subhalo", "parameters": { "tau": { "value": 20 }, "log10_m200": { "value": 10.0, "free": true },
              "center_x": { "value": 0.6, "free": true }, "center_y": { "value": 0.8, "free": true } } },
            { "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.0, "free": true }, "e1": { "value": 0.1 },
              "e2": { "value": 0.0 }, "center_x": { "value": 0.0 }, "center_y": { "value": 0.0 } } } ],
        "source": [{ "name": "source", "profile": "sersic", "parameters": { "amp": { "value": 0.5 }, "R_sersic": { "value": 0.2 },
            "n_sersic": { "value": 1.0 }, "e1": { "value": 0.0 }, "e2": { "value": 0.1 }, "center_x": { "value": 0.1, "free": true },
            "center_y": { "value": 0.05, "free": true } } }],
        "priors": { "lens.theta_E": { "uniform": { "low": 0.7, "high": 1.3 } }, "halo.log10_m200": { "uniform": { "low": 8.0, "high": 11.0 } } }
    }"#;

    #[test]
    fn a_halo_is_found_where_it_is_with_its_mass_and_the_evidence_for_it() {
        let given = System::from_json(SYSTEM, Path::new("s.json"), Path::new(".")).unwrap();
        let fixed = System { priors: Default::default(), ..given.at_start() };
        let mock = simulate(&fixed, 2).unwrap();
        let mut system = given.clone();
        system.components.iter_mut().for_each(|component| component.start.clear());
        let settings = FitSettings { chains: 2, draws: 150, starts: 24, seed: 1, ..FitSettings::default() };
        let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new()).unwrap();
        let summary = found.posterior.summary();
        for (site, truth) in
            [("halo.log10_m200", 10.0), ("halo.center_x", 0.6), ("halo.center_y", 0.8), ("lens.theta_E", 1.0)]
        {
            let s = summary.get(site).unwrap();
            println!("{site}: {truth}, {:.4} +- {:.4}", s.mean, s.sd);
            assert!((s.mean - truth).abs() < 4.0 * s.sd, "{site}: {} +- {}", s.mean, s.sd);
        }
        assert!(summary.get("halo.center_x").unwrap().sd < 0.2);
        let (factor, error) = found.halos.as_ref().unwrap().log_bayes_factor();
        println!("log Bayes factor {factor:.2} +- {error:.2}, {} gradients", found.gradients);
        assert!(factor > 10.0 && error < 2.0);
        // The lens is what the Einstein radius is of, wherever it stands in the file.
        let derived = found.derived.summary();
        let mass = derived.get("halo.m200").unwrap();
        assert!((mass.q50.log10() - summary.get("halo.log10_m200").unwrap().q50).abs() < 0.1);
        assert!(derived.get("halo.concentration").is_some() && derived.get("halo.total_mass").is_some());
        assert!((derived.get("einstein_radius").unwrap().mean - 1.0).abs() < 0.1);
        let gaussian = FitSettings { method: Method::Map, ..settings };
        let map = fit(&system, mock.data, &gaussian, &mut Executor::new()).unwrap();
        assert!(map.halos.is_none() && (map.best["halo.center_x"][0] - 0.6).abs() < 0.3);
    }
}
