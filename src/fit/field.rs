//! Fields: light and potentials given by thousands of whitened numbers, and which of its parameters a fit holds when.

use std::ops::Range;

use lens_models::op::{FieldModel, Scaling};
use lens_models::parameter::ProfileParameter;
use lens_models::system::{Component, System};
use ppl_core::{Ctx, ModelDensity, Values};
use ppl_infer::map::{LbfgsSettings, MapSettings, OptimizerSettings};

use super::FitError;
use super::light::latent_values;

/// Step by which a parameter is differenced, in unconstrained units.
const STEP: f64 = 1e-4;

/// Light or a potential that is a field.
pub(super) struct Field<'a> {
    pub component: &'a Component,
    pub model: &'a dyn FieldModel,
    pub whitened: &'a ProfileParameter,
}

/// The fields of a system, each once though it shines in several bands.
pub(super) fn fields(system: &System) -> Vec<Field<'_>> {
    let mut fields: Vec<Field<'_>> = vec![];
    for component in &system.components {
        let model = component.profile.field();
        let Some((model, whitened)) = model.zip(component.profile.parameters().first()) else { continue };
        let is_new = |f: &Field<'_>| f.component.site(f.whitened) != component.site(whitened);
        if !component.fixed.contains_key(whitened.name) && fields.iter().all(is_new) {
            fields.push(Field { component, model, whitened });
        }
    }
    fields
}

/// Whether there are whitened numbers with scales.
pub(super) fn has_fields(system: &System) -> bool {
    !fields(system).is_empty()
}

/// What scales the whitened numbers of a field and is free: its place among what is [scaling](FieldModel::scaling), itself, and its site.
pub(super) fn scaling(field: &Field<'_>) -> Vec<(usize, Scaling, String)> {
    let free = |(_, scaling): &(usize, &Scaling)| !field.component.fixed.contains_key(scaling.name);
    let all = field.model.scaling().iter().enumerate().filter(free);
    all.map(|(at, scaling)| (at, *scaling, field.component.site_of(scaling.name))).collect()
}

/// The sites of the grids of all fields.
fn grids(system: &System) -> Vec<String> {
    let of =
        |field: &Field<'_>| field.model.grid().iter().map(|name| field.component.site_of(name)).collect::<Vec<_>>();
    fields(system).iter().flat_map(of).collect()
}

/// The sites of how wide the grids of all fields are.
fn widths(system: &System) -> Vec<String> {
    let of = |field: &Field<'_>| Some(field.component.site_of(field.model.grid().first()?));
    fields(system).iter().filter_map(of).collect()
}

/// The sites of the scales of all fields.
fn scales(system: &System) -> Vec<String> {
    fields(system).iter().flat_map(|field| scaling(field).into_iter().map(|(_, _, site)| site)).collect()
}

/// The system with these sites fixed at the values, and no priors of them.
fn fixed(system: &System, sites: &[String], values: &Values) -> System {
    let mut fixed = system.clone();
    let mut without = vec![];
    for component in &mut fixed.components {
        let parameters = component.profile.parameters();
        for (name, site) in parameters.iter().map(|p| (p.name, component.site(p))).collect::<Vec<_>>() {
            if let Some(numbers) = values.numbers(&site).filter(|_| sites.contains(&site)) {
                component.fixed.insert(name, numbers.to_vec());
                component.start.remove(name);
                without.push(site);
            }
        }
    }
    fixed.priors = fixed.priors.filtered(|site| without.iter().all(|name| name != site));
    fixed
}

/// The system in which the scales of fields and their grids are those of the values.
pub(super) fn held(system: &System, values: &Values) -> System {
    fixed(system, &[scales(system), grids(system)].concat(), values)
}

/// The system in which the grids are.
pub(super) fn on_grids(system: &System, values: &Values) -> System {
    fixed(system, &grids(system), values)
}

/// The system that is sampled: all of that is held, but how wide grids are.
pub(super) fn settled(system: &System, values: &Values) -> System {
    let (mut sites, widths) = ([scales(system), grids(system)].concat(), widths(system));
    sites.retain(|site| !widths.contains(site));
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
    let coarse =
        LbfgsSettings { memory: 30, tol_gain: 0.03, tol_logp: 1e-6, max_iterations: 500, ..LbfgsSettings::default() };
    let settings = if has_fields(system) { coarse } else { LbfgsSettings::default() };
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
pub(super) fn place<M, R>(density: &ModelDensity<M>, site: &str) -> Option<Range<usize>>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let entry = density.layout().entries().iter().find(|entry| &*entry.name == site)?;
    Some(entry.offset..entry.offset + entry.len)
}

/// A site of one number at a position, and what it changes by its unconstrained coordinate, which lies at `place`.
pub(super) fn slope_of<M, R>(
    density: &ModelDensity<M>,
    position: &[f64],
    place: usize,
    site: &str,
) -> Result<(f64, f64), FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let beside = |by: f64| -> Result<f64, FitError> {
        let mut position = position.to_vec();
        position[place] += by;
        let found = latent_values(density, &position)?;
        Ok(found.numbers(site).and_then(|v| v.first().copied()).unwrap_or(f64::NAN))
    };
    Ok((beside(0.0)?, (beside(STEP)? - beside(-STEP)?) / (2.0 * STEP)))
}
