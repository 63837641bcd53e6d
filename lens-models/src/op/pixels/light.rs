//! Pixelised light as the light of a component: whitened numbers and a spectrum to surface brightness.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use ppl_core::autodiff::{Dims, Value};
use ppl_core::{Array, Result, Var};

use super::field::gaussian_field;
use super::hartley::Hartley;
use super::link::Link;
use super::spectrum::Spectrum;
use super::window::window;
use crate::light::{LightProfile, Sersic};
use crate::op::light_model::{LightModel, Template, formula};
use crate::op::raster::{Interpolation, Placed, brightness};
use crate::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter};

/// The name in a system file.
pub(super) const NAME: &str = "pixels";

const NORMAL: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 1.0 } }"#,
};
/// Two thirds of the standard deviation of the window, which is a sixth of the width.
const LENGTH: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": -2.2, "scale": 0.7 } }"#);
const SIGMA: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": 0.5, "scale": 0.5 } }"#);
/// Between a field that is rough at all scales (2) and one that is smooth; of a Sersic profile 3 to 4 or so.
const SLOPE: ParameterKind = ParameterKind::Other {
    low: 2.0,
    high: 12.0,
    prior: r#"{ "truncated_normal": { "loc": 4.0, "scale": 1.0, "low": 2.2, "high": 8.0 } }"#,
};

/// Tables of parameters by pixels a side, without and with `sigma`.
type Tables = BTreeMap<(usize, bool), &'static [ProfileParameter]>;
static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

/// A table of parameters lives as long as the program; there is one for each size of grid.
fn table(side: usize, with_sigma: bool) -> &'static [ProfileParameter] {
    let mut tables = TABLES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tables.entry((side, with_sigma)).or_insert_with(|| Vec::leak(parameters(side, with_sigma)))
}

fn parameters(side: usize, with_sigma: bool) -> Vec<ProfileParameter> {
    let new = ProfileParameter::new;
    let amp = if with_sigma { "Brightness where the field is zero." } else { "Root mean square of the field." };
    let sigma = new("sigma", SIGMA, "", r"\sigma_f", "Root mean square of the field before the link.");
    let all = [
        new("xi", NORMAL, "", r"\xi", "Whitened harmonics of the field.").vector(side * side),
        new(
            "scale",
            ParameterKind::Width,
            "arcsec",
            "s",
            "Width of the grid on the sky, six times the standard deviation of its window.",
        ),
        new("amp", ParameterKind::Amplitude, "", "A", amp),
        CENTER_X,
        CENTER_Y,
        new("length", LENGTH, "", r"\ell", "Length over which the field is correlated, in units of `scale`."),
        new("slope", SLOPE, "", "p", "The power falls as k^-slope at short wavelengths."),
    ];
    all.into_iter().chain(with_sigma.then_some(sigma)).collect()
}

/// amp g(f)((x - center) / scale) between the pixels of a grid, f a [Gaussian process](gaussian_field) given by whitened harmonics:
/// `xi scale amp center_x center_y length slope`, and `sigma` where the link is an exponential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    side: usize,
    link: Link,
    interpolation: Interpolation,
}

impl Pixels {
    /// A grid of `side` x `side` pixels.
    #[must_use]
    pub fn new(side: usize, link: Link, interpolation: Interpolation) -> Self {
        Pixels { side, link, interpolation }
    }

    /// Without an exponential the root mean square is part of `amp`.
    fn with_sigma(&self) -> bool {
        self.link == Link::Exp
    }

    /// The image `[side, side]` of the grid, row 0 below, in units of `amp`.
    ///
    /// # Errors
    /// Parameters of another shape.
    pub fn image(&self, params: &[Value]) -> Result<Array> {
        let one = Value::shared(Dims::SCALAR, vec![1.0]);
        let sigma = params.get(7).unwrap_or(&one);
        gaussian_field(&params[0], [sigma, &params[5], &params[6]], self.link)
    }
}

