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
use crate::op::{Deflector, Template, expose, image_log_prob, scalars_of, sky, trace_rays};
use crate::parameter::ProfileParameter;
use crate::sampling::Sampling;

/// Where a parameter's value comes from.
#[derive(Clone)]
enum Slot {
    Free(Any),
    Fixed(Vec<f64>),
}

/// A system with its data and a prior for every free parameter, ready to run under an engine.
#[derive(Clone)]
pub struct SystemModel {
    data: Arc<ImageData>,
    grid: Arc<crate::grid::Grid>,
    sky: Array,
    components: Vec<(Component, Vec<Slot>)>,
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
    pub fn new(system: &System, data: Arc<ImageData>, scales: &Scales) -> Result<Self> {
        if system.components.iter().all(|c| c.role == Role::Lens) {
            let hint = "or `light`: a component of either, without which there is no image";
            return Err(Error::MissingKey { place: "the system".to_owned(), key: "source", hint });
        }
        let slots = |component: &Component| {
            let slot = |p| match component.fixed.get(p) {
                Some(values) => Ok(Slot::Fixed(values.clone())),
                None => {
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
        Ok(SystemModel { sky: sky(&grid)?, data, grid, components })
    }

    /// The data.
    pub fn data(&self) -> &Arc<ImageData> {
        &self.data
    }

    /// One run: samples the free parameters, renders the image and scores it.
    ///
    /// # Errors
    /// What the context returns.
    pub fn run(&self, ctx: &mut Ctx) -> ppl_core::Result<Scene> {
        let scene = self.scene(ctx)?;
        let parts: Vec<Array> = scene.light.iter().chain(&scene.source).cloned().collect();
        let image = expose(&self.data, &Array::sum_of(&parts)?)?;
        ctx.factor("image", image_log_prob(&self.data, &image)?)?;
        Ok(scene)
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
        Ok(SystemModel { sky: sky(&grid)?, data, grid, components: self.components.clone() })
    }

    pub(super) fn scene(&self, ctx: &mut Ctx) -> ppl_core::Result<Scene> {
        let (mut deflectors, mut light, mut source) = (vec![], vec![], vec![]);
        let mut lit = vec![];
        for (component, slots) in &self.components {
            for Given { params, template } in values(ctx, component, slots)? {
                match &component.profile {
                    Profile::Mass(profile) => deflectors.push(Deflector::new(*profile, scalars_of(&params)?)?),
                    Profile::Light(light) => lit.push((component.role, light, template, params)),
                }
            }
        }
        let beta = trace_rays(&self.grid, &deflectors)?;
        for (role, model, template, params) in lit {
            match role {
                Role::Source => source.push(model.brightness(&beta, template.as_ref(), &params)?),
                _ => light.push(model.brightness(&self.sky, template.as_ref(), &params)?),
            }
        }
        let sum = |parts: Vec<Array>| if parts.is_empty() { Ok(None) } else { Array::sum_of(&parts).map(Some) };
        Ok(Scene { light: sum(light)?, source: sum(source)? })
    }
}

/// The values of a component's parameters, in the order of its profile's table.
struct Given {
    params: Vec<Value>,
    /// What a light makes of the first.
    template: Option<Template>,
}

/// The parameters of each copy of a component.
fn values(ctx: &mut Ctx, component: &Component, slots: &[Slot]) -> ppl_core::Result<Vec<Given>> {
    let parameters = component.profile.parameters().iter().zip(slots);
    ctx.scope(&component.name, |ctx| {
        if component.count == 1 {
            return single(ctx, component, slots).map(|one| vec![one]);
        }
        let vectors = ctx.plate("copies", component.count, |ctx| {
            let all = parameters.map(|(p, slot)| match slot {
                Slot::Free(prior) => ctx.sample(p.name, prior.clone()),
                Slot::Fixed(values) => Ok(Var::vector(repeated(values, component.count))),
            });
            all.collect::<ppl_core::Result<Vec<_>>>()
        })?;
        let copy = |i| {
            let params = vectors.iter().map(|v| v.get(i).map(|one| one.as_value().clone()));
            Ok(Given { params: params.collect::<ppl_core::Result<_>>()?, template: None })
        };
        (0..component.count).map(copy).collect()
    })
}

/// The parameters of a single component, those after the first measured as its light says.
fn single(ctx: &mut Ctx, component: &Component, slots: &[Slot]) -> ppl_core::Result<Given> {
    let mut given = Given { params: vec![], template: None };
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
