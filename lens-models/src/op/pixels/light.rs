//! Pixelised light as the light of a component: whitened numbers and a spectrum to surface brightness.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::field::gaussian_field;
use super::hartley::Hartley;
use super::likely::{likely, moved};
use super::spectrum::Spectrum;
use super::window::Window;
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
/// Between a field that is rough at all scales (2) and one that is smooth; of a Sersic profile 3 to 4 or so.
const SLOPE: ParameterKind = ParameterKind::Other {
    low: 2.0,
    high: 12.0,
    prior: r#"{ "truncated_normal": { "loc": 4.0, "scale": 1.0, "low": 2.2, "high": 8.0 } }"#,
};
/// Means and standard deviations of these: ln length, slope.
const PRIOR: [(f64, f64); 2] = [(-2.2, 0.7), (4.0, 1.0)];
const WIDTH: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": 0.0, "scale": 0.3 } }"#);
const OFFSET: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 0.1 } }"#,
};

/// Tables of parameters by pixels a side.
type Tables = BTreeMap<usize, &'static [ProfileParameter]>;
static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

/// A table of parameters lives as long as the program; there is one for each size of grid.
fn table(side: usize) -> &'static [ProfileParameter] {
    let mut tables = TABLES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tables.entry(side).or_insert_with(|| Vec::leak(parameters(side)))
}

fn parameters(side: usize) -> Vec<ProfileParameter> {
    let new = ProfileParameter::new;
    vec![
        new("xi", NORMAL, "", r"\xi", "Whitened harmonics of the field.").vector(side * side),
        new("scale", ParameterKind::Width, "arcsec", "s", "Width of the grid on the sky."),
        new("amp", ParameterKind::Amplitude, "", "A", "Root mean square of the field."),
        CENTER_X,
        CENTER_Y,
        new("length", LENGTH, "", r"\ell", "Length over which the field is correlated, in units of `scale`."),
        new("slope", SLOPE, "", "p", "The power falls as k^-slope at short wavelengths."),
        new("width", WIDTH, "", "w", "Width of the window, in units of a sixth of `scale` a standard deviation."),
        new("offset_x", OFFSET, "", r"\delta_x", "Middle of the window from that of the grid, in units of `scale`."),
        new("offset_y", OFFSET, "", r"\delta_y", "Middle of the window from that of the grid, in units of `scale`."),
    ]
}

/// amp (w f)((x - center) / scale) between the pixels of a grid, f a [Gaussian process](gaussian_field) given by whitened harmonics under
/// the window w: `xi scale amp center_x center_y length slope width offset_x offset_y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    side: usize,
}

impl Pixels {
    /// A grid of `side` x `side` pixels.
    #[must_use]
    pub fn new(side: usize) -> Self {
        Pixels { side }
    }

    /// The image `[side, side]` of the grid, row 0 below, in units of `amp`.
    ///
    /// # Errors
    /// Parameters of another shape.
    pub fn image(&self, params: &[Value]) -> Result<Array> {
        gaussian_field(&params[0], [&params[5], &params[6]], [&params[7], &params[8], &params[9]])
    }

    /// The scale of each harmonic.
    fn scales(&self, [amp, length, slope]: [f64; 3]) -> Vec<f64> {
        Spectrum::new(self.side, length, slope).root.iter().map(|root| amp * root).collect()
    }
}

