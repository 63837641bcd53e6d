//! The border: what a model leaves where neither lens nor source shines, which tells a sky that was not subtracted.

use lens_models::data::ImageData;
use lens_models::parameter::ParameterKind;
use lens_models::system::{Role, System};

use super::View;

/// The outer part of the used pixels, by their distance from the middle of all of them.
const OUTER: f64 = 0.9;
/// A model brighter than this many sigma is no empty sky.
const EMPTY: f32 = 0.5;
/// A pedestal below this many sigma moves no parameter by much.
const WORTH_A_WORD: f64 = 0.1;
/// Errors of the mean from which on it is no chance.
const CERTAIN: f64 = 5.0;

/// What is left over at the border of the used pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pedestal {
    /// Mean of (data - model) / sigma.
    pub mean: f64,
    /// Its standard error, were there nothing but noise.
    pub error: f64,
    /// Pixels that it is the mean of.
    pub pixels: usize,
}

/// The pedestal of a fit; none where it is small or may be chance, or where the system models a sky.
pub(super) fn pedestal(system: &System, data: &ImageData, view: &View) -> Option<Pedestal> {
    let lights = system.of_role(Role::Light);
    if lights.flat_map(|light| light.profile.parameters()).any(|p| p.kind == ParameterKind::Sky) {
        return None;
    }
    let (grid, window) = (&data.grid, data.grid.window());
    let places = window.rows().flat_map(|y| window.columns().map(move |x| grid.position(x, y)));
    let used: Vec<_> = places.zip(&view.residual).zip(&view.model).zip(data.inverse_sigma(&view.model)).collect();
    let used = used.into_iter().filter(|(((_, z), _), _)| !z.is_nan());
    let used: Vec<((f64, f64), f32, f32)> = used.map(|(((at, z), m), w)| (at, *z, m * w)).collect();
    let middle = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = used.iter().fold((f64::MAX, f64::MIN), |(l, h), (at, ..)| (l.min(of(at)), h.max(of(at))));
        (0.5 * (low + high), 0.5 * (high - low))
    };
    // In units of the half width, the larger of both: the border of a disc is a ring, that of a square the frame and its corners.
    let ((x0, half_x), (y0, half_y)) = (middle(|at| at.0), middle(|at| at.1));
    let outer = |(x, y): (f64, f64)| {
        let (u, v) = ((x - x0) / half_x.max(1e-9), (y - y0) / half_y.max(1e-9));
        u.hypot(v) > OUTER
    };
    let border = used.iter().filter(|(at, _, model)| outer(*at) && model.abs() < EMPTY);
    let z: Vec<f64> = border.map(|(_, z, _)| f64::from(*z)).collect();
    let pixels = z.len();
    if pixels == 0 {
        return None;
    }
    let (mean, error) = (z.iter().sum::<f64>() / pixels as f64, 1.0 / (pixels as f64).sqrt());
    (mean.abs() > WORTH_A_WORD && mean.abs() > CERTAIN * error).then_some(Pedestal { mean, error, pixels })
}
