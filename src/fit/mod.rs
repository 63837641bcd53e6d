//! Fitting a lens system: from its file to its posterior, in stages that keep out of the wrong basins.

mod amplitudes;
mod around;
mod bands;
mod basin;
mod border;
mod clock;
mod curvature;
mod derived;
mod draws;
mod evidence;
mod field;
mod grids;
mod halo;
mod halos;
mod known;
mod light;
mod optics;
mod part;
mod point_view;
mod points;
mod scales;
mod search;
mod search_terms;
mod sensitivity;
mod stages;
mod stand_in;
mod start;
mod straight;
mod support;
mod values;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::system::System;
use ppl_core::{PriorSet, Processor};
use ppl_infer::posterior::Posterior;

pub use bands::BandView;
pub use border::Pedestal;
pub use halos::HaloEvidence;
pub use point_view::PointsView;
pub use points::fit_points;
pub use sensitivity::{SensitivityMap, SensitivitySettings, sensitivity};
pub use stages::{fit, fit_bands};
pub use view::View;

/// How a fit ends: at the maximum with its Laplace approximation, or with draws of NUTS from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The Laplace approximation at the maximum; draws are independent Gaussian ones.
    Map,
    /// NUTS, started from the Laplace approximation.
    #[default]
    Nuts,
}

/// What a fit is told.
#[derive(Clone, Debug)]
pub struct FitSettings {
    /// How it ends.
    pub method: Method,
    /// Chains. 4 (Vehtari et al. 2021).
    pub chains: usize,
    /// Warm-up transitions of each chain. 300: the Laplace covariance has done the rest.
    pub warmup: usize,
    /// Acceptance that the step is tuned to. Without: 0.65, with fields and decoded sources 0.8, with point sources 0.95.
    pub target_accept: Option<f64>,
    /// Draws of each chain. 1000 (Stan).
    pub draws: usize,
    /// Fixes every random number.
    pub seed: u64,
    /// Starts of the search for the lens.
    pub starts: usize,
    /// Most of the basins that the search found that are kept to be shown. 3.
    pub basins: usize,
    /// What evaluates the densities.
    pub processor: Processor,
}

impl Default for FitSettings {
    fn default() -> Self {
        FitSettings {
            method: Method::Nuts,
            chains: 4,
            warmup: 300,
            target_accept: None,
            draws: 1000,
            seed: 0,
            starts: 64,
            basins: 3,
            processor: Processor::default(),
        }
    }
}

/// A configuration that explains the image, as the search saw it: under the tempered noise, and light at one point a pixel.
pub struct Basin {
    /// Every parameter, fixed or free, by site, one number for each copy.
    pub best: BTreeMap<String, Vec<f64>>,
    /// Log density of the search.
    pub log_density: f64,
    /// Laplace's log evidence under the same; none of a basin without a width that could be measured.
    pub log_evidence: Option<f64>,
    /// Its image and parts, beside the data with their own noise.
    pub view: View,
    /// The same of every band, as [`Fit::bands`] has them.
    pub bands: Vec<BandView>,
}

/// What a fit found.
pub struct Fit {
    /// The draws, on the parameters' own scales, and what to beware of.
    pub posterior: Posterior,
    /// Whether a stop cut the draws short.
    pub stopped: bool,
    /// The system with the data that were fitted.
    pub system: System,
    /// Those data; none where there is no image, of several bands those of the first.
    pub data: Option<Arc<ImageData>>,
    /// The priors in force.
    pub priors: PriorSet,
    /// Every parameter, fixed or free, at the highest density that was seen: by site, one number for each copy.
    pub best: BTreeMap<String, Vec<f64>>,
    /// The model image and its parts there, of several bands those of the first.
    pub view: View,
    /// The data, the model image and its parts of every band, the first included; empty where there is one image.
    pub bands: Vec<BandView>,
    /// The basins that the search found, that which the fit went on from first; empty where there was no search, or nothing to choose.
    pub basins: Vec<Basin>,
    /// What the model leaves at the border of the used pixels of a single image, where that is more than noise and no sky is modelled.
    pub pedestal: Option<Pedestal>,
    /// Log evidence with haloes that were looked for and without; none where there are none, and of a Gaussian.
    pub halos: Option<HaloEvidence>,
    /// What follows from the parameters, at some of the draws: shapes, Einstein radii, the magnification.
    pub derived: Posterior,
    /// Seconds of each stage, in order.
    pub seconds: Vec<(&'static str, f64)>,
    /// Gradients of all stages.
    pub gradients: u64,
    /// Those of the last, the sampling.
    pub sampling_gradients: u64,
}

impl Basin {
    /// Mean square of the residuals of all images.
    pub fn chi2_per_pixel(&self) -> f64 {
        if self.bands.is_empty() { self.view.chi2_per_pixel } else { bands::chi2_per_pixel(&self.bands) }
    }
}

impl Fit {
    /// Mean square of the residuals of all images.
    pub fn chi2_per_pixel(&self) -> f64 {
        if self.bands.is_empty() { self.view.chi2_per_pixel } else { bands::chi2_per_pixel(&self.bands) }
    }
}

/// Anything that ends a fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The system or its data.
    #[error(transparent)]
    Lens(#[from] lens_models::Error),
    /// The model.
    #[error(transparent)]
    Model(#[from] ppl_core::Error),
    /// An engine.
    #[error(transparent)]
    Engine(#[from] ppl_infer::Error),
    /// There is nothing to fit.
    #[error("the system has no {missing}; {fix}")]
    Nothing {
        /// What it lacks.
        missing: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// A prior and the values that a parameter may have exclude each other.
    #[error(
        "the prior of `{site}` is between {} and {}, but its profile is defined between {} and {} alone; change the prior", .prior[0], .prior[1], .support[0], .support[1]
    )]
    Outside {
        /// The parameter.
        site: String,
        /// Lower and upper end of the prior.
        prior: [f64; 2],
        /// Lower and upper end of what is allowed.
        support: [f64; 2],
    },
    /// A prior whose numbers cannot be told apart.
    #[error(
        "the prior of `{site}` has the scale {scale:e} about {loc}, narrower than numbers there are apart; give it as a `value` instead"
    )]
    TooNarrow {
        /// The parameter.
        site: String,
        /// Where the prior is.
        loc: f64,
        /// How wide it is.
        scale: f64,
    },
    /// A prior of a parameter that has a value.
    #[error("`{site}` has a `value` and a prior: take one of them away, or add \"free\": true to begin with the value")]
    FixedPrior {
        /// The parameter.
        site: String,
    },
    /// A halo that may be anywhere beside a field.
    #[error(
        "the halo `{halo}` may be anywhere and `{field}` is a field, which no sampler here finds both of; give the halo a `value` for its mass and its \
         place, or `{field}` a profile of few parameters"
    )]
    HaloBesideField {
        /// The component that is the halo.
        halo: String,
        /// The component that is the field.
        field: String,
    },
    /// The density is finite nowhere that was looked at.
    #[error(
        "the density is not finite at any of {starts} starts, because of `{site}`: its prior, its profile and the data cannot hold together; \
         look at its prior (`arclet priors`) and at the values of its component"
    )]
    Nowhere {
        /// The site that is to blame.
        site: String,
        /// How many starts there were.
        starts: usize,
    },
    /// The density does not fall off from its maximum in a way that could be measured.
    #[error(
        "the posterior has no width that could be measured along `{site}`; give it a wider prior, or a fixed value"
    )]
    NoWidth {
        /// The parameter.
        site: String,
    },
}
