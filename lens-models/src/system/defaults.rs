//! Default priors: broad, and scaled to the data at hand.

use ppl_core::PriorSet;
use ppl_core::distributions::Any;
use serde_json::{Value as Json, json};

use super::component::{Component, Profile, Role};
use super::point_source::PointSource;
use super::preset::Preset;
use crate::data::ImageData;
use crate::error::{Error, Result};
use crate::linear::AmplitudePrior;
use crate::parameter::{ParameterKind, ProfileParameter};

/// What the data say about sizes before any model: the units of the default priors.
#[derive(Clone, Copy, Debug)]
pub struct Scales {
    /// Half the width of the used part of the image, arcsec.
    pub radius: f64,
    /// Arcsec per pixel.
    pub pixel: f64,
    /// Brightness of the brightest pixels.
    pub peak: f64,
    /// Noise of a pixel, the median.
    pub noise: f64,
    /// Where the lens is expected, arcsec.
    pub center: [f64; 2],
}

impl Scales {
    /// The scales of what is seen of point sources, where there is no image: theirs is the extent of their images.
    pub fn of_points(points: &PointSource) -> Self {
        let (extent, center) = points.extent();
        // The default Einstein radius is 0.4 of this; a lens lies within a tenth of it of the middle.
        let radius = 2.5 * extent;
        Scales { radius, pixel: 0.1 * extent, peak: 1.0, noise: 1.0, center }
    }

    /// The scales of these data. Where lens light is modelled, its peak is the centre, otherwise the centre of the image.
    pub fn of(data: &ImageData, has_light: bool) -> Self {
        let grid = &data.grid;
        let (width, height) = grid.full_size();
        let half = 0.5 * (width.min(height) as f64) * grid.pixel_scale();
        let window = grid.window();
        let shown = 0.5 * (window.width.min(window.height) as f64) * grid.pixel_scale();
        let peak = (data.report.peak - data.report.background).max(data.report.median_sigma);
        let center = if has_light { brightest(data) } else { [0.0, 0.0] };
        Scales { radius: half.min(shown), pixel: grid.pixel_scale(), peak, noise: data.report.median_sigma, center }
    }
}

/// The brightest place after a 5 x 5 mean, so that one hot pixel does not count.
fn brightest(data: &ImageData) -> [f64; 2] {
    let (w, h) = (data.image.width, data.image.height);
    let window = data.grid.window();
    let mean = |x: usize, y: usize| {
        let rows = (y - 2..=y + 2).flat_map(|j| &data.image.pixels[j * w + x - 2..=j * w + x + 2]);
        rows.map(|v| f64::from(*v)).sum::<f64>()
    };
    let inner = (2..h.saturating_sub(2)).flat_map(|y| (2..w.saturating_sub(2)).map(move |x| (x, y)));
    let best = inner.max_by(|a, b| mean(a.0, a.1).total_cmp(&mean(b.0, b.1)));
    best.map_or([0.0, 0.0], |(x, y)| data.grid.position(window.x0 + x, window.y0 + y).into())
}

/// The default prior of a parameter of a component; of a `neighbour`, a lens beside the one that the system is about, that of less mass.
pub(super) fn prior(
    component: &Component,
    parameter: &ProfileParameter,
    scales: &Scales,
    preset: Preset,
    neighbour: bool,
) -> Result<Any> {
    if let Profile::Light(light) = &component.profile
        && let Some(prior) = light.prior(parameter)
    {
        return Ok(Any(prior?));
    }
    let json = match preset.prior(component.role, parameter) {
        Some(json) => json,
        // With the prior of the main lens it takes its place as often as not.
        None if neighbour && parameter.kind == ParameterKind::EinsteinRadius => log_normal(0.1 * scales.radius, 0.6),
        None => default(component, parameter, scales)?,
    };
    Ok(Any::from_json(&component.site(parameter), &json)?)
}

/// The priors of the linear amplitudes of a component: its entry among `priors`, or else normal about 0 with the brightness of the brightest
/// pixels for its width (of a sky, the noise of a pixel).
pub(super) fn linear(
    component: &Component,
    parameter: &ProfileParameter,
    scales: &Scales,
    priors: &PriorSet,
) -> Result<Vec<AmplitudePrior>> {
    let (count, site) = (component.count * parameter.size, component.site(parameter));
    let sky = parameter.kind == ParameterKind::Sky;
    let signed = sky || parameter.kind == ParameterKind::Coefficient;
    let Some(given) = priors.get(&site) else {
        let scale = if sky { scales.noise } else { scales.peak };
        return Ok(vec![AmplitudePrior { loc: 0.0, scale, signed }; count]);
    };
    let numbers = |name| given.parameter(name).map(|value| value.numbers().to_vec()).unwrap_or_default();
    let (locs, deviations) = (numbers("loc"), numbers("scale"));
    let at = |of: &[f64], i: usize| of.get(i).or(of.first()).copied();
    let one = |i: usize| Some(AmplitudePrior { loc: at(&locs, i)?, scale: at(&deviations, i)?, signed });
    let read: Option<Vec<_>> = (0..count).map(one).collect();
    let got = given.name();
    read.filter(|_| got == "normal").ok_or(Error::LinearPrior { site, got })
}

