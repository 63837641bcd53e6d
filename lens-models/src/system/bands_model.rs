//! The model of several bands or exposures of one system: each an image with a camera of its own, of one lens and, but for what each band has for
//! itself, one light.

use std::collections::BTreeMap;
use std::sync::Arc;

use ppl_core::{Ctx, PriorSet, Values};

use super::component::{Component, Role};
use super::config::System;
use super::defaults::Scales;
use super::model::{Scene, SystemModel};
use super::point_log_prob::PointTerms;
use super::sampled::{Shared, Slot};
use super::solve::FoundAmplitudes;
use crate::data::ImageData;
use crate::error::{Error, Result};
use crate::linear::Amplitudes;
use crate::op::AMP;
use crate::sampling::Sampling;

/// A system with the data of its bands, or of its one image, and a prior for every free parameter.
///
/// Its log density is the sum of those of the bands, with the prior of each parameter that they share once. Of one image it is that of its
/// [`SystemModel`], operation by operation.
#[derive(Clone)]
pub struct BandsModel {
    bands: Vec<SystemModel>,
    /// Of each band, whether its sub-pixels are to be chosen.
    adaptive: Vec<bool>,
}

impl Scales {
    /// The scales of each band: lengths of the first for all, brightness of its own.
    pub fn of_bands(system: &System, data: &[Arc<ImageData>]) -> Vec<Self> {
        let lit = |band| system.of_band(band).of_role(Role::Light).next().is_some();
        let own: Vec<Scales> = data.iter().enumerate().map(|(k, data)| Scales::of(data, lit(k))).collect();
        let Some(first) = own.first().copied() else { return own };
        own.into_iter().map(|Scales { peak, noise, .. }| Scales { peak, noise, ..first }).collect()
    }
}

impl BandsModel {
    /// The model of a system on the data of its bands, in their order, with default priors on these [scales](Scales::of_bands).
    ///
    /// # Errors
    /// As [`SystemModel::new`], with the band; another number of data than the system has bands; an amplitude that bands with pixels of different sizes share.
    pub fn new(system: &System, data: &[Arc<ImageData>], scales: &[Scales]) -> Result<Self> {
        let expected = system.bands.len().max(1);
        if data.len() != expected || scales.len() != expected {
            return Err(Error::BandCount { got: data.len(), bands: system.band_names() });
        }
        let one = |(k, (data, scales)): (usize, (&Arc<ImageData>, &Scales))| {
            let name = system.bands.get(k).and_then(|band| band.name.as_deref());
            SystemModel::new(&system.of_band(k), data.clone(), scales).map_err(|error| error.in_band(name))
        };
        let bands = data.iter().zip(scales).enumerate().map(one).collect::<Result<Vec<_>>>()?;
        let adaptive = data.iter().map(|data| data.adaptive).collect();
        let model = BandsModel { bands, adaptive };
        model.check_amplitudes()?;
        Ok(model)
    }

    /// Brightness is per pixel, so that bands may share an amplitude where their pixels are alike.
    fn check_amplitudes(&self) -> Result<()> {
        let mut seen: BTreeMap<String, f64> = BTreeMap::new();
        for band in &self.bands {
            let scale = band.data().grid.pixel_scale();
            let shines = |c: &Component| c.profile.parameters().iter().any(|p| p.name == AMP);
            for (component, _) in band.components.iter().filter(|(c, _)| c.band.is_some() && shines(c)) {
                let site = component.site_of(AMP);
                let first = *seen.entry(site.clone()).or_insert(scale);
                if (scale / first - 1.0).abs() > 1e-6 {
                    return Err(Error::SharedAmplitude { site, scales: [first, scale] });
                }
            }
        }
        Ok(())
    }

    /// The bands, in their order.
    pub fn bands(&self) -> &[SystemModel] {
        &self.bands
    }

    /// Their data.
    pub fn data(&self) -> Vec<Arc<ImageData>> {
        self.bands.iter().map(|band| band.data().clone()).collect()
    }

    /// One run: samples the free parameters, renders the image of each band and scores it; a scene of each.
    ///
    /// # Errors
    /// What the context returns.
    pub fn run(&self, ctx: &mut Ctx) -> ppl_core::Result<Vec<Scene>> {
        if let [one] = &self.bands[..] {
            return one.run(ctx).map(|scene| vec![scene]);
        }
        let mut shared = Shared::default();
        self.bands.iter().map(|band| band.run_sharing(ctx, Some(&mut shared))).collect()
    }

    /// Samples the free parameters as [`run`](Self::run) does, and scores nothing: the prior.
    ///
    /// # Errors
    /// What the context returns.
    pub fn run_prior(&self, ctx: &mut Ctx) -> ppl_core::Result<()> {
        let mut shared = (self.bands.len() > 1).then(Shared::default);
        self.bands.iter().try_for_each(|band| band.run_prior(ctx, shared.as_mut()))
    }

    /// The same model with some of its components alone.
    #[must_use]
    pub fn with_components(&self, keep: impl Fn(&Component) -> bool) -> Self {
        self.with(|band| band.with_components(&keep))
    }

    /// The same model with something else of each band.
    fn with(&self, of: impl Fn(&SystemModel) -> SystemModel) -> Self {
        BandsModel { bands: self.bands.iter().map(of).collect(), adaptive: self.adaptive.clone() }
    }

