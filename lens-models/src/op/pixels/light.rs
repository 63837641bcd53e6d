//! Pixelised light as the light of a component: whitened numbers and a spectrum to surface brightness.

use std::sync::{Arc, LazyLock};

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::evidence::{Known, evidence};
use super::field::gaussian_field;
use super::grid::on_grid;
use super::hartley::Hartley;
use super::spectrum::{LARGEST, carried, one, scales};
use super::tables::Tables;
use super::window::{SIGMAS, Window};
use crate::light::{LightProfile, Sersic};
use crate::op::field_model::{Evidence, FieldModel, Scaling};
use crate::op::light_model::{LightModel, Template, formula};
use crate::op::raster::{Interpolation, Placed, brightness};
use crate::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter};

/// The name in a system file.
pub(super) const NAME: &str = "pixels";

/// Two thirds of the standard deviation of the window, which is a sixth of the width.
const LENGTH: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": -2.2, "scale": 0.7 } }"#);
/// Between a field that is rough at all scales (2) and one that is smooth; of a Sersic profile 3 to 4 or so.
const SLOPE: ParameterKind = ParameterKind::Other {
    low: 2.0,
    high: 12.0,
    prior: r#"{ "truncated_normal": { "loc": 4.0, "scale": 1.0, "low": 2.2, "high": 8.0 } }"#,
};
const WIDTH: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": 0.0, "scale": 0.3 } }"#);
const OFFSET: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 0.1 } }"#,
};

const fn scaling(name: &'static str, by_logarithm: bool, deviation: f64, farthest: f64) -> Scaling {
    Scaling { name, by_logarithm, deviation, farthest }
}
/// With the deviations of the priors above; of `amp` nothing may be known.
const SCALING: [Scaling; 6] = [
    scaling("amp", true, 30.0, 0.5),
    scaling("length", true, 0.7, 0.5),
    scaling("slope", false, 1.0, 1.0),
    scaling("width", true, 0.3, 0.2),
    scaling("offset_x", false, 0.1, 0.05),
    scaling("offset_y", false, 0.1, 0.05),
];

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::default);
static OTHERS: LazyLock<[ProfileParameter; 9]> = LazyLock::new(|| {
    let new = ProfileParameter::new;
    [
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
});

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
}

impl LightModel for Pixels {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        TABLES.of(self.side, &*OTHERS)
    }

    fn brightness(&self, positions: &Array, _: Option<&Template>, params: &[Value]) -> Result<Array> {
        let scalar = |i: usize| Var::<()>::from_value(params[i].clone());
        let placed = Placed::new(scalar(3), scalar(4), scalar(1), scalar(2), 0.0);
        brightness(&self.image(params)?, positions, &placed, Interpolation::Cubic)
    }

    fn stand_in(&self) -> Option<Arc<dyn LightModel>> {
        Some(formula(&Sersic))
    }

    /// The same Sersic profile under a window as wide as it is bright.
    fn like_stand_in(&self, of: &dyn Fn(&str) -> Option<f64>) -> Vec<(&'static str, Vec<f64>)> {
        let given = |name: &str, other: f64| of(name).unwrap_or(other);
        let (radius, amp) = (given("R_sersic", 0.2), given("amp", 1.0));
        let shape = [amp, radius, given("n_sersic", 1.0), given("e1", 0.0), given("e2", 0.0), 0.0, 0.0];
        let side = self.side;
        let light = |scale: f64| -> Vec<f64> {
            let at = |k: usize| ((k as f64 + 0.5) / side as f64 - 0.5) * scale;
            (0..side * side).map(|i| Sersic.point(&shape, at(i % side), at(i / side))).collect()
        };
        let scale = RADII * radius;
        let scale = MARGIN * 2.0 * SIGMAS * scale * deviation(&light(scale));
        let (light, window) = (light(scale), Window::new(side, [1.0 / MARGIN, 0.0, 0.0]));
        let squares = |of: &mut dyn Iterator<Item = f64>| of.map(|x| x * x).sum::<f64>();
        let amp = (squares(&mut light.iter().copied()) / squares(&mut window.factors())).sqrt().max(f64::MIN_POSITIVE);
        let xi = self.whitened(&light, [amp, LENGTH_AT_FIRST, SLOPE_AT_FIRST], &window);
        let center = ["center_x", "center_y"].map(|name| given(name, 0.0));
        let spectrum = [LENGTH_AT_FIRST, SLOPE_AT_FIRST, 1.0 / MARGIN, 0.0, 0.0];
        let numbers = [scale, amp].into_iter().chain(center).chain(spectrum).map(|number| vec![number]);
        self.parameters().iter().map(|p| p.name).zip(std::iter::once(xi).chain(numbers)).collect()
    }

    fn field(&self) -> Option<&dyn FieldModel> {
        Some(self)
    }
}

