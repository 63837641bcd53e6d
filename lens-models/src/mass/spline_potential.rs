//! A potential that is a cubic B-spline on a regular grid: what it does at one point, and the weights of the knots about it.

use std::ops::Range;

use ppl_core::{Error, Result};

use super::Lensing;

/// Knots along an axis whose splines do not vanish at a point.
const TAPS: usize = 4;

/// B, B' and B'' at the four knots about a point that is `t` (0 to 1) behind the second of them:
///
/// B(d) = 2/3 - d^2 + |d|^3 / 2 within one knot, (2 - |d|)^3 / 6 within two, 0 beyond.
#[inline(always)]
fn weights(t: f64) -> [[f64; TAPS]; 3] {
    let s = 1.0 - t;
    let outer = |t: f64| t * t * t / 6.0;
    let inner = |t: f64| 2.0 / 3.0 - t * t * (1.0 - 0.5 * t);
    let slope = |t: f64| t * (1.5 * t - 2.0);
    [
        [outer(s), inner(t), inner(s), outer(t)],
        [-0.5 * s * s, slope(t), -slope(s), 0.5 * t * t],
        [s, 3.0 * t - 2.0, 3.0 * s - 2.0, t],
    ]
}

/// Where the knots of a potential lie on the sky.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Knotted {
    /// Knots along an axis.
    pub(crate) side: usize,
    /// Arcsec across the grid.
    pub(crate) scale: f64,
    /// The middle of the grid, arcsec.
    pub(crate) center: [f64; 2],
}

impl Knotted {
    /// h, arcsec from knot to knot; a grid of no width is nowhere, and what it does not a number.
    #[inline(always)]
    pub(crate) fn step(&self) -> f64 {
        if self.scale > 0.0 { self.scale / self.side as f64 } else { f64::NAN }
    }

    /// u and v, a position in knots from the first one.
    #[inline(always)]
    fn knot(&self, at: [f64; 2]) -> [f64; 2] {
        let middle = 0.5 * (self.side as f64 - 1.0);
        [0, 1].map(|axis| (at[axis] - self.center[axis]) / self.step() + middle)
    }

    /// The knots about a position; `None` where it is under none of them.
    #[inline(always)]
    pub(crate) fn knots(&self, at: [f64; 2]) -> Option<Knots> {
        let [u, v] = self.knot(at);
        // False for NaN too.
        let inside = |u: f64| u > -2.0 && u < self.side as f64 + 1.0;
        if !(inside(u) && inside(v)) {
            return None;
        }
        let first = [u, v].map(|u| u.floor() as isize - 1);
        Some(Knots { side: self.side, first, x: weights(u - u.floor()), y: weights(v - v.floor()) })
    }

    /// The lensing by these coefficients at knots about a position, for an amplitude of one.
    #[inline(always)]
    pub(crate) fn under<C: Copy + Into<f64>>(&self, knots: &Knots, coefficients: &[C]) -> Lensing {
        let (mut psi, mut alpha, mut f_xx, mut f_xy, mut f_yy) = (0.0, [0.0; 2], 0.0, 0.0, 0.0);
        knots.each_row(|i, place, columns| {
            let mut row = [0.0; 3];
            for (c, j) in coefficients[place..place + columns.len()].iter().zip(columns) {
                row.iter_mut().zip(&knots.x).for_each(|(sum, x)| *sum += (*c).into() * x[j]);
            }
            psi += row[0] * knots.y[0][i];
            alpha[0] += row[1] * knots.y[0][i];
            alpha[1] += row[0] * knots.y[1][i];
            f_xx += row[2] * knots.y[0][i];
            f_xy += row[1] * knots.y[1][i];
            f_yy += row[0] * knots.y[2][i];
        });
        let density = 1.0 / self.step();
        let twice = density * density;
        Lensing {
            potential: psi,
            alpha: alpha.map(|slope| density * slope),
            f_xx: twice * f_xx,
            f_xy: twice * f_xy,
            f_yy: twice * f_yy,
        }
    }

    /// The same at a position: zero beyond the grid, and not a number where the position is none.
    #[inline(always)]
    pub(crate) fn lensing<C: Copy + Into<f64>>(&self, coefficients: &[C], at: [f64; 2]) -> Lensing {
        match self.knots(at) {
            Some(knots) => self.under(&knots, coefficients),
            None if self.knot(at).iter().any(|u| u.is_nan()) => {
                Lensing { potential: f64::NAN, alpha: [f64::NAN; 2], f_xx: f64::NAN, f_xy: f64::NAN, f_yy: f64::NAN }
            }
            None => Lensing::default(),
        }
    }
}

