//! Fields: light given by thousands of whitened numbers under scales that no maximum can give.

use std::ops::Range;

use lens_models::op::LightModel;
use lens_models::parameter::ProfileParameter;
use lens_models::system::{BandsModel, Component, Profile, Scales, System};
use ppl_core::{Ctx, ModelDensity, Values};
use ppl_infer::map::{LbfgsSettings, MapSettings, OptimizerSettings};

use super::FitError;
use super::around::of_field;
use super::light::latent_values;
use super::search::{Search, with_priors};

/// How often likelier scales are taken and the rest is maximised anew under them; names of the steps of a journal.
const CURVATURES: [&str; 4] =
    ["curvature of the first scales", "of the second scales", "of the third scales", "of the fourth scales"];

/// A free parameter that scales whitened numbers: the place of its component, its name, its site.
type Scaling = (usize, &'static str, String);

/// Light that is a field.
struct Field<'a> {
    component: &'a Component,
    light: &'a dyn LightModel,
    whitened: &'a ProfileParameter,
}

/// The fields of a system, each once though it shines in several bands.
fn fields(system: &System) -> Vec<Field<'_>> {
    let mut fields: Vec<Field<'_>> = vec![];
    for component in &system.components {
        let Profile::Light(light) = &component.profile else { continue };
        let Some(whitened) = light.parameters().first().filter(|_| !light.scaling().is_empty()) else { continue };
        if fields.iter().all(|f| f.component.site(f.whitened) != component.site(whitened)) {
            fields.push(Field { component, light: &**light, whitened });
        }
    }
    fields
}

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

/// The places of whitened numbers in a density.
pub(super) fn whitened<M, R>(system: &System, density: &ModelDensity<M>) -> Vec<Range<usize>>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let of = |field: Field| place(density, &field.component.site(field.whitened));
    fields(system).into_iter().filter_map(of).collect()
}

/// Where a site lies.
fn place<M, R>(density: &ModelDensity<M>, site: &str) -> Option<Range<usize>>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let entry = density.layout().entries().iter().find(|entry| &*entry.name == site)?;
    Some(entry.offset..entry.offset + entry.len)
}

/// Values of everything, scales too, for which the scales are likely: at the maximum under those that `values` have the curvature says what
/// is known of the whitened numbers, from which likelier scales follow; the rest is maximised under these, as often as [`CURVATURES`] has names.
pub(super) fn with_likely_scales(
    system: &System,
    model: &BandsModel,
    scales: &[Scales],
    mut values: Values,
    search: &mut Search<'_, '_>,
) -> Result<Values, FitError> {
    for name in CURVATURES {
        let held = held(system, &values);
        let density = search.density(with_priors(&model.with_system(&held, scales)?, &held))?;
        let from = density.position_of(&free(&held, &values), 0)?;
        let best = search.maximise(&density, &from, &optimizer(system))?;
        values = merged(values, &latent_values(&density, &best.position)?);
        let whitened = whitened(system, &density);
        let around = of_field(&density, &best.position, &whitened, search.executor, name)?;
        let variances = around.covariance.variances();
        for field in fields(system) {
            let Some(place) = place(&density, &field.component.site(field.whitened)) else { continue };
            let site = |name: &str| field.component.site_of(name);
            let of = |name: &str| match field.component.fixed.get(name) {
                Some(numbers) => numbers.clone(),
                None => values.numbers(&site(name)).map(<[f64]>::to_vec).unwrap_or_default(),
            };
            let is_free = |name: &str| !field.component.fixed.contains_key(name);
            let found = field.light.likely(&of, &is_free, &variances[place]);
            for (name, numbers) in found.into_iter().filter(|(name, _)| is_free(name)) {
                values = match numbers[..] {
                    [number] => values.with(site(name), number),
                    _ => values.with(site(name), numbers),
                };
            }
        }
        let one = |(_, _, site): &Scaling| Some(format!("{site} {:.4}", values.numbers(site)?.first()?));
        let told: Vec<String> = scaling(system).iter().filter_map(one).collect();
        tracing::info!("scales: {}", told.join(", "));
    }
    Ok(values)
}
