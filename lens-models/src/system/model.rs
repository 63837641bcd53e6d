//! The model function of a system: its free parameters as sites, its image as a factor of the density.

use std::sync::Arc;

use ppl_core::{Array, Ctx};

use super::component::{Component, Role};
use super::config::System;
use super::defaults::Scales;
use super::lens_planes::{Depth, Rays, is_deep};
use super::point_log_prob::PointTerms;
use super::sampled::{Behind, Given, Lit, Sampled, Shared, Slot, sampled, with_slots};
use crate::data::ImageData;
use crate::error::{Error, Result};
use crate::linear::{AmplitudePrior, Amplitudes};
use crate::op::{
    Deflector, LinearImages, expose, fixed_noise, image_log_prob, linear_log_prob, scalars_of, sky, trace_rays,
};
use crate::registration::{Registered, Registration};
use crate::sampling::Sampling;

/// A system with its data, or one band of it, and a prior for every free parameter, ready to run under an engine.
#[derive(Clone)]
pub struct SystemModel {
    data: Arc<ImageData>,
    grid: Arc<crate::grid::Grid>,
    sky: Array,
    pub(super) components: Vec<(Component, Vec<Slot>)>,
    pub(super) amplitudes: Amplitudes,
    terms: PointTerms,
    /// The band, of a system that has them.
    band: Option<String>,
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
    behind: Behind,
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
    /// A linear amplitude with a prior that is not normal, or under noise that depends on the model. Several bands, which a
    /// [`BandsModel`](super::BandsModel) is of.
    pub fn new(system: &System, data: Arc<ImageData>, scales: &Scales) -> Result<Self> {
        if !system.components.iter().any(|c| matches!(c.role, Role::Light | Role::Source)) {
            let hint = "or `light`: a component of either, without which there is no image";
            return Err(Error::MissingKey { place: "the system".to_owned(), key: "source", hint });
        }
        system.one_band("an image model", "take `System::of_band`, or `BandsModel` for all of them")?;
        if system.components.iter().any(|c| c.linear().is_some()) {
            fixed_noise(&data)?;
        }
        let data = placed(system, data);
        let components = with_slots(system, scales)?;
        let grid = Arc::new(data.grid.clone());
        Ok(SystemModel {
            sky: sky(&grid)?,
            data,
            grid,
            components,
            amplitudes: system.amplitudes,
            terms: PointTerms::default(),
            band: system.bands.first().and_then(|band| band.name.clone()),
        })
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
        self.run_sharing(ctx, None)
    }

    /// The same as one of several bands of one run.
    pub(super) fn run_sharing(&self, ctx: &mut Ctx, shared: Option<&mut Shared>) -> ppl_core::Result<Scene> {
        let parts = self.parts_sharing(ctx, shared)?;
        let score = if parts.units.is_empty() {
            image_log_prob(&self.data, &expose(&self.data, &Array::sum_of(&parts.rest())?)?)?
        } else {
            linear_log_prob(&self.data, &self.linear_images(&parts)?, self.amplitudes)?
        };
        match &self.band {
            None => ctx.factor("image", score)?,
            Some(band) => ctx.scope(band, |ctx| ctx.factor("image", score))?,
        }
        parts.behind.observe(ctx, self.terms)?;
        Scene::of(parts)
    }

    /// The same model with some of its components alone.
    #[must_use]
    pub fn with_components(&self, keep: impl Fn(&Component) -> bool) -> Self {
        let components = self.components.iter().filter(|(component, _)| keep(component)).cloned().collect();
        SystemModel { components, ..self.clone() }
    }

    /// Samples the free parameters as a run does, and scores nothing.
    pub(super) fn run_prior(&self, ctx: &mut Ctx, shared: Option<&mut Shared>) -> ppl_core::Result<()> {
        sampled(ctx, &self.components, shared).map(drop)
    }