    /// The same model with the components of another system: of one in which other parameters are free, say.
    ///
    /// # Errors
    /// As [`BandsModel::new`].
    pub fn with_system(&self, system: &System, scales: &[Scales]) -> Result<Self> {
        let one = |(k, (band, scales)): (usize, (&SystemModel, &Scales))| band.with_system(&system.of_band(k), scales);
        let bands = self.bands.iter().zip(scales).enumerate().map(one).collect::<Result<_>>()?;
        Ok(BandsModel { bands, adaptive: self.adaptive.clone() })
    }

    /// The same model with another way with its linear amplitudes.
    #[must_use]
    pub fn with_amplitudes(&self, amplitudes: Amplitudes) -> Self {
        self.with(|band| band.with_amplitudes(amplitudes))
    }

    /// The same model with another likelihood of its point sources.
    #[must_use]
    pub fn with_points(&self, terms: PointTerms) -> Self {
        self.with(|band| band.with_points(terms))
    }

    /// Of the values of all free parameters, those that a band has.
    pub fn values_of(&self, band: usize, values: &Values) -> Values {
        if self.bands.len() == 1 {
            return values.clone();
        }
        let mut own = Values::new();
        for (component, slots) in &self.bands[band].components {
            for (parameter, slot) in component.profile.parameters().iter().zip(slots) {
                let site = component.site(parameter);
                if let (Slot::Free(_), Some(value)) = (slot, values.get(&site)) {
                    own.insert(site, value.clone());
                }
            }
        }
        own
    }

    /// What each band says at these values of all free parameters.
    fn each<T>(&self, values: &Values, of: impl Fn(usize, &SystemModel, &Values) -> Result<T>) -> Result<Vec<T>> {
        self.bands.iter().enumerate().map(|(k, band)| of(k, band, &self.values_of(k, values))).collect()
    }

    /// What each band shows at these values.
    ///
    /// # Errors
    /// What the model returns.
    pub fn scenes_at(&self, values: &Values) -> Result<Vec<Scene>> {
        self.each(values, |_, band, values| band.scene_at(values))
    }

    /// Whether the sub-pixels of any band are to be chosen.
    pub fn is_adaptive(&self) -> bool {
        self.adaptive.contains(&true)
    }

    /// The sub-pixels of each band.
    pub fn sampling(&self) -> Vec<Sampling> {
        self.bands.iter().map(|band| band.sampling().clone()).collect()
    }

    /// The sub-pixels that are right at these values, of each band whose are to be chosen: [`SystemModel::refined`].
    ///
    /// # Errors
    /// What the model returns.
    pub fn refined(&self, values: &Values) -> Result<Vec<Sampling>> {
        let of = |k: usize, band: &SystemModel, values: &Values| {
            if self.adaptive[k] { band.refined(values) } else { Ok(band.sampling().clone()) }
        };
        self.each(values, of)
    }

    /// The same model with other sub-pixels in each band.
    ///
    /// # Errors
    /// As [`SystemModel::resampled`].
    pub fn resampled(&self, sampling: &[Sampling]) -> Result<Self> {
        let one = |(band, sampling): (&SystemModel, &Sampling)| {
            if band.sampling() == sampling { Ok(band.clone()) } else { band.resampled(sampling.clone()) }
        };
        let bands = self.bands.iter().zip(sampling).map(one).collect::<Result<_>>()?;
        Ok(BandsModel { bands, adaptive: self.adaptive.clone() })
    }

    /// The same model with the sub-pixels that are right at these values, where they are to be chosen.
    ///
    /// # Errors
    /// What the model returns.
    pub fn adapted(&self, values: &Values) -> Result<Self> {
        if self.is_adaptive() { self.resampled(&self.refined(values)?) } else { Ok(self.clone()) }
    }

    /// Whether there are linear amplitudes.
    pub fn has_linear(&self) -> bool {
        self.bands.iter().any(SystemModel::has_linear)
    }

    /// The priors of the linear amplitudes of all bands.
    ///
    /// # Errors
    /// As [`SystemModel::linear_priors`].
    pub fn linear_priors(&self) -> Result<PriorSet> {
        let mut all = PriorSet::default();
        for band in &self.bands {
            all.extend(band.linear_priors()?);
        }
        Ok(all)
    }

    /// The linear amplitudes of each band at these values.
    ///
    /// # Errors
    /// As [`SystemModel::amplitudes_at`].
    pub fn amplitudes_at(&self, values: &Values) -> Result<Vec<FoundAmplitudes>> {
        self.each(values, |_, band, values| band.amplitudes_at(values))
    }

    /// The best linear amplitudes of all bands at these values, by site.
    ///
    /// # Errors
    /// As [`SystemModel::amplitudes_at`].
    pub fn best_amplitudes(&self, values: &Values) -> Result<BTreeMap<String, Vec<f64>>> {
        if !self.has_linear() {
            return Ok(BTreeMap::new());
        }
        Ok(self.amplitudes_at(values)?.iter().flat_map(FoundAmplitudes::best).collect())
    }

    /// The same model without the Gaussians that are dark: [`SystemModel::without_dark`].
    #[must_use]
    pub fn without_dark(&self, found: &[FoundAmplitudes]) -> Self {
        let bands = self.bands.iter().zip(found).map(|(band, found)| band.without_dark(found)).collect();
        BandsModel { bands, adaptive: self.adaptive.clone() }
    }
}
