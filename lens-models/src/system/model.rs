//! The model function of a system: its free parameters as sites, its image as a factor of the density.

use std::rc::Rc;
use std::sync::Arc;

use ppl_core::autodiff::{Dims, Value};
use ppl_core::distributions::{Any, Distribution as _, Gauge, InUnits};
use ppl_core::{Array, Ctx, Var};

use super::component::{Component, Profile, Role};
use super::config::System;
use super::defaults::{self, Scales};
use crate::data::ImageData;
use crate::error::{Error, Result};
use crate::linear::{AmplitudePrior, Amplitudes};
use crate::op::{
    Deflector, LinearImages, Template, expose, fixed_noise, image_log_prob, linear_log_prob, scalars_of, sky,
    trace_rays,
};
use crate::parameter::ProfileParameter;
use crate::sampling::Sampling;

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

/// A system with its data and a prior for every free parameter, ready to run under an engine.
#[derive(Clone)]
pub struct SystemModel {
    data: Arc<ImageData>,
    grid: Arc<crate::grid::Grid>,
    sky: Array,
    pub(super) components: Vec<(Component, Vec<Slot>)>,
    pub(super) amplitudes: Amplitudes,
}

/// A part of a scene whose amplitude is linear.
#[derive(Clone)]
pub(super) struct Unit {
    /// Its place among the linear numbers of all components.
    pub place: usize,
    pub prior: AmplitudePrior,
    /// Brightness on sub-pixels at amplitude one.
    pub brightness: Array,
}

/// A scene in its parts.
#[derive(Clone, Default)]
pub(super) struct Parts {
    light: Vec<Array>,
    source: Vec<Array>,
    pub units: Vec<Unit>,
}

impl Parts {
    /// All that has no linear amplitude.
    pub fn rest(&self) -> Vec<Array> {
        self.light.iter().chain(&self.source).cloned().collect()
    }
}

/// What a run of the model makes, before the camera: brightness on sub-pixels.
#[derive(Clone)]
pub struct Scene {
    /// Light of the lens plane; none where there is no such component.
    pub light: Option<Array>,
    /// Light of the sources, as deflected; none where there is no such component.
    pub source: Option<Array>,
}

impl SystemModel {
    /// The model of `system` on `data`, with default priors scaled to them.
    ///
    /// # Errors
    /// A system without light or source, of which there is no image.
    /// A linear amplitude with a prior that is not normal, or under noise that depends on the model.
    pub fn new(system: &System, data: Arc<ImageData>, scales: &Scales) -> Result<Self> {
        if system.components.iter().all(|c| c.role == Role::Lens) {
            let hint = "or `light`: a component of either, without which there is no image";
            return Err(Error::MissingKey { place: "the system".to_owned(), key: "source", hint });
        }
        let slots = |component: &Component| {
            let slot = |p| match (component.fixed.get(p), component.linear()) {
                (Some(values), _) => Ok(Slot::Fixed(values.clone())),
                (None, Some(linear)) if linear.name == p => {
                    fixed_noise(&data)?;
                    defaults::linear(component, linear, scales, &system.priors).map(Slot::Linear)
                }
                (None, _) => {
                    let table = component.profile.parameters().iter().find(|q| q.name == p);
                    table.map_or_else(
                        || Ok(Slot::Fixed(vec![])),
                        |q| defaults::prior(component, q, scales, system.preset).map(Slot::Free),
                    )
                }
            };
            component.profile.parameters().iter().map(|p| slot(p.name)).collect::<Result<Vec<_>>>()
        };
        let components = system.components.iter().map(|c| Ok((c.clone(), slots(c)?))).collect::<Result<_>>()?;
        let grid = Arc::new(data.grid.clone());
        Ok(SystemModel { sky: sky(&grid)?, data, grid, components, amplitudes: system.amplitudes })
    }

    /// The data.
    pub fn data(&self) -> &Arc<ImageData> {
        &self.data
    }

    /// One run: samples the free parameters, renders the image and scores it. The scene is without the parts whose amplitudes are
    /// linear; [`SystemModel::scene_at`] has them too.
    ///
    /// # Errors
    /// What the context returns.
    pub fn run(&self, ctx: &mut Ctx) -> ppl_core::Result<Scene> {
        let parts = self.parts(ctx)?;
        let score = if parts.units.is_empty() {
            image_log_prob(&self.data, &expose(&self.data, &Array::sum_of(&parts.rest())?)?)?
        } else {
            linear_log_prob(&self.data, &self.linear_images(&parts)?, self.amplitudes)?
        };
        ctx.factor("image", score)?;
        Scene::of(parts)
    }

    /// What the camera sees of the parts.
    pub(super) fn linear_images(&self, parts: &Parts) -> ppl_core::Result<LinearImages> {
        let rest = parts.rest();
        let rest = if rest.is_empty() { None } else { Some(expose(&self.data, &Array::sum_of(&rest)?)?) };
        let units = parts.units.iter().map(|unit| expose(&self.data, &unit.brightness));
        let units = units.collect::<ppl_core::Result<_>>()?;
        Ok(LinearImages { units, priors: parts.units.iter().map(|unit| unit.prior).collect(), rest })
    }