    /// The redshifts of a system that has more than one plane of lenses and one of sources.
    fn depth<'a>(&self, behind: &'a Behind) -> Option<Depth<'a>> {
        let (redshifts, cosmology) = behind.cosmology.as_ref().filter(|_| is_deep(&self.components))?;
        let of_cosmology = |(component, slots): &(Component, Vec<Slot>)| {
            component.role == Role::Cosmology && slots.iter().any(|slot| !matches!(slot, Slot::Fixed(_)))
        };
        Some(Depth { redshifts, cosmology, fixed: !self.components.iter().any(of_cosmology) })
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

    /// The same model with the components of another system: of one in which other parameters are free, say.
    ///
    /// # Errors
    /// As [`SystemModel::new`].
    pub fn with_system(&self, system: &System, scales: &Scales) -> Result<Self> {
        let SystemModel { data, amplitudes, terms, .. } = self.clone();
        Ok(SystemModel { amplitudes, terms, ..SystemModel::new(system, data, scales)? })
    }

    /// The same model with another likelihood of its point sources.
    #[must_use]
    pub fn with_points(&self, terms: PointTerms) -> Self {
        SystemModel { terms, ..self.clone() }
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
        self.parts_sharing(ctx, None)
    }

    fn parts_sharing(&self, ctx: &mut Ctx, shared: Option<&mut Shared>) -> ppl_core::Result<Parts> {
        let Sampled { lit, behind, registration } = sampled(ctx, &self.components, shared)?;
        let sources: Vec<_> = lit.iter().filter(|lit| lit.role == Role::Source).map(|lit| lit.redshift).collect();
        // Where it is fixed, the grid lies there already.
        let moved = match registration.filter(|_| is_free(&self.components)) {
            Some(values) => Some(trace_rays(&self.grid, &[Deflector::new(&Registered, scalars_of(&values)?)?])?),
            None => None,
        };
        let sky = moved.as_ref().unwrap_or(&self.sky);
        let grid = Some(&self.grid).filter(|_| moved.is_none());
        let rays = Rays::through(grid, sky, &behind, &sources, self.depth(&behind))?;
        let (mut parts, mut first) = (Parts { behind, ..Parts::default() }, 0);
        for Lit { role, redshift, model, given: Given { params, template, linear } } in lit {
            let (at, into) = match role {
                Role::Source => (rays.at(redshift).unwrap_or(sky), &mut parts.source),
                _ => (sky, &mut parts.light),
            };
            let place = first;
            first += linear.len();
            if linear.is_empty() {
                into.push(model.brightness(at, template.as_ref(), &params)?);
                continue;
            }
            // A prior without width leaves nothing to find: the part is dark.
            let of = |(k, brightness): (usize, Array)| Unit { place: place + k, prior: linear[k], brightness };
            let units = model.units(at, template.as_ref(), &params)?.into_iter().enumerate();
            parts.units.extend(units.filter(|(k, _)| linear[*k].scale > 0.0).map(of));
        }
        Ok(parts)
    }
}

/// The data with their pixels where the system says that they lie; where that is sampled, at the origin, from which a run takes them.
fn placed(system: &System, data: Arc<ImageData>) -> Arc<ImageData> {
    let Some(component) = system.of_role(Role::Band).next() else { return data };
    let numbers = Registration::PARAMETERS.iter().map(|p| component.fixed.get(p.name)?.first().copied());
    let registration = match numbers.collect::<Option<Vec<f64>>>().as_deref() {
        Some(&[x, y, rotation]) => Registration::of([x, y, rotation]),
        _ => Registration::default(),
    };
    if data.grid.registration() == registration { data } else { Arc::new(data.registered(registration)) }
}

/// Whether it is sampled where the pixels of the band lie.
fn is_free(components: &[(Component, Vec<Slot>)]) -> bool {
    let mut bands = components.iter().filter(|(component, _)| component.role == Role::Band);
    bands.any(|(_, slots)| slots.iter().any(|slot| !matches!(slot, Slot::Fixed(_))))
}

impl Scene {
    pub(super) fn of(parts: Parts) -> ppl_core::Result<Self> {
        let sum = |parts: Vec<Array>| if parts.is_empty() { Ok(None) } else { Array::sum_of(&parts).map(Some) };
        Ok(Scene { light: sum(parts.light)?, source: sum(parts.source)? })
    }
}
