//! The model function of a system of which no image is modelled: its free parameters as sites, its point sources as their likelihood.

use ppl_core::Ctx;

use super::component::{Component, Profile};
use super::config::System;
use super::defaults::Scales;
use super::point_log_prob::PointTerms;
use super::sampled::{Slot, sampled, with_slots};
use crate::error::{Error, Result};

/// The lenses, point sources and cosmology of a system with a prior for every free parameter, ready to run under an engine.
#[derive(Clone)]
pub struct PointsModel {
    components: Vec<(Component, Vec<Slot>)>,
    terms: PointTerms,
}

impl PointsModel {
    /// The model of `system`, with default priors scaled to the extent of the images of its first point source.
    ///
    /// # Errors
    /// A system without point sources.
    pub fn new(system: &System) -> Result<Self> {
        let components = with_slots(system, &Self::scales(system)?)?;
        Ok(PointsModel { components, terms: PointTerms::default() })
    }

    /// The units of the default priors.
    ///
    /// # Errors
    /// A system without point sources.
    pub fn scales(system: &System) -> Result<Scales> {
        let of = |component: &Component| match &component.profile {
            Profile::Points(points) => Some(Scales::of_points(points)),
            _ => None,
        };
        system.components.iter().find_map(of).ok_or(Error::NoPoints)
    }

    /// The same model with another likelihood of its point sources.
    #[must_use]
    pub fn with_points(&self, terms: PointTerms) -> Self {
        PointsModel { terms, ..self.clone() }
    }

    /// One run: samples the free parameters and scores the point sources.
    ///
    /// # Errors
    /// What the context returns.
    pub fn run(&self, ctx: &mut Ctx) -> ppl_core::Result<()> {
        sampled(ctx, &self.components, None)?.behind.observe(ctx, self.terms)
    }
}
