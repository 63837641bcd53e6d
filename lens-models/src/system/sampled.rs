//! Sampled: the components of a system with the values that one run gives their parameters.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use ppl_core::autodiff::{Dims, Value};
use ppl_core::distributions::{Any, Distribution as _, Gauge, InUnits};
use ppl_core::{Ctx, Var};

use super::component::{Component, Profile, Role};
use super::config::System;
use super::defaults::{self, Scales};
use super::point_log_prob::PointTerms;
use super::point_planes::point_planes;
use super::point_source::PointSource;
use super::redshifts::Redshifts;
use crate::error::Result;
use crate::linear::AmplitudePrior;
use crate::op::{Deflector, LightModel, PotentialGrid, Template, scalars_of};
use crate::parameter::{ParameterKind, ProfileParameter};

/// Where a parameter's value comes from.
#[derive(Clone)]
pub(super) enum Slot {
    Free(Any),
    Fixed(Vec<f64>),
    /// What the likelihood finds: the prior of each number of each copy.
    Linear(Vec<AmplitudePrior>),
}

impl Slot {
    pub(super) fn linear(&self) -> Option<&[AmplitudePrior]> {
        if let Slot::Linear(priors) = self { Some(priors) } else { None }
    }
}

/// The components of a system, each with where the values of its parameters come from.
///
/// # Errors
/// A prior that is not of its kind.
pub(super) fn with_slots(system: &System, scales: &Scales) -> Result<Vec<(Component, Vec<Slot>)>> {
    let has_radius = |c: &&Component| c.profile.parameters().iter().any(|p| p.kind == ParameterKind::EinsteinRadius);
    let main = system.of_role(Role::Lens).find(has_radius).map(|component| component.name.as_str());
    let slot = |component: &Component, parameter: &ProfileParameter| match component.fixed.get(parameter.name) {
        Some(values) => Ok(Slot::Fixed(values.clone())),
        None if component.linear().is_some_and(|linear| linear.name == parameter.name) => {
            defaults::linear(component, parameter, scales, &system.priors).map(Slot::Linear)
        }
        None => {
            let neighbour = main.is_some_and(|main| main != component.name);
            defaults::prior(component, parameter, scales, system.preset, neighbour).map(Slot::Free)
        }
    };
    let slots = |component: &Component| {
        component.profile.parameters().iter().map(|p| slot(component, p)).collect::<Result<Vec<_>>>()
    };
    system.components.iter().map(|c| Ok((c.clone(), slots(c)?))).collect()
}

/// A light and the values of its parameters.
pub(super) struct Lit<'s> {
    pub role: Role,
    pub redshift: Option<f64>,
    pub model: &'s Arc<dyn LightModel>,
    pub given: Given<'s>,
}

/// What one run makes of the components.
pub(super) struct Sampled<'s> {
    pub lit: Vec<Lit<'s>>,
    pub behind: Behind,
    /// Where the pixels lie, of a band after the first.
    pub registration: Option<Vec<Value>>,
}

/// What the bands of one run share: each value and each template is made by the first of them that has it.
#[derive(Default)]
pub(super) struct Shared {
    values: BTreeMap<String, Value>,
    templates: BTreeMap<String, Template>,
}

/// What several bands share, or nothing, where there is one.
type Sharing<'a> = Option<&'a mut Shared>;

/// The lenses, and the point sources behind them.
#[derive(Clone, Default)]
pub(super) struct Behind {
    pub deflectors: Vec<(Option<f64>, Deflector)>,
    /// Potentials on grids, each with the numbers of its parameters; in one plane with the others.
    pub potentials: Vec<(PotentialGrid, Vec<Value>)>,
    /// Each with its name and the numbers of its parameters.
    points: Vec<(String, Arc<PointSource>, Vec<Value>)>,
    pub cosmology: Option<(Redshifts, Vec<Value>)>,
}

