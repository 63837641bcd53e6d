//! The nodes of the table, and what is between them.

use std::f64::consts::FRAC_PI_2;
use std::thread;

use super::integral::{Integral, Rule};

/// Equidistant nodes along one direction of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) nodes: usize,
}

/// An interval between two nodes, and where in it a number lies.
#[derive(Clone, Copy)]
struct Cell {
    first: usize,
    /// From 0 to 1.
    fraction: f64,
}

impl Axis {
    /// The angle from the major axis.
    pub(super) const fn eta(nodes: usize) -> Self {
        Self { low: 0.0, high: FRAC_PI_2, nodes }
    }

    pub(super) fn node(&self, i: usize) -> f64 {
        if i + 1 == self.nodes { self.high } else { self.low + i as f64 * self.step() }
    }

    pub(super) fn step(&self) -> f64 {
        (self.high - self.low) / (self.nodes - 1) as f64
    }

    /// None outside the nodes; NaN is outside.
    fn cell(&self, x: f64) -> Option<Cell> {
        (self.low <= x && x <= self.high).then(|| {
            let at = (x - self.low) / self.step();
            let first = (at as usize).min(self.nodes - 2);
            Cell { first, fraction: at - first as f64 }
        })
    }
}

/// The deflection at every node, by q, then gamma, then eta.
///
/// On threads of its own: one of rayon's, waiting for its share, would take up a piece of an image that waits for this table.
pub(super) fn integrate([eta, q, gamma]: [Axis; 3]) -> Vec<[f64; 2]> {
    let rule = &Rule::new();
    let fill = |first: usize, rows: &mut [[f64; 2]]| {
        for (k, row) in rows.chunks_mut(eta.nodes).enumerate() {
            let (q, gamma) = (q.node((first + k) / gamma.nodes), gamma.node((first + k) % gamma.nodes));
            row.iter_mut().enumerate().for_each(|(i, node)| *node = Integral::new(eta.node(i), q, gamma).alpha(rule));
        }
    };
    let rows = q.nodes * gamma.nodes;
    let share = rows.div_ceil(thread::available_parallelism().map_or(1, usize::from));
    let mut table = vec![[0.0; 2]; rows * eta.nodes];
    thread::scope(|scope| {
        for (k, rows) in table.chunks_mut(share * eta.nodes).enumerate() {
            scope.spawn(move || fill(k * share, rows));
        }
    });
    table
}

/// What the table has for one q and gamma: the deflection at each node of eta, and its derivatives by q and by gamma.
pub(super) struct Curve {
    eta: Axis,
    pub(super) nodes: Vec<Vectors<3>>,
}

/// So many vectors: a deflection and derivatives of it.
pub(super) type Vectors<const N: usize> = [[f64; 2]; N];

impl Curve {
    /// Bilinear between the four rows of nodes around (q, gamma); none outside the table.
    pub(super) fn new([eta, q, gamma]: [Axis; 3], table: &[[f64; 2]], at: [f64; 2]) -> Option<Self> {
        let (i, j) = (q.cell(at[0])?, gamma.cell(at[1])?);
        let row = |i: usize, j: usize| &table[(i * gamma.nodes + j) * eta.nodes..][..eta.nodes];
        let rows = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(k, l)| row(i.first + k, j.first + l));
        let (f, g) = (i.fraction, j.fraction);
        let node = |k: usize| {
            let of = |axis: usize| {
                let [a, b, c, d] = rows.map(|row| row[k][axis]);
                let (low, high) = (a + g * (b - a), c + g * (d - c));
                let by_gamma = (1.0 - f) * (b - a) + f * (d - c);
                [low + f * (high - low), (high - low) / q.step(), by_gamma / gamma.step()]
            };
            let (x, y) = (of(0), of(1));
            [0, 1, 2].map(|n| [x[n], y[n]])
        };
        Some(Self { eta, nodes: (0..eta.nodes).map(node).collect() })
    }

    /// Linear between the two nodes around eta: the deflection, and its derivatives by q, gamma and eta.
    pub(super) fn at(&self, eta: f64) -> Vectors<4> {
        // Rounding may put an angle just outside the first quadrant; only NaN has no cell.
        let Some(cell) = self.eta.cell(eta.clamp(0.0, FRAC_PI_2)) else { return [[f64::NAN; 2]; 4] };
        let (a, b) = (&self.nodes[cell.first], &self.nodes[cell.first + 1]);
        let of = |n: usize| [0, 1].map(|axis| a[n][axis] + cell.fraction * (b[n][axis] - a[n][axis]));
        [of(0), of(1), of(2), [0, 1].map(|axis| (b[0][axis] - a[0][axis]) / self.eta.step())]
    }
}