    /// The same model with another way with its linear amplitudes.
    #[must_use]
    pub fn with_amplitudes(&self, amplitudes: Amplitudes) -> Self {
        SystemModel { amplitudes, ..self.clone() }
    }

    /// The sub-pixels that light is evaluated at.
    pub fn sampling(&self) -> &Sampling {
        self.grid.sampling()
    }

    /// The same model with other sub-pixels.
    ///
    /// # Errors
    /// None: a grid fills its shape.
    ///
    /// # Panics
    /// If the sampling is of another number of cells than the grid has.
    pub fn resampled(&self, sampling: Sampling) -> Result<Self> {
        let data = Arc::new(self.data.resampled(sampling));
        let grid = Arc::new(data.grid.clone());
        Ok(SystemModel { sky: sky(&grid)?, data, grid, ..self.clone() })
    }

    pub(super) fn parts(&self, ctx: &mut Ctx) -> ppl_core::Result<Parts> {
        let (mut deflectors, mut lit, mut places) = (vec![], vec![], 0);
        for (component, slots) in &self.components {
            for Given { params, template, linear } in values(ctx, component, slots)? {
                match &component.profile {
                    Profile::Mass(profile) => deflectors.push(Deflector::new(*profile, scalars_of(&params)?)?),
                    Profile::Light(light) => {
                        lit.push((component.role, light, template, params, places, linear));
                        places += linear.len();
                    }
                }
            }
        }
        let beta = trace_rays(&self.grid, &deflectors)?;
        let mut parts = Parts::default();
        for (role, model, template, params, first, linear) in lit {
            let (at, into) = match role {
                Role::Source => (&beta, &mut parts.source),
                _ => (&self.sky, &mut parts.light),
            };
            if linear.is_empty() {
                into.push(model.brightness(at, template.as_ref(), &params)?);
                continue;
            }
            // A prior without width leaves nothing to find: the part is dark.
            let of = |(k, brightness): (usize, Array)| Unit { place: first + k, prior: linear[k], brightness };
            let units = model.units(at, template.as_ref(), &params)?.into_iter().enumerate();
            parts.units.extend(units.filter(|(k, _)| linear[*k].scale > 0.0).map(of));
        }
        Ok(parts)
    }
}

impl Scene {
    pub(super) fn of(parts: Parts) -> ppl_core::Result<Self> {
        let sum = |parts: Vec<Array>| if parts.is_empty() { Ok(None) } else { Array::sum_of(&parts).map(Some) };
        Ok(Scene { light: sum(parts.light)?, source: sum(parts.source)? })
    }
}

/// The values of a component's parameters, in the order of its profile's table.
struct Given<'s> {
    params: Vec<Value>,
    /// What a light makes of the first.
    template: Option<Template>,
    /// The priors of its linear amplitudes.
    linear: &'s [AmplitudePrior],
}

/// The parameters of each copy of a component.
fn values<'s>(ctx: &mut Ctx, component: &Component, slots: &'s [Slot]) -> ppl_core::Result<Vec<Given<'s>>> {
    let parameters = component.profile.parameters().iter().zip(slots);
    ctx.scope(&component.name, |ctx| {
        if component.count == 1 {
            return single(ctx, component, slots).map(|one| vec![one]);
        }
        let vectors = ctx.plate("copies", component.count, |ctx| {
            let all = parameters.map(|(p, slot)| match slot {
                Slot::Free(prior) => ctx.sample(p.name, prior.clone()),
                Slot::Fixed(values) => Ok(Var::vector(repeated(values, component.count))),
                Slot::Linear(_) => Ok(Var::vector(vec![1.0; component.count])),
            });
            all.collect::<ppl_core::Result<Vec<_>>>()
        })?;
        let copy = |i| {
            let params = vectors.iter().map(|v| v.get(i).map(|one| one.as_value().clone()));
            let linear = linear(slots).get(i..=i).unwrap_or_default();
            Ok(Given { params: params.collect::<ppl_core::Result<_>>()?, template: None, linear })
        };
        (0..component.count).map(copy).collect()
    })
}

/// The priors of the linear amplitudes among the slots of a component.
fn linear(slots: &[Slot]) -> &[AmplitudePrior] {
    slots.iter().find_map(Slot::linear).unwrap_or_default()
}

/// The parameters of a single component, those after the first measured as its light says.
fn single<'s>(ctx: &mut Ctx, component: &Component, slots: &'s [Slot]) -> ppl_core::Result<Given<'s>> {
    let mut given = Given { params: vec![], template: None, linear: linear(slots) };
    for (parameter, slot) in component.profile.parameters().iter().zip(slots) {
        let gauge = match (&component.profile, &given.template) {
            (Profile::Light(light), Some(template)) => light.gauge(template, &given.params).transpose()?,
            _ => None,
        };
        given.params.push(value(ctx, parameter, slot, gauge)?);
        if let (Profile::Light(light), [first]) = (&component.profile, &given.params[..]) {
            given.template = light.template(first).transpose()?;
        }
    }
    Ok(given)
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