/// Samples the parameters of all components, in their order, but for those that a band before has sampled.
pub(super) fn sampled<'s>(
    ctx: &mut Ctx,
    components: &'s [(Component, Vec<Slot>)],
    mut shared: Sharing<'_>,
) -> ppl_core::Result<Sampled<'s>> {
    let mut all = Sampled { lit: vec![], behind: Behind::default(), registration: None };
    let mut halos = vec![];
    for (component, slots) in components {
        for given in values(ctx, component, slots, shared.as_deref_mut())? {
            match &component.profile {
                Profile::Mass(profile) => {
                    let deflector = Deflector::new(*profile, scalars_of(&given.params)?)?;
                    all.behind.deflectors.push((component.redshift, deflector));
                }
                // One that is said to be none costs nothing.
                Profile::Potential(_) if matches!(&slots[0], Slot::Fixed(xi) if xi.iter().all(|x| *x == 0.0)) => {}
                Profile::Potential(grid) => all.behind.potentials.push((*grid, given.params)),
                // Their angles hang on the cosmology, which comes last.
                Profile::Halo(halo) => halos.push((component.redshift, *halo, given.params)),
                Profile::Light(model) => {
                    let Component { role, redshift, .. } = *component;
                    all.lit.push(Lit { role, redshift, model, given });
                }
                Profile::Points(points) => {
                    all.behind.points.push((component.name.clone(), points.clone(), given.params));
                }
                Profile::Cosmology(redshifts) => all.behind.cosmology = Some((*redshifts, given.params)),
                Profile::Registration => all.registration = Some(given.params),
            }
        }
    }
    if let Some((redshifts, cosmology)) = &all.behind.cosmology {
        for (z, halo, values) in halos {
            all.behind.deflectors.push((z, halo.deflector(&values, *redshifts, cosmology, z)?));
        }
    }
    Ok(all)
}

impl Behind {
    /// Scores what was seen of the point sources.
    pub fn observe(&self, ctx: &mut Ctx, terms: PointTerms) -> ppl_core::Result<()> {
        if self.points.is_empty() {
            return Ok(());
        }
        let planes = point_planes(&self.deflectors, self.cosmology.as_ref())?;
        let days = self.cosmology.as_ref().map(|(redshifts, values)| redshifts.days(values)).transpose()?;
        for (name, points, params) in &self.points {
            let source = match &scalars_of(params)?[..] {
                [x, y] => Some([x.clone(), y.clone()]),
                _ => None,
            };
            ctx.scope(name, |ctx| points.observe(ctx, &planes, source, days.as_ref(), terms))?;
        }
        Ok(())
    }
}

/// The values of a component's parameters, in the order of its profile's table.
pub(super) struct Given<'s> {
    pub params: Vec<Value>,
    /// What a light makes of the first.
    pub template: Option<Template>,
    /// The priors of its linear amplitudes.
    pub linear: &'s [AmplitudePrior],
}

/// The parameters of each copy of a component.
fn values<'s>(
    ctx: &mut Ctx,
    component: &Component,
    slots: &'s [Slot],
    mut shared: Sharing<'_>,
) -> ppl_core::Result<Vec<Given<'s>>> {
    ctx.scope(&component.name, |ctx| {
        if component.count == 1 {
            return single(ctx, component, slots, shared).map(|one| vec![one]);
        }
        let mut vectors: Vec<Var<(usize,)>> = vec![];
        for (parameter, slot) in component.profile.parameters().iter().zip(slots) {
            let all = |ctx: &mut Ctx| {
                let vector = ctx.plate("copies", component.count, |ctx| match slot {
                    Slot::Free(prior) => ctx.sample(parameter.name, prior.clone()),
                    Slot::Fixed(values) => Ok(Var::vector(repeated(values, component.count))),
                    Slot::Linear(_) => Ok(Var::vector(vec![1.0; component.count])),
                });
                vector.map(|vector| vector.as_value().clone())
            };
            vectors.push(Var::from_value(once(ctx, component, parameter, shared.as_deref_mut(), all)?));
        }
        let copy = |i| {
            let params = vectors.iter().map(|v| v.get(i).map(|one| one.as_value().clone()));
            let linear = linear(slots).get(i..=i).unwrap_or_default();
            Ok(Given { params: params.collect::<ppl_core::Result<_>>()?, template: None, linear })
        };
        (0..component.count).map(copy).collect()
    })
}

/// The value of a parameter: what a band before has sampled, or what `sample` does, in the scope of the band where it is the band's own.
fn once(
    ctx: &mut Ctx,
    component: &Component,
    parameter: &ProfileParameter,
    shared: Sharing<'_>,
    sample: impl FnOnce(&mut Ctx) -> ppl_core::Result<Value>,
) -> ppl_core::Result<Value> {
    let own = component.own_band(&[parameter.name]);
    let Some(shared) = shared else {
        return match own {
            Some(band) => ctx.scope(band, sample),
            None => sample(ctx),
        };
    };
    let site = component.site(parameter);
    if let Some(value) = shared.values.get(&site) {
        return Ok(value.clone());
    }
    let value = match own {
        Some(band) => ctx.scope(band, sample)?,
        None => sample(ctx)?,
    };
    shared.values.insert(site, value.clone());
    Ok(value)
}