/// The knots about a point: B, B' and B'' of each along both axes.
#[derive(Clone, Copy)]
pub(crate) struct Knots {
    side: usize,
    /// Column and row of the first, which may be beyond the grid.
    first: [isize; 2],
    pub(crate) x: [[f64; TAPS]; 3],
    pub(crate) y: [[f64; TAPS]; 3],
}

impl Knots {
    /// Calls `f` with every row of knots that is on the grid: which of the four it is, the place of its first coefficient, and which
    /// of its four knots are on the grid.
    #[inline(always)]
    pub(crate) fn each_row(&self, mut f: impl FnMut(usize, usize, Range<usize>)) {
        let (side, [x, y]) = (self.side as isize, self.first);
        let (right, top) = (side - x, side - y);
        let all = TAPS as isize;
        // Nearly every point: with ranges that the compiler knows.
        if x >= 0 && y >= 0 && right >= all && top >= all {
            (0..TAPS).for_each(|i| f(i, (y as usize + i) * self.side + x as usize, 0..TAPS));
            return;
        }
        let columns = (-x).max(0) as usize..right.clamp(0, all) as usize;
        let place = (x + columns.start as isize) as usize;
        for i in (-y).max(0)..top.clamp(0, all) {
            f(i as usize, (y + i) as usize * self.side + place, columns.clone());
        }
    }
}

/// A potential on a regular grid of knots as a cubic B-spline:
///
/// psi(x, y) = amp sum_ij c_ij B(u - j) B(v - i),  u = (x - center_x) / h + (side - 1) / 2, v likewise in y,  h = scale / side
///
/// with B the centred cubic B-spline and c the coefficients themselves, `[side, side]` row by row, row 0 below. Beyond the grid they are
/// zero, so that psi has two continuous derivatives everywhere and vanishes from two knots behind the outermost on.
#[derive(Clone, Debug, PartialEq)]
pub struct SplinePotential {
    grid: Knotted,
    coefficients: Vec<f64>,
    amp: f64,
}

impl SplinePotential {
    /// The potential of `side` x `side` coefficients, `scale` arcsec across, about `center` (arcsec); psi is in arcsec^2 as `amp` times a
    /// coefficient is. A scale that is not positive makes all it does NaN.
    ///
    /// # Errors
    /// Coefficients that do not fill the grid.
    pub fn new(side: usize, coefficients: Vec<f64>, amp: f64, scale: f64, center: [f64; 2]) -> Result<Self> {
        if coefficients.len() != side * side {
            return Err(Error::ArrayLength { expected: side * side, got: coefficients.len() });
        }
        Ok(SplinePotential { grid: Knotted { side, scale, center }, coefficients, amp })
    }

