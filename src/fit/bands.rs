//! The bands of a fit: what a model makes of each of several images.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::registration::Registration;
use lens_models::system::{Role, Scene, System};

use super::border::{Pedestal, pedestal};
use super::{FitError, View};

/// An image of a system, and what a model makes of it.
#[derive(Clone, Debug)]
pub struct BandView {
    /// The name of the band; none where there is one image.
    pub name: Option<String>,
    /// The image, its pixels where the model has them on the sky.
    pub data: Arc<ImageData>,
    /// The model image and its parts. Curves are those of the first band, the convergence is in its view alone.
    pub view: View,
    /// What the model leaves at the border of the used pixels, where that is more than noise and no sky is modelled in this band.
    pub pedestal: Option<Pedestal>,
}

/// The images of a system beside what it shows in each at these values of all parameters.
pub(super) fn seen(
    system: &System,
    data: &[Arc<ImageData>],
    scenes: &[Scene],
    best: &BTreeMap<String, Vec<f64>>,
) -> Result<Vec<BandView>, FitError> {
    let mut all: Vec<BandView> = vec![];
    for (band, (data, scene)) in data.iter().zip(scenes).enumerate() {
        let system = system.of_band(band);
        let data = placed(&system, data, best);
        let view = match all.first() {
            None => View::new(&system, &data, scene, best)?,
            Some(first) => View::beside(&first.view, &system, &data, scene, best)?,
        };
        let name = system.bands.first().and_then(|band| band.name.clone());
        let pedestal = pedestal(&system, &data, &view);
        all.push(BandView { name, data, view, pedestal });
    }
    Ok(all)
}

/// The data of a band with their pixels where these values have them.
fn placed(system: &System, data: &Arc<ImageData>, best: &BTreeMap<String, Vec<f64>>) -> Arc<ImageData> {
    let Some(component) = system.of_role(Role::Band).next() else { return data.clone() };
    let number = |name| best.get(&component.site_of(name)).and_then(|v| v.first().copied()).unwrap_or(0.0);
    let registration = Registration::of(["offset_x", "offset_y", "rotation"].map(number));
    if data.grid.registration() == registration { data.clone() } else { Arc::new(data.registered(registration)) }
}

/// Mean square of the residuals of all images.
pub(super) fn chi2_per_pixel(views: &[BandView]) -> f64 {
    let used = |view: &View| view.residual.iter().filter(|z| !z.is_nan()).count() as f64;
    let (sum, count) = views.iter().fold((0.0, 0.0), |(sum, count), BandView { view, .. }| {
        (sum + used(view) * view.chi2_per_pixel, count + used(view))
    });
    sum / count
}