impl LightModel for Pixels {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        table(self.side)
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        let scalar = |i: usize| Var::<()>::from_value(params[i].clone());
        let placed = Placed::new(scalar(3), scalar(4), scalar(1), scalar(2), 0.0);
        brightness(&self.image(params)?, positions, &placed, Interpolation::Cubic)
    }

    fn stand_in(&self) -> Option<Arc<dyn LightModel>> {
        Some(formula(&Sersic))
    }

    /// The same Sersic profile on a grid that is wide enough for most of its light.
    fn like_stand_in(&self, of: &dyn Fn(&str) -> Option<f64>) -> Vec<(&'static str, Vec<f64>)> {
        let given = |name: &str, other: f64| of(name).unwrap_or(other);
        let (radius, amp) = (given("R_sersic", 0.2), given("amp", 1.0));
        let (x0, y0, scale) = (given("center_x", 0.0), given("center_y", 0.0), RADII * radius);
        let shape = [amp, radius, given("n_sersic", 1.0), given("e1", 0.0), given("e2", 0.0), 0.0, 0.0];
        let at = |k: usize| ((k as f64 + 0.5) / self.side as f64 - 0.5) * scale;
        let light = |i: usize| Sersic.point(&shape, at(i % self.side), at(i / self.side));
        let light: Vec<f64> = (0..self.side * self.side).map(light).collect();
        let grid = Grid::around(&light, [scale, x0, y0]);
        self.with_light(&light, &grid, None, [LENGTH_AT_FIRST, PRIOR[1].0])
    }

    fn scaling(&self) -> &'static [&'static str] {
        &["amp", "length", "slope", "scale", "center_x", "center_y", "width", "offset_x", "offset_y"]
    }

    fn likely(
        &self,
        of: &dyn Fn(&str) -> Vec<f64>,
        is_free: &dyn Fn(&str) -> bool,
        variances: &[f64],
    ) -> Vec<(&'static str, Vec<f64>)> {
        let one = |name: &str| of(name).first().copied().unwrap_or(f64::NAN);
        let (xi, now) = (of("xi"), ["amp", "length", "slope"].map(one));
        let window = Window::new(self.side, ["width", "offset_x", "offset_y"].map(one));
        let [amp, mut length, slope] = likely((&xi, variances), now, ["amp", "length", "slope"].map(is_free), PRIOR);
        let mut light: Vec<f64> = xi.iter().zip(self.scales(now)).map(|(xi, scale)| xi * scale).collect();
        Hartley::new(self.side).transform(&mut light);
        light.iter_mut().zip(window.factors()).for_each(|(f, w)| *f *= w);
        let at = ["scale", "center_x", "center_y"].map(one);
        let mut grid = Grid { width: 1.0, offset: [0.0; 2], at };
        if GRID.iter().all(|name| is_free(name)) {
            grid = Grid::around(&light, at);
            if is_free("length") {
                length /= grid.width;
            }
        }
        self.with_light(&light, &grid, Some(amp), [length, slope])
    }
}

/// A grid whose window is as wide as a light is: relative to the grid at hand, and on the sky (scale, x, y).
struct Grid {
    width: f64,
    offset: [f64; 2],
    at: [f64; 3],
}

impl Grid {
    /// Of a light on a grid: a process under a Gaussian window of a standard deviation of s has squares whose moments are those of a Gaussian of
    /// s / sqrt 2.
    fn around(light: &[f64], [scale, x, y]: [f64; 3]) -> Self {
        let side = light.len().isqrt();
        let at = |k: usize| (k as f64 + 0.5) / side as f64 - 0.5;
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            let (mut sum, mut total) = (0.0, f64::MIN_POSITIVE);
            for (i, light) in light.iter().enumerate() {
                sum += light * light * of(at(i % side), at(i / side));
                total += light * light;
            }
            sum / total
        };
        let offset = [mean(&|x, _| x), mean(&|_, y| y)];
        let square = mean(&|x, y| 0.5 * ((x - offset[0]).powi(2) + (y - offset[1]).powi(2)));
        let width = (6.0 * (2.0 * square).sqrt()).clamp(0.5, 2.0);
        let [dx, dy] = offset;
        Grid { width, offset, at: [scale * width, x + scale * dx, y + scale * dy] }
    }
}

impl Pixels {
    /// The parameters that make this light of the grid at hand on another grid; an amp that is not given is that of its root mean square.
    fn with_light(
        &self,
        light: &[f64],
        grid: &Grid,
        amp: Option<f64>,
        [length, slope]: [f64; 2],
    ) -> Vec<(&'static str, Vec<f64>)> {
        let (mut hartley, window) = (Hartley::new(self.side), Window::new(self.side, [1.0, 0.0, 0.0]));
        let mut field = light.to_vec();
        hartley.transform(&mut field);
        field = moved(&field, grid.width, grid.offset);
        hartley.transform(&mut field);
        let squares = |of: &mut dyn Iterator<Item = f64>| of.map(|x| x * x).sum::<f64>();
        let rms = (squares(&mut field.iter().copied()) / squares(&mut window.factors())).sqrt();
        let amp = amp.unwrap_or(rms.max(f64::MIN_POSITIVE));
        // Where the window is dark the field may be anything: light / w, but for a w below a tenth.
        field.iter_mut().zip(window.factors()).for_each(|(f, w)| *f *= w / (w * w + 0.01));
        hartley.transform(&mut field);
        whiten(&mut field, &self.scales([amp, length, slope]));
        let [scale, x, y] = grid.at;
        let numbers = [scale, amp, x, y, length, slope, 1.0, 0.0, 0.0].map(|number| vec![number]);
        let names = self.parameters().iter().map(|p| p.name);
        names.zip(std::iter::once(field).chain(numbers)).collect()
    }
}

