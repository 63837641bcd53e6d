//! Slopes: what a deflector does at a point, and how that changes with the point and with each parameter.

use super::{Lensing, MassProfile};
use crate::parameter::{ParameterKind, ProfileParameter};

/// Potential, deflection and Hessian at a point with all their first derivatives; those of several deflectors in one plane join.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slopes {
    /// What the deflector does at the point.
    pub at: Lensing,
    /// The third derivatives of the potential: xxx, xxy, xyy, yyy.
    pub third: [f64; 4],
    /// The derivatives of [`Lensing::fields`] by each number of the parameters.
    pub params: Vec<[f64; 6]>,
}

impl Slopes {
    /// Adds a further deflector, whose parameters come after these.
    pub fn join(&mut self, other: Slopes) {
        self.at = self.at + other.at;
        self.third.iter_mut().zip(other.third).for_each(|(sum, term)| *sum += term);
        self.params.extend(other.params);
    }

    /// The slopes of a profile by central differences of what it does at points: for one that is no formula.
    pub fn numeric<P: MassProfile + ?Sized>(profile: &P, params: &[f64], x: f64, y: f64) -> Self {
        let of = |params: &[f64], x: f64, y: f64| profile.point(params, x, y).fields();
        let h = 1e-3 * x.hypot(y).max(0.1);
        let along_x = difference(h, |by| of(params, x + by, y));
        let along_y = difference(h, |by| of(params, x, y + by));
        let by_params = steps(profile.parameters(), params).enumerate().map(|(i, h)| {
            let mut moved = params.to_vec();
            difference(h, |by| {
                moved[i] = params[i] + by;
                of(&moved, x, y)
            })
        });
        Slopes {
            at: profile.point(params, x, y),
            third: [along_x[3], along_y[3], along_y[4], along_y[5]],
            params: by_params.collect(),
        }
    }
}

/// The central difference of five points: its error is h^4 f^(5) / 30, and the rounding of f over h.
pub(super) fn difference<const K: usize>(h: f64, mut f: impl FnMut(f64) -> [f64; K]) -> [f64; K] {
    let [p2, p1, m1, m2] = [2.0, 1.0, -1.0, -2.0].map(|k| f(k * h));
    std::array::from_fn(|i| (8.0 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12.0 * h))
}

/// Steps for the differences by each number of the parameters: a thousandth of it and of its way out of the support.
pub(crate) fn steps(table: &'static [ProfileParameter], params: &[f64]) -> impl Iterator<Item = f64> {
    let kinds = table.iter().flat_map(|p| std::iter::repeat_n(p.kind, p.size));
    kinds.zip(params).map(|(kind, value)| {
        let (low, high) = kind.support();
        // A profile goes on beyond q = 1, with its axes exchanged.
        let above = if kind == ParameterKind::AxisRatio { f64::INFINITY } else { high - value };
        (1e-3 * value.abs().max(0.1)).min(2e-3 * (value - low).min(above))
    })
}