/// The priors of the linear amplitudes among the slots of a component.
fn linear(slots: &[Slot]) -> &[AmplitudePrior] {
    slots.iter().find_map(Slot::linear).unwrap_or_default()
}

/// The parameters of a single component, those after the first measured as its light says.
fn single<'s>(
    ctx: &mut Ctx,
    component: &Component,
    slots: &'s [Slot],
    mut shared: Sharing<'_>,
) -> ppl_core::Result<Given<'s>> {
    let mut given = Given { params: vec![], template: None, linear: linear(slots) };
    for (parameter, slot) in component.profile.parameters().iter().zip(slots) {
        let sample = |ctx: &mut Ctx| {
            let gauge = match (&component.profile, &given.template) {
                (Profile::Light(light), Some(template)) => light.gauge(template, &given.params).transpose()?,
                _ => None,
            };
            value(ctx, parameter, slot, gauge)
        };
        let value = once(ctx, component, parameter, shared.as_deref_mut(), sample)?;
        given.params.push(value);
        if let (Profile::Light(light), [first]) = (&component.profile, &given.params[..]) {
            given.template = template(component, light, parameter, first, shared.as_deref_mut())?;
        }
    }
    Ok(given)
}

/// What a light makes of its first parameter, unless a band before has made it.
fn template(
    component: &Component,
    light: &Arc<dyn LightModel>,
    parameter: &ProfileParameter,
    first: &Value,
    shared: Sharing<'_>,
) -> ppl_core::Result<Option<Template>> {
    let Some(shared) = shared else { return light.template(first).transpose() };
    let site = component.site(parameter);
    if let Some(template) = shared.templates.get(&site) {
        return Ok(Some(template.clone()));
    }
    let made = light.template(first).transpose()?;
    shared.templates.extend(made.iter().map(|template| (site.clone(), template.clone())));
    Ok(made)
}

/// A parameter of a single component. A vector has a prior of vectors, or lies in a plate of its own name.
fn value(ctx: &mut Ctx, parameter: &ProfileParameter, slot: &Slot, gauge: Option<Gauge>) -> ppl_core::Result<Value> {
    let ProfileParameter { name, size, .. } = *parameter;
    match slot {
        Slot::Fixed(values) => {
            let dims = if size == 1 { Dims::SCALAR } else { Dims::new(&[size]) };
            Ok(Value::shared(dims, repeated(values, size)))
        }
        // Its units are what counts, whatever stands here.
        Slot::Linear(_) => {
            Ok(Value::shared(if size == 1 { Dims::SCALAR } else { Dims::new(&[size]) }, vec![1.0; size]))
        }
        Slot::Free(prior) if size > 1 && prior.event_rank() == 0 => {
            ctx.plate(name, size, |ctx| ctx.sample(name, prior.clone())).map(|v| v.as_value().clone())
        }
        Slot::Free(prior) => match gauge {
            Some(gauge) => ctx.sample_value(name, Rc::new(InUnits::of(prior.clone(), gauge))),
            None => ctx.sample_value(name, prior.0.clone()),
        },
    }
}

/// One value for all, or each its own.
fn repeated(values: &[f64], count: usize) -> Vec<f64> {
    (0..count).map(|i| values.get(i).or(values.first()).copied().unwrap_or(f64::NAN)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_second_lens_is_a_neighbour_of_less_mass() {
        let json = r#"{ "lens": [ { "name": "shear", "profile": "shear" }, { "name": "main", "profile": "sie" },
                                  { "name": "other", "profile": "sis" } ],
                        "source": [ { "name": "source", "profile": "sersic" } ] }"#;
        let system = System::from_json(json, Path::new("s.json"), Path::new(".")).unwrap();
        let scales = Scales { radius: 2.0, pixel: 0.05, peak: 1.0, noise: 0.1, center: [0.0; 2] };
        let slots = with_slots(&system, &scales).unwrap();
        let median = |k: usize| match &slots[k].1[0] {
            Slot::Free(prior) => prior.parameter("loc").unwrap().numbers()[0].exp(),
            _ => f64::NAN,
        };
        assert!((median(1) - 0.8).abs() < 1e-12 && (median(2) - 0.2).abs() < 1e-12, "{} {}", median(1), median(2));
    }
}
