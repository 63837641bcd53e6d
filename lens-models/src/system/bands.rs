//! Bands: a system as each of its bands or exposures sees it.

use super::component::{Component, Role};
use super::config::System;
use crate::data::{DataFiles, ImageData};
use crate::error::{Error, Result};

impl System {
    /// The names of the bands; empty where there is one image.
    pub fn band_names(&self) -> Vec<String> {
        self.bands.iter().filter_map(|band| band.name.clone()).collect()
    }

    /// The data of all bands, or the one image; empty without data.
    pub fn files(&self) -> impl Iterator<Item = &DataFiles> {
        self.data.iter().chain(&self.bands)
    }

    /// The system as one of its bands sees it: the deflectors and the cosmology of all, what shines in it, and point sources with the first; of a
    /// system with one image, itself.
    #[must_use]
    pub fn of_band(&self, band: usize) -> Self {
        let Some(files) = self.bands.get(band) else { return self.clone() };
        let seen = |c: &&Component| (c.band.is_none() || c.band == files.name) && (c.role != Role::Points || band == 0);
        let components: Vec<Component> = self.components.iter().filter(seen).cloned().collect();
        System { bands: vec![files.clone()], components, ..self.clone() }.with_own_priors()
    }

    /// The same system with some of its bands alone.
    #[must_use]
    pub fn of_bands(&self, kept: &[usize]) -> Self {
        if self.bands.is_empty() {
            return self.clone();
        }
        let bands: Vec<DataFiles> = kept.iter().filter_map(|band| self.bands.get(*band)).cloned().collect();
        let seen = |c: &&Component| c.band.is_none() || bands.iter().any(|band| band.name == c.band);
        let components = self.components.iter().filter(seen).cloned().collect();
        System { bands: bands.clone(), components, ..self.clone() }.with_own_priors()
    }

    /// The same system without the priors of what it does not have.
    pub(super) fn with_own_priors(self) -> Self {
        let own = |site: &str| self.components.iter().any(|c| c.profile.parameters().iter().any(|p| c.site(p) == site));
        let priors = self.priors.filtered(own);
        System { priors, ..self }
    }

    /// Reads the data of all bands, or of the one image; none without data.
    ///
    /// # Errors
    /// As [`DataFiles::read`], with the band.
    pub fn read_data(&self) -> Result<Vec<ImageData>> {
        let read = |files: &DataFiles| files.read(&self.folder).map_err(|error| error.in_band(files.name.as_deref()));
        self.files().map(read).collect()
    }

    /// Refuses several bands.
    pub(super) fn one_band(&self, what: &'static str, fix: &'static str) -> Result<()> {
        if self.bands.len() < 2 {
            return Ok(());
        }
        Err(Error::SeveralBands { what, bands: self.band_names(), fix })
    }
}