impl FieldModel for Pixels {
    fn scaling(&self) -> &'static [Scaling] {
        &SCALING
    }

    fn grid(&self) -> &'static [&'static str] {
        &["scale", "center_x", "center_y"]
    }

    fn evidence(&self, of: &dyn Fn(&str) -> Vec<f64>, left: &[f64], directions: &[f64], shares: &[f64]) -> Evidence {
        let params = ["length", "slope", "width", "offset_x", "offset_y"].map(|name| one(of, name));
        let evidence = evidence(self.side, params, &Known { directions, shares, xi: &of("xi"), left });
        Evidence { grid: of_grid(&evidence.information, one(of, "scale"), params), ..evidence }
    }

    /// One on which the window is as wide as at first and in the middle.
    fn on_better_grid(&self, of: &dyn Fn(&str) -> Vec<f64>) -> Vec<(&'static str, Vec<f64>)> {
        let names = ["scale", "center_x", "center_y", "amp", "length", "slope", "width", "offset_x", "offset_y"];
        let [scale, x, y, amp, length, slope, width, dx, dy] = names.map(|name| one(of, name));
        let wider = width * MARGIN;
        if (1.0 / FITS..=FITS).contains(&wider) && dx.abs().max(dy.abs()) < FARTHEST {
            return vec![];
        }
        let mut harmonics: Vec<f64> =
            of("xi").iter().zip(scales(self.side, [amp, length, slope])).map(|(xi, s)| xi * s).collect();
        let mut hartley = Hartley::new(self.side);
        hartley.transform(&mut harmonics);
        harmonics.iter_mut().zip(Window::new(self.side, [width, dx, dy]).factors()).for_each(|(f, w)| *f *= w);
        hartley.transform(&mut harmonics);
        let light = on_grid(&harmonics, wider, [dx, dy]);
        let (length, window) = (length / wider, Window::new(self.side, [1.0 / MARGIN, 0.0, 0.0]));
        let xi = self.whitened(&light, [amp, length, slope], &window);
        let numbers = [scale * wider, x + scale * dx, y + scale * dy, amp, length, slope, 1.0 / MARGIN, 0.0, 0.0];
        let numbers = names.into_iter().zip(numbers.map(|number| vec![number]));
        numbers.chain([("xi", xi)]).collect()
    }

    fn carried(&self, from: &dyn Fn(&str) -> Vec<f64>, to: &dyn Fn(&str) -> Vec<f64>) -> Vec<f64> {
        carried(self.side, from, to)
    }
}

impl Pixels {
    /// Whitened numbers that make this light, of row-major pixels in units of one, under these scales.
    fn whitened(&self, light: &[f64], [amp, length, slope]: [f64; 3], window: &Window) -> Vec<f64> {
        // Where the window is dark the field may be anything: light / w, but for a w below `DARK`.
        let mut xi: Vec<f64> = light.iter().zip(window.factors()).map(|(l, w)| l * w / (w * w + DARK * DARK)).collect();
        Hartley::new(self.side).transform(&mut xi);
        // Harmonics that the spectrum hardly has would be huge.
        let scales = scales(self.side, [amp, length, slope]);
        xi.iter_mut().zip(scales).for_each(|(x, scale)| *x = (*x / scale).clamp(-LARGEST, LARGEST));
        xi
    }
}