    /// Potential, deflection and Hessian at a position in arcsec; all zero beyond the grid.
    #[must_use]
    pub fn at(&self, position: [f64; 2]) -> Lensing {
        let of_one = self.grid.lensing(&self.coefficients, position);
        Lensing {
            potential: self.amp * of_one.potential,
            alpha: of_one.alpha.map(|slope| self.amp * slope),
            f_xx: self.amp * of_one.f_xx,
            f_xy: self.amp * of_one.f_xy,
            f_yy: self.amp * of_one.f_yy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    /// A grid of 5 x 5 knots half an arcsec apart.
    fn potential() -> SplinePotential {
        let coefficients = (0..25).map(|i| (1.3 * f64::from(i)).sin()).collect();
        SplinePotential::new(5, coefficients, 0.4, 2.5, [0.2, -0.1]).unwrap()
    }

    /// Positions across the grid and around it.
    fn positions() -> impl Iterator<Item = [f64; 2]> {
        (0..60).map(|i| [1.7, 2.9].map(|rate| 2.4 * (rate * f64::from(i) + 0.3).sin()))
    }

    #[test]
    fn potential_deflection_and_hessian_are_those_of_scipys_splines() {
        let table: Json = serde_json::from_str(include_str!("../../tests/data/spline_potential.json")).unwrap();
        let numbers = |json: &Json| -> Vec<f64> {
            json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let (mut count, mut worst) = (0, 0.0_f64);
        for row in table["rows"].as_array().unwrap() {
            let side = row["side"].as_u64().unwrap() as usize;
            let place = numbers(&row["place"]);
            let [amp, scale, x, y] = place[..] else { panic!("amp, scale, center_x, center_y") };
            let potential = SplinePotential::new(side, numbers(&row["coefficients"]), amp, scale, [x, y]).unwrap();
            for point in row["points"].as_array().unwrap() {
                let at = numbers(&point["at"]);
                for (got, want) in potential.at([at[0], at[1]]).fields().iter().zip(numbers(&point["lensing"])) {
                    worst = worst.max((got - want).abs());
                }
                count += 1;
            }
        }
        println!("{count} points; worst difference from SciPy's {worst:.1e}");
        // Sums of 16 terms of at most ten, each good to some roundings of f64.
        assert!(count == 50 && worst < 1e-12, "{count} {worst:e}");
    }

    #[test]
    fn the_deflection_is_the_slope_of_the_potential_and_has_no_curl() {
        let (potential, h) = (potential(), 1e-4);
        for [x, y] in positions() {
            let by_x = [potential.at([x - h, y]), potential.at([x + h, y])];
            let by_y = [potential.at([x, y - h]), potential.at([x, y + h])];
            let slope = |of: [f64; 2]| (of[1] - of[0]) / (2.0 * h);
            let here = potential.at([x, y]);
            let of = |pair: &[Lensing; 2], axis: usize| slope(pair.map(|at| at.alpha[axis]));
            // Cubic between knots, with fourth derivatives of some ten: h^2, and roundings of 1e-16 over h.
            for (numeric, exact) in [
                (slope(by_x.map(|at| at.potential)), here.alpha[0]),
                (slope(by_y.map(|at| at.potential)), here.alpha[1]),
                (of(&by_x, 1), here.f_xy),
                (of(&by_y, 0), here.f_xy),
            ] {
                assert!((numeric - exact).abs() < 1e-7, "({x}, {y}): {numeric} {exact}");
            }
            // The slope of a Hessian jumps at a knot, by some ten times h.
            assert!((of(&by_x, 0) - here.f_xx).abs() < 2e-3 && (of(&by_y, 1) - here.f_yy).abs() < 2e-3, "({x}, {y})");
        }
    }

    #[test]
    fn equal_coefficients_are_a_flat_potential_and_a_single_one_is_its_spline() {
        let flat = SplinePotential::new(6, vec![1.0; 36], 0.7, 3.0, [0.0; 2]).unwrap().at([0.4, -0.3]);
        // Weights that sum to one, their derivatives to zero: roundings of f64, over h^2 = 1/4.
        assert!((flat.potential - 0.7).abs() < 1e-15 && flat.fields()[1..].iter().all(|f| f.abs() < 1e-14), "{flat:?}");
        // B(0) = 2/3, B''(0) = -2, on a grid with knots an arcsec apart.
        let one = SplinePotential::new(1, vec![1.0], 1.5, 1.0, [0.0; 2]).unwrap().at([0.0; 2]);
        let expected = [2.0 / 3.0, 0.0, 0.0, -2.0, 0.0, -2.0];
        assert!(one.fields().iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-15), "{one:?}");
    }

    #[test]
    fn beyond_the_grid_there_is_nothing() {
        let potential = potential();
        // The middle of the outermost knot is an arcsec from the centre, and two knots behind it are two.
        for at in [[2.2, 0.0], [-1.8, 0.3], [0.0, 1.9], [0.1, -2.1], [50.0, -50.0], [f64::INFINITY, 0.0]] {
            assert_eq!(potential.at(at), Lensing::default(), "{at:?}");
        }
        // C2: a step inside the border the Hessian is the step by a slope of some ten.
        let near = potential.at([2.2 - 1e-6, 0.0]).fields();
        assert!(near.iter().any(|f| *f != 0.0) && near.iter().all(|f| f.abs() < 1e-4), "{near:?}");
    }

    #[test]
    fn what_is_not_a_number_stays_none() {
        assert!(potential().at([f64::NAN, 0.0]).fields().iter().all(|f| f.is_nan()));
        let nowhere = SplinePotential::new(1, vec![1.0], 1.0, -1.0, [0.0; 2]).unwrap();
        assert!(nowhere.at([0.0; 2]).fields().iter().all(|f| f.is_nan()));
    }

    #[test]
    fn coefficients_that_do_not_fill_the_grid_are_refused() {
        assert!(SplinePotential::new(3, vec![0.0; 8], 1.0, 1.0, [0.0; 2]).is_err());
    }
}