/// Harmonics to whitened ones, in place; those that the spectrum hardly has would be huge.
fn whiten(harmonics: &mut [f64], scales: &[f64]) {
    harmonics.iter_mut().zip(scales).for_each(|(x, scale)| *x = (*x / scale).clamp(-LARGEST, LARGEST));
}

/// Where a grid and its window lie.
const GRID: [&str; 6] = ["scale", "center_x", "center_y", "width", "offset_x", "offset_y"];
/// Half-light radii that a grid is wide at first.
const RADII: f64 = 10.0;
/// Widths over which the field is correlated at first.
const LENGTH_AT_FIRST: f64 = 0.1;
/// The largest whitened harmonic of a start.
const LARGEST: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Dims, check};

    fn values(of: Vec<(&'static str, Vec<f64>)>, model: &Pixels) -> Vec<Value> {
        let named: BTreeMap<_, _> = of.into_iter().collect();
        let dims = |n: usize| if n == 1 { Dims::SCALAR } else { Dims::new(&[n]) };
        model.parameters().iter().map(|p| Value::shared(dims(p.size), named[p.name].clone())).collect()
    }

    fn light(model: &Pixels, params: Vec<(&'static str, Vec<f64>)>, at: &[[f32; 2]]) -> Vec<f32> {
        let positions = (0..2).flat_map(|axis| at.iter().map(move |at| at[axis])).collect();
        let positions = Array::constant(&[2, at.len()], positions).unwrap();
        model.brightness(&positions, None, &values(params, model)).unwrap().lane(0).to_vec()
    }

    fn sersic(name: &str) -> Option<f64> {
        let numbers = [("R_sersic", 0.3), ("amp", 0.7), ("center_x", 0.1), ("n_sersic", 1.0)];
        numbers.into_iter().find(|of| of.0 == name).map(|of| of.1)
    }

    const AT: [[f32; 2]; 4] = [[0.1, 0.4], [0.4, 0.0], [-0.2, -0.3], [0.8, 0.5]];

    #[test]
    fn it_starts_as_the_profile_that_stood_for_it() {
        let model = Pixels::new(40);
        let light = light(&model, model.like_stand_in(&sersic), &AT);
        for (light, [x, y]) in light.into_iter().zip(AT) {
            let expected = Sersic.point(&[0.7, 0.3, 1.0, 0.0, 0.0, 0.1, 0.0], x.into(), y.into());
            // The cusp is between pixels.
            assert!((f64::from(light) - expected).abs() < 0.02, "at {x} {y}: {light} {expected}");
        }
    }

    #[test]
    fn under_likely_scales_and_on_another_grid_it_is_the_same_light() {
        let model = Pixels::new(40);
        let mut params = model.like_stand_in(&sersic);
        for (name, numbers) in &mut params {
            match *name {
                "width" => numbers[0] = 1.06,
                "offset_x" => numbers[0] = 0.01,
                "offset_y" => numbers[0] = -0.02,
                _ => {}
            }
        }
        let of = |name: &str| params.iter().find(|p| p.0 == name).unwrap().1.clone();
        let before = light(&model, params.clone(), &AT);
        let next = model.likely(&of, &|_| true, &[0.3; 1600]);
        let amp = next.iter().find(|p| p.0 == "amp").unwrap().1[0];
        assert!((amp - 0.7).abs() > 0.01);
        for (before, after) in before.iter().zip(light(&model, next, &AT)) {
            // Between pixels a cusp is another one on another grid.
            assert!((before - after).abs() < 0.02, "{before} {after}");
        }
        let held = model.likely(&of, &|name| name != "scale", &[0.3; 1600]);
        assert!(held.iter().any(|p| *p == ("width", vec![1.06])));
    }

    #[test]
    fn its_vjp_is_right_by_every_parameter() {
        let model = Pixels::new(5);
        let xi: Vec<f64> = (0..25).map(|i| (1.7 * i as f64).sin()).collect();
        let mut given = vec![("xi", xi)];
        let numbers = [2.0, 0.8, 0.1, -0.05, 0.15, 3.5, 0.95, 0.05, -0.03];
        given.extend(model.parameters()[1..].iter().zip(numbers).map(|(p, number)| (p.name, vec![number])));
        let positions = Array::constant(&[2, 6], (0..12).map(|i| 0.8 * (1.9 * i as f32).sin()).collect()).unwrap();
        let brightness = |params: &[Value]| model.brightness(&positions, None, params).unwrap().as_value().clone();
        // f32 pixels over a step of 1e-3, and its curvature.
        check::function(brightness, &values(given, &model), 1e-3, 2e-3);
    }
}