/// The information of `scale` from that of (ln amp, ln length, slope, ln width, offset_x, offset_y): a field on a grid that grows is as likely as one
/// under a window that grows on the grid, and its length with it.
fn of_grid(information: &[f64], scale: f64, [.., x, y]: [f64; 5]) -> f64 {
    let by = [0.0, 1.0, 0.0, 1.0, x, y];
    (0..36).map(|at| by[at / 6] * information[at] * by[at % 6]).sum::<f64>() / (scale * scale)
}

/// The standard deviation of the window of a light, in widths of its grid: a process under a Gaussian window of a standard deviation of s has
/// squares whose moments are those of a Gaussian of s / sqrt 2.
fn deviation(light: &[f64]) -> f64 {
    let side = light.len().isqrt();
    let at = |k: usize| (k as f64 + 0.5) / side as f64 - 0.5;
    let (mut sum, mut total) = (0.0, f64::MIN_POSITIVE);
    for (i, light) in light.iter().enumerate() {
        sum += light * light * (at(i % side).powi(2) + at(i / side).powi(2));
        total += light * light;
    }
    (sum / total).sqrt()
}

/// Half-light radii that a grid is wide where the width of a window is measured.
const RADII: f64 = 10.0;
/// How much wider than six standard deviations of the window a grid is.
const MARGIN: f64 = 1.25;
/// How much wider or narrower than at first a window may be, and how far from the middle, in widths of the grid, until another grid is taken.
const FITS: f64 = 1.25;
const FARTHEST: f64 = 0.06;
/// The spectrum at first.
const LENGTH_AT_FIRST: f64 = 0.1;
const SLOPE_AT_FIRST: f64 = 4.0;
/// Where a window is too dark to divide by.
const DARK: f64 = 0.03;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    const AT: [[f32; 2]; 4] = [[0.1, 0.4], [0.4, 0.0], [-0.2, -0.3], [0.3, 0.3]];

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
    fn under_other_scales_it_is_the_same_light() {
        let model = Pixels::new(40);
        let params = model.like_stand_in(&sersic);
        let before = light(&model, params.clone(), &AT);
        let mut next = params.clone();
        for (name, numbers) in &mut next {
            match *name {
                "amp" => numbers[0] *= 1.5,
                "length" => numbers[0] *= 0.8,
                "slope" => numbers[0] = 4.5,
                _ => {}
            }
        }
        let of = |params: &[(&str, Vec<f64>)], name: &str| params.iter().find(|p| p.0 == name).unwrap().1.clone();
        next[0].1 = model.carried(&|name| of(&params, name), &|name| of(&next, name));
        assert!(next[0].1 != params[0].1);
        for (before, after) in before.iter().zip(light(&model, next, &AT)) {
            assert!((before - after).abs() < 1e-5, "{before} {after}");
        }
    }

    #[test]
    fn on_a_grid_that_fits_it_is_the_same_light() {
        let model = Pixels::new(40);
        let mut params = model.like_stand_in(&sersic);
        let of = |params: &[(&str, Vec<f64>)], name: &str| params.iter().find(|p| p.0 == name).unwrap().1.clone();
        assert!(model.on_better_grid(&|name| of(&params, name)).is_empty());
        for (name, numbers) in &mut params {
            match *name {
                "width" => numbers[0] = 1.02,
                "offset_x" => numbers[0] = 0.02,
                _ => {}
            }
        }
        let before = light(&model, params.clone(), &AT);
        let next = model.on_better_grid(&|name| of(&params, name));
        assert!((of(&next, "scale")[0] / of(&params, "scale")[0] - 1.02 * MARGIN).abs() < 1e-12);
        for (before, after) in before.iter().zip(light(&model, next, &AT)) {
            // Between pixels a cusp is another one on another grid.
            assert!((before - after).abs() < 0.03, "{before} {after}");
        }
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
