//! panel: what an image of a fit shows, and the title, colours and colour scale that follow from it.

use super::colormap::Colormap;
use super::error::{PlotError, Result};
use super::raster::Raster;
use super::stretch::Stretch;

/// Residuals beyond this many deviations have the colour of the end of the scale.
pub const RESIDUAL_LIMIT: f64 = 5.0;

/// What a panel shows; this fixes its title, colours and the curves on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PanelKind {
    /// The observed image. Its colour scale (asinh, from its own unmasked pixels) also serves `Model` and `LensLight`.
    Data,
    /// The model of the whole image, with the critical curves.
    Model,
    /// The model of the lens galaxy's light alone.
    LensLight,
    /// (data - model) / noise, at fixed -5 to 5.
    Residual,
    /// Data minus the model of the lens light: the arcs alone. Its colour scale also serves `ArcsModel`.
    Arcs,
    /// The model of the arcs alone.
    ArcsModel,
    /// The source plane, with the caustics; over its own extent.
    Source,
    /// The convergence, on a logarithmic scale, with the critical curves.
    Convergence,
    /// The magnification of a point, over the source plane and on a logarithmic scale, with the caustics.
    Magnification,
    /// Nats that something would gain at a place of the image plane, from zero, with the critical curves.
    Gain,
    /// A galaxy divided by its maximum, without a title; the same grey is the same fraction of the maximum in every image.
    Galaxy,
}

/// One image of the page.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub kind: PanelKind,
    /// Its numbers and their place.
    pub image: Raster,
    /// Instead of the title that `kind` gives.
    pub title: Option<String>,
}

impl Panel {
    /// A panel with the title of its kind.
    #[must_use]
    pub fn new(kind: PanelKind, image: Raster) -> Self {
        Self { kind, image, title: None }
    }

    /// The title that is drawn.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(self.kind.title())
    }

    /// The panel with `masked` pixels without a value.
    pub(super) fn without(&self, masked: &[bool]) -> Result<Self> {
        let (expected, got) = (self.image.values().len(), masked.len());
        if expected != got {
            return Err(PlotError::Length {
                what: format!("the mask over the panel `{}`", self.title()),
                expected,
                got,
            });
        }
        Ok(Self { image: self.image.without(masked), ..self.clone() })
    }
}

impl PanelKind {
    /// The title of the panel.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Model => "Model",
            Self::LensLight => "Lens light (model)",
            Self::Residual => "Normalised residual",
            Self::Arcs => "Data − lens light",
            Self::ArcsModel => "Arcs (model)",
            Self::Source => "Source plane",
            Self::Convergence => "Convergence",
            Self::Magnification => "Magnification",
            Self::Gain => "Gain",
            Self::Galaxy => "",
        }
    }

    /// The colours of the panel.
    #[must_use]
    pub fn colours(self) -> Colormap {
        match self {
            Self::Residual => Colormap::Diverging,
            Self::Convergence | Self::Magnification | Self::Gain => Colormap::Viridis,
            Self::Galaxy => Colormap::Grey,
            _ => Colormap::Inferno,
        }
    }

    /// Whether its pixels are those of the data.
    pub(super) fn has_data_pixels(self) -> bool {
        !matches!(self, Self::Source | Self::Convergence | Self::Magnification | Self::Gain | Self::Galaxy)
    }
}

/// The colour scale of panel `k`: its own, or that of the panel it is to be compared with.
pub(super) fn stretch(panels: &[Panel], k: usize) -> Stretch {
    let values_of = |wanted| panels.iter().find(|panel| panel.kind == wanted).unwrap_or(&panels[k]).image.values();
    match panels[k].kind {
        PanelKind::Residual => Stretch::Linear { lo: -RESIDUAL_LIMIT, hi: RESIDUAL_LIMIT },
        PanelKind::Convergence | PanelKind::Magnification => Stretch::decades(panels[k].image.values()),
        PanelKind::Source => Stretch::source(panels[k].image.values()),
        PanelKind::Gain => {
            let most = panels[k].image.values().iter().copied().filter(|v| v.is_finite()).fold(1.0, f64::max);
            Stretch::Linear { lo: 0.0, hi: most }
        }
        PanelKind::Galaxy => Stretch::GALAXY,
        PanelKind::Data | PanelKind::Model | PanelKind::LensLight => Stretch::brightness(values_of(PanelKind::Data)),
        PanelKind::Arcs | PanelKind::ArcsModel => Stretch::brightness(values_of(PanelKind::Arcs)),
    }
}