impl LightModel for Pixels {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        table(self.side, self.with_sigma())
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        let scalar = |i: usize| Var::<()>::from_value(params[i].clone());
        let placed = Placed::new(scalar(3), scalar(4), scalar(1), scalar(2), 0.0);
        brightness(&self.image(params)?, positions, &placed, self.interpolation)
    }

    fn stand_in(&self) -> Option<Arc<dyn LightModel>> {
        Some(formula(&Sersic))
    }

    /// The same Sersic profile on a grid that is wide enough for most of its light.
    fn like_stand_in(&self, of: &dyn Fn(&str) -> Option<f64>) -> Vec<(&'static str, Vec<f64>)> {
        let given = |name: &str, other: f64| of(name).unwrap_or(other);
        let (radius, amp) = (given("R_sersic", 0.2), given("amp", 1.0));
        let (x0, y0, scale) = (given("center_x", 0.0), given("center_y", 0.0), WIDTH * radius);
        let shape = [amp, radius, given("n_sersic", 1.0), given("e1", 0.0), given("e2", 0.0), 0.0, 0.0];
        let (length, slope, sigma) = (LENGTH_AT_FIRST, 4.0, if self.with_sigma() { 2.0 } else { 1.0 });
        let at = |k: usize| ((k as f64 + 0.5) / self.side as f64 - 0.5) * scale;
        let window = window(self.side);
        let field = |i: usize| {
            let light = Sersic.point(&shape, at(i % self.side), at(i / self.side)) / amp;
            // Where the window is dark the field may be anything: light / w, but for a w below a tenth.
            let field = light * window[i] / (window[i] * window[i] + 0.01);
            self.link.inverse(field, 0.02) / sigma
        };
        let mut xi: Vec<f64> = (0..self.side * self.side).map(field).collect();
        Hartley::new(self.side).transform(&mut xi);
        let spectrum = Spectrum::new(self.side, length, slope);
        // Harmonics that the spectrum hardly has would be huge.
        xi.iter_mut().zip(&spectrum.root).for_each(|(xi, root)| *xi = (*xi / root).clamp(-LARGEST, LARGEST));
        let like = [
            ("xi", xi),
            ("scale", vec![scale]),
            ("amp", vec![amp]),
            ("center_x", vec![x0]),
            ("center_y", vec![y0]),
            ("length", vec![length]),
            ("slope", vec![slope]),
            ("sigma", vec![sigma]),
        ];
        like.into_iter().filter(|(name, _)| *name != "sigma" || self.with_sigma()).collect()
    }

    fn scaling(&self) -> &'static [&'static str] {
        &["amp", "length", "slope", "sigma"]
    }
}

/// Half-light radii that a grid is wide at first.
const WIDTH: f64 = 10.0;
/// Widths over which the field is correlated at first.
const LENGTH_AT_FIRST: f64 = 0.1;
/// The largest whitened harmonic of a start.
const LARGEST: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::check;

    fn values(of: Vec<(&'static str, Vec<f64>)>, model: &Pixels) -> Vec<Value> {
        let named: BTreeMap<_, _> = of.into_iter().collect();
        let dims = |n: usize| if n == 1 { Dims::SCALAR } else { Dims::new(&[n]) };
        model.parameters().iter().map(|p| Value::shared(dims(p.size), named[p.name].clone())).collect()
    }

    #[test]
    fn it_starts_as_the_profile_that_stood_for_it() {
        let given = |name: &str| {
            [("R_sersic", 0.3), ("amp", 0.7), ("center_x", 0.1), ("n_sersic", 1.0)]
                .into_iter()
                .find(|g| g.0 == name)
                .map(|g| g.1)
        };
        let sersic = [0.7, 0.3, 1.0, 0.0, 0.0, 0.1, 0.0];
        for (link, tolerance) in [(Link::None, 0.02), (Link::Softplus, 0.02), (Link::Exp, 0.02)] {
            let model = Pixels::new(40, link, Interpolation::Cubic);
            let params = values(model.like_stand_in(&given), &model);
            let at = [[0.1_f32, 0.4], [0.4, 0.0], [-0.2, -0.3], [0.8, 0.5]];
            let positions = (0..2).flat_map(|axis| at.map(|at| at[axis])).collect();
            let positions = Array::constant(&[2, 4], positions).unwrap();
            let light = model.brightness(&positions, None, &params).unwrap();
            for (light, [x, y]) in light.lane(0).iter().zip(at) {
                let expected = Sersic.point(&sersic, x.into(), y.into());
                // The cusp is between pixels, and where it is faint it is no fainter than the floor of a link.
                assert!((f64::from(*light) - expected).abs() < tolerance, "{link:?} at {x} {y}: {light} {expected}");
            }
        }
    }

    #[test]
    fn its_vjp_is_right_by_every_parameter() {
        for link in [Link::None, Link::Exp] {
            let model = Pixels::new(5, link, Interpolation::Cubic);
            let xi: Vec<f64> = (0..25).map(|i| (1.7 * i as f64).sin()).collect();
            let mut given = vec![
                ("xi", xi),
                ("scale", vec![2.0]),
                ("amp", vec![0.8]),
                ("center_x", vec![0.1]),
                ("center_y", vec![-0.05]),
            ];
            given.extend([("length", vec![0.15]), ("slope", vec![3.5]), ("sigma", vec![0.9])]);
            let positions = Array::constant(&[2, 6], (0..12).map(|i| 0.8 * (1.9 * i as f32).sin()).collect()).unwrap();
            let brightness = |params: &[Value]| model.brightness(&positions, None, params).unwrap().as_value().clone();
            // f32 pixels over a step of 1e-3, and its curvature.
            check::function(brightness, &values(given, &model), 1e-3, 2e-3);
        }
    }
}
