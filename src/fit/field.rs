//! Fields: light given by thousands of whitened numbers under scales that no maximum can give.

use lens_models::system::{Component, Profile, Scales, System, SystemModel};
use ppl_core::{LogDensity, Values};
use ppl_infer::map::{LbfgsSettings, MapSettings, OptimizerSettings};
use ppl_infer::mcmc::{Nuts, NutsSettings};

use super::around::Around;
use super::light::latent_values;
use super::search::{Search, with_priors};
use super::{FitError, FitSettings};

/// How often the scales of fields are taken from a short run, and the rest maximised anew under them.
const ROUNDS: usize = 2;
/// Names of the steps of a journal.
const CURVATURES: [&str; ROUNDS] = ["curvature of the first scales", "of the second scales"];
/// Transitions of that run, those of them that count, and the most doublings of a trajectory: the first scales are a guess, under which
/// trajectories are long and of little use.
const SHORT: (usize, usize, u32) = (60, 40, 5);

/// A free parameter that scales whitened numbers: the place of its component, its name, its site.
type Scaling = (usize, &'static str, String);

fn scaling(system: &System) -> Vec<Scaling> {
    let of = |(at, component): (usize, &Component)| {
        let named: &[&'static str] = match &component.profile {
            Profile::Light(light) => light.scaling(),
            _ => &[],
        };
        let known = component.profile.parameters().iter().filter(|p| named.contains(&p.name));
        let free = known.filter(|p| !component.fixed.contains_key(p.name));
        free.map(|p| (at, p.name, component.site(p))).collect::<Vec<_>>()
    };
    system.components.iter().enumerate().flat_map(of).collect()
}

/// Whether there are scales of whitened numbers to be found.
pub(super) fn has_scales(system: &System) -> bool {
    !scaling(system).is_empty()
}

/// The system with these sites fixed at the values.
fn fixed(system: &System, sites: &[Scaling], values: &Values) -> System {
    let mut fixed = system.clone();
    for (at, name, site) in sites {
        if let Some(numbers) = values.numbers(site) {
            fixed.components[*at].fixed.insert(name, numbers.to_vec());
            fixed.components[*at].start.remove(name);
        }
    }
    fixed
}

/// The system in which the scales of fields are those of the values.
pub(super) fn held(system: &System, values: &Values) -> System {
    fixed(system, &scaling(system), values)
}

/// The system in which those scales are fixed to which the file gives no prior.
pub(super) fn settled(system: &System, values: &Values) -> System {
    let mut sites = scaling(system);
    sites.retain(|(_, _, site)| system.priors.get(site).is_none());
    fixed(system, &sites, values)
}

/// Those of the values that the system leaves free.
pub(super) fn free(system: &System, values: &Values) -> Values {
    let is_fixed =
        |site: &str| system.components.iter().any(|c| c.fixed.keys().any(|name| format!("{}.{name}", c.name) == site));
    let mut free = Values::new();
    values.iter().filter(|(site, _)| !is_fixed(site)).for_each(|(site, value)| free.insert(site, value.clone()));
    free
}

/// Both, the second before the first.
pub(super) fn merged(mut values: Values, others: &Values) -> Values {
    others.iter().for_each(|(name, value)| values.insert(name, value.clone()));
    values
}

/// How a maximum is looked for: with thousands of whitened numbers it is a point to measure the curvature at, not a result, and hundredths
/// of a nat are enough.
pub(super) fn optimizer(system: &System) -> MapSettings {
    let is_field = |c: &Component| matches!(&c.profile, Profile::Light(light) if !light.scaling().is_empty());
    let coarse =
        LbfgsSettings { memory: 30, tol_gain: 0.03, tol_logp: 1e-6, max_iterations: 500, ..LbfgsSettings::default() };
    let settings = if system.components.iter().any(is_field) { coarse } else { LbfgsSettings::default() };
    MapSettings { optimizer: OptimizerSettings::Lbfgs(settings), ..MapSettings::default() }
}

/// Values of everything, scales too, for which the scales are likely: from the maximum under the scales that `values` have, a short run
/// with all free finds others, and the rest is maximised under these, [`ROUNDS`] times.
pub(super) fn with_likely_scales(
    system: &System,
    model: &SystemModel,
    scales: &Scales,
    mut values: Values,
    settings: &FitSettings,
    search: &mut Search<'_, '_>,
) -> Result<Values, FitError> {
    let open = search.density(with_priors(&model.with_system(system, scales)?, system))?;
    for name in CURVATURES {
        let around = Around::many(&open, &open.position_of(&values, 0)?, search.executor, name)?;
        let (warmup, draws, max_depth) = SHORT;
        let (kernel, chains, seed) = (Nuts { max_depth }, settings.chains, search.seed());
        let nuts = NutsSettings { kernel, warmup, draws, chains, seed, ..NutsSettings::default() };
        let outcome = around.chains(&open, &nuts, search.executor)?;
        let dim = open.dim();
        let (mut mean, mut count) = (vec![0.0; dim], 0.0);
        for draw in outcome.samples.chains.iter().flat_map(|chain| chain.draws.chunks_exact(dim)) {
            mean.iter_mut().zip(draw).for_each(|(m, d)| *m += d);
            count += 1.0;
        }
        if count == 0.0 {
            break;
        }
        mean.iter_mut().for_each(|m| *m /= count);
        let found = latent_values(&open, &mean)?;
        let held = held(system, &found);
        let density = search.density(with_priors(&model.with_system(&held, scales)?, &held))?;
        let from = density.position_of(&free(&held, &found), 0)?;
        let best = search.maximise(&density, &from, &optimizer(system))?;
        values = merged(found, &latent_values(&density, &best.position)?);
        let one = |(_, _, site): &Scaling| Some(format!("{site} {:.4}", values.numbers(site)?.first()?));
        let told: Vec<String> = scaling(system).iter().filter_map(one).collect();
        tracing::info!("scales: {}", told.join(", "));
    }
    Ok(values)
}