fn log_normal(median: f64, scale: f64) -> Json {
    json!({ "log_normal": { "loc": median.ln(), "scale": scale } })
}

fn truncated(loc: f64, scale: f64, low: f64, high: f64) -> Json {
    json!({ "truncated_normal": { "loc": loc, "scale": scale, "low": low, "high": high } })
}

fn normal(loc: f64, scale: f64) -> Json {
    json!({ "normal": { "loc": loc, "scale": scale } })
}

fn default(component: &Component, parameter: &ProfileParameter, scales: &Scales) -> Result<Json> {
    let Scales { radius, pixel, peak, noise, center } = *scales;
    let source = matches!(component.role, Role::Source | Role::Points);
    let copies = component.count * parameter.size;
    Ok(match parameter.kind {
        ParameterKind::EinsteinRadius => log_normal(0.4 * radius, 0.4),
        // The scatter of early-type lenses is 0.16 (Auger et al. 2010).
        ParameterKind::Slope => truncated(2.0, 0.2, 1.1, 2.9),
        ParameterKind::AxisRatio => truncated(0.8, 0.2, 0.2, 1.0),
        ParameterKind::Angle => normal(0.0, 1.0),
        // Mass of early-type lenses: q = 0.78 +- 0.12 (Koopmans et al. 2006), |e| about 0.12.
        ParameterKind::Ellipticity if component.role == Role::Lens => truncated(0.0, 0.12, -0.45, 0.45),
        ParameterKind::Ellipticity => truncated(0.0, if source { 0.25 } else { 0.2 }, -0.65, 0.65),
        ParameterKind::Shear => normal(0.0, 0.05),
        ParameterKind::Center => {
            let along = if parameter.name.ends_with('x') { center[0] } else { center[1] };
            normal(along, if source { 0.08 * radius } else { (1.5 * pixel).max(0.05) })
        }
        ParameterKind::Position => {
            let along = if parameter.name.ends_with('x') { center[0] } else { center[1] };
            json!({ "uniform": { "low": along - radius, "high": along + radius } })
        }
        ParameterKind::Amplitude => log_normal(0.1 * peak, 2.0),
        // What is left of a sky that was subtracted.
        ParameterKind::Sky => normal(0.0, noise),
        ParameterKind::Coefficient => normal(0.0, peak),
        // A galaxy fills an image such as the decoder's with a half-light radius of an eighth of its width.
        ParameterKind::Width if source => log_normal((0.64 * radius).max(16.0 * pixel), 0.7),
        ParameterKind::Width => log_normal(2.4 * radius, 0.8),
        ParameterKind::Radius if source => log_normal((0.08 * radius).max(2.0 * pixel), 0.7),
        // Copies start from different sizes, so that they do not trade places.
        ParameterKind::Radius if copies > 1 => {
            let last = (copies - 1) as f64;
            let size = |i: usize| (0.1 * (6.0_f64).powf(i as f64 / last) * radius).ln();
            json!({ "log_normal": { "loc": (0..copies).map(size).collect::<Vec<_>>(), "scale": 0.6 } })
        }
        ParameterKind::Radius => log_normal(0.3 * radius, 0.8),
        // Lensed sources are mostly star-forming discs, n near 1 (van der Wel et al. 2014). A cuspy source (n above 3) that
        // the pixels do not resolve also makes a posterior too rough for any gradient.
        ParameterKind::SersicIndex if source => truncated(1.0, 0.6, 0.3, 4.0),
        ParameterKind::SersicIndex => json!({ "uniform": { "low": 0.3, "high": 8.0 } }),
        ParameterKind::Other { prior, .. } => {
            let (profile, name) = (component.profile.name(), parameter.name);
            let place = || format!("the default prior of parameter `{name}` of profile `{profile}`");
            serde_json::from_str(prior).map_err(|cause| Error::BadKey { place: place(), cause })?
        }
    })
}
