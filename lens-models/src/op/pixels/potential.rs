//! A potential on a grid, whose prior is a Gaussian process: what no form of a lens says of it.

use std::sync::LazyLock;

use ppl_core::autodiff::{Dims, Value};
use ppl_core::{Array, Result, Var};

use super::evidence::{Known, evidence};
use super::field::gaussian_field;
use super::kind::side;
use super::spectrum::{carried, one};
use super::tables::Tables;
use crate::error::Error;
use crate::mass::SplinePotential;
use crate::op::field_model::{Evidence, FieldModel, Scaling};
use crate::op::keys::Keys;
use crate::op::spline_deflection;
use crate::parameter::{ParameterKind, ProfileParameter};

/// A millisecond of arc squared or so: what a halo of 1e8 solar masses or the edge of a disc makes.
const AMP: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": -6.0, "scale": 1.5 } }"#);
const LENGTH: ParameterKind = ParameterKind::positive(r#"{ "log_normal": { "loc": -2.2, "scale": 0.7 } }"#);
/// The convergence falls by 4 less: above 6 it has a variance that no pixel decides.
const SLOPE: ParameterKind = ParameterKind::Other {
    low: 2.0,
    high: 16.0,
    prior: r#"{ "truncated_normal": { "loc": 7.0, "scale": 1.0, "low": 4.2, "high": 11.0 } }"#,
};
/// With the deviations of these priors.
const SCALING: [Scaling; 3] = [
    Scaling { name: "amp", by_logarithm: true, deviation: 1.5, farthest: 0.5 },
    Scaling { name: "length", by_logarithm: true, deviation: 0.7, farthest: 0.5 },
    Scaling { name: "slope", by_logarithm: false, deviation: 1.0, farthest: 1.0 },
];
/// Where scales are before anything is known of them: the middle of their priors, but for an `amp` that no image sees.
const AT_FIRST: [(&str, f64); 3] = [("amp", 5e-4), ("length", 0.11), ("slope", 7.0)];
/// A window that is flat but for its border, beyond which there is no potential.
const FLAT: [f64; 3] = [10.0, 0.0, 0.0];
/// Pixels a side where nothing is said.
const SIDE: usize = 24;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::default);
static OTHERS: LazyLock<[ProfileParameter; 3]> = LazyLock::new(|| {
    let new = ProfileParameter::new;
    [
        new("amp", AMP, "arcsec^2", "A", "Root mean square of the coefficients of the potential."),
        new("length", LENGTH, "", r"\ell", "Length over which it is correlated, in widths of the grid."),
        new("slope", SLOPE, "", "p", "Its power falls as k^-slope at short wavelengths."),
    ]
});

/// psi = amp sum_ij c_ij B(u - j) B(v - i), a cubic B-spline on a grid of pixels that lies fixed on the sky, c a [Gaussian
/// process](gaussian_field) given by whitened harmonics: `xi amp length slope`. Where the grid ends it is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PotentialGrid {
    side: usize,
    /// Width of the grid, arcsec.
    size: f64,
    center: [f64; 2],
}

impl PotentialGrid {
    /// What a system file calls it.
    pub const NAME: &'static str = "potential_pixels";
    /// The keys that a component may have: pixels a side, the width of the grid and its middle, arcsec.
    pub(crate) const KEYS: [&'static str; 3] = ["pixels", "size", "center"];

    /// A grid of `side` x `side` pixels, `size` arcsec wide.
    #[must_use]
    pub fn new(side: usize, size: f64, center: [f64; 2]) -> Self {
        PotentialGrid { side, size, center }
    }

    /// The grid that a component asks for.
    ///
    /// # Errors
    /// No `size`; a value that stands for nothing.
    pub(crate) fn read(keys: &Keys<'_>) -> crate::error::Result<Self> {
        let side = side(keys, SIDE)?;
        let hint = "the width of the grid, arcsec: the image of the arcs should lie within";
        let missing = || Error::MissingKey { place: keys.place().to_owned(), key: "size", hint };
        let size: f64 = keys.get("size")?.ok_or_else(missing)?;
        if !(size > 0.0 && size.is_finite()) {
            let place = format!("{}: `size`", keys.place());
            return Err(Error::WrongForm { place, expected: "a width above 0, arcsec".to_owned() });
        }
        let center: [f64; 2] = keys.get("center")?.unwrap_or_default();
        Ok(PotentialGrid { side, size, center })
    }

    /// Its parameters.
    pub fn parameters(&self) -> &'static [ProfileParameter] {
        TABLES.of(self.side, &*OTHERS)
    }

    /// The coefficients `[side, side]`, row 0 below, in units of `amp`.
    fn coefficients(&self, params: &[Value]) -> Result<Array> {
        let flat = FLAT.map(|number| Value::shared(Dims::SCALAR, vec![number]));
        gaussian_field(&params[0], [&params[2], &params[3]], flat.each_ref())
    }

    /// The deflection at positions `[2, points]`, arcsec: `[2, points]`.
    ///
    /// # Errors
    /// Positions or parameters of another shape.
    pub fn deflection(&self, positions: &Array, params: &[Value]) -> Result<Array> {
        let [x, y] = self.center;
        let place = [self.size, x, y].map(Var::scalar);
        let amp = Var::from_value(params[1].clone());
        spline_deflection(&self.coefficients(params)?, positions, &amp, place.each_ref())
    }

    /// The potential of these numbers, one list for each parameter.
    ///
    /// # Errors
    /// Lists of other lengths.
    pub fn potential(&self, params: &[Vec<f64>]) -> Result<SplinePotential> {
        let dims = |n: usize| if n == 1 { Dims::SCALAR } else { Dims::new(&[n]) };
        let values: Vec<Value> = params.iter().map(|v| Value::shared(dims(v.len()), v.clone())).collect();
        let coefficients = self.coefficients(&values)?.lane(0).iter().map(|c| f64::from(*c)).collect();
        let amp = params[1].first().copied().unwrap_or(f64::NAN);
        SplinePotential::new(self.side, coefficients, amp, self.size, self.center)
    }

    /// No potential, at scales that nothing is known of: every parameter by name.
    pub fn none(&self) -> Vec<(&'static str, Vec<f64>)> {
        let scales = AT_FIRST.map(|(name, number)| (name, vec![number]));
        std::iter::once(("xi", vec![0.0; self.side * self.side])).chain(scales).collect()
    }
}

impl FieldModel for PotentialGrid {
    fn scaling(&self) -> &'static [Scaling] {
        &SCALING
    }

    fn evidence(&self, of: &dyn Fn(&str) -> Vec<f64>, left: &[f64], directions: &[f64], shares: &[f64]) -> Evidence {
        let [width, x, y] = FLAT;
        let params = [one(of, "length"), one(of, "slope"), width, x, y];
        evidence(self.side, params, &Known { directions, shares, xi: &of("xi"), left })
    }

    fn carried(&self, from: &dyn Fn(&str) -> Vec<f64>, to: &dyn Fn(&str) -> Vec<f64>) -> Vec<f64> {
        carried(self.side, from, to)
    }
}
