//! Critical curves of a lens and their images, the caustics.

use std::collections::HashMap;

use super::{LensMapping, Ray};

/// A square of the sky, cut into cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    /// Its centre, arcsec.
    pub center: [f64; 2],
    /// Half of its side, arcsec.
    pub half_width: f64,
    /// How many cells there are along each side.
    pub cells: usize,
}

/// A curve through points in order; if `closed` its end joins its start, else it leaves the square.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The points, arcsec; the first is not repeated at the end.
    pub points: Vec<[f64; 2]>,
    /// Whether the last point joins the first.
    pub closed: bool,
}

impl Curve {
    /// The longer side of the rectangle that holds it, arcsec.
    pub fn extent(&self) -> f64 {
        let along = |i: usize| {
            let ends = self
                .points
                .iter()
                .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| [low.min(p[i]), high.max(p[i])]);
            ends[1] - ends[0]
        };
        along(0).max(along(1))
    }

    /// The enclosed area, arcsec^2, by the trapezium rule; positive in either direction.
    pub fn area(&self) -> f64 {
        let next = self.points.iter().cycle().skip(1);
        self.points.iter().zip(next).map(|(p, q)| p[0] * q[1] - p[1] * q[0]).sum::<f64>().abs() / 2.0
    }
}

/// The curves in the square on which det A = 0: marching squares, each crossing of a cell's edge then bisected to
/// the last bits.
///
/// Features smaller than a cell are missed; [`smooth_critical_curves`](super::smooth_critical_curves) finds those about the centres of the mass. Where det A changes its sign through a pole (the centre of a singular
/// profile) there is no critical curve, and none is reported.
pub fn critical_curves(map: &dyn LensMapping, square: Square) -> Vec<Curve> {
    let side = square.cells + 1;
    let step = 2.0 * square.half_width / square.cells as f64;
    let at = |i: usize, j: usize| {
        let [x, y] = square.center;
        [x - square.half_width + i as f64 * step, y - square.half_width + j as f64 * step]
    };
    let grid: Vec<[f64; 2]> = (0..side * side).map(|k| at(k % side, k / side)).collect();
    let dets: Vec<f64> = map.rays(&grid).iter().map(Ray::det_jacobian).collect();
    let negative = |i: usize, j: usize| dets[j * side + i] < 0.0;

    // Each edge with a crossing knows the one or two edges that it is joined to through the cells on its sides.
    let mut joined: HashMap<Edge, Vec<Edge>> = HashMap::new();
    for (i, j) in (0..square.cells).flat_map(|j| (0..square.cells).map(move |i| (i, j))) {
        // Counter-clockwise from the lower left; an edge lies between each corner and the next.
        let signs = [negative(i, j), negative(i + 1, j), negative(i + 1, j + 1), negative(i, j + 1)];
        let edges = [Edge::right(i, j), Edge::up(i + 1, j), Edge::right(i, j + 1), Edge::up(i, j)];
        let mut crossed: Vec<Edge> = (0..4).filter(|&k| signs[k] != signs[(k + 1) % 4]).map(|k| edges[k]).collect();
        if crossed.len() == 4 {
            // A saddle: the middle of the cell says which pairs of corners hang together.
            let [x, y] = at(i, j);
            if (det(map, [x + 0.5 * step, y + 0.5 * step]) < 0.0) != signs[0] {
                crossed.rotate_right(1);
            }
        }
        for pair in crossed.chunks_exact(2) {
            joined.entry(pair[0]).or_default().push(pair[1]);
            joined.entry(pair[1]).or_default().push(pair[0]);
        }
    }

    let chains = chain(joined).into_iter();
    chains
        .filter_map(|(edges, closed)| {
            let crossing = |edge: &Edge| {
                let [from, to] = edge.ends();
                root(map, at(from.0, from.1), at(to.0, to.1))
            };
            let points = edges.iter().map(crossing).collect::<Option<Vec<_>>>()?;
            Some(Curve { points, closed })
        })
        .collect()
}

/// The images of the critical curves in the plane of the source, in the same order.
pub fn caustics(map: &dyn LensMapping, critical: &[Curve]) -> Vec<Curve> {
    let image = |curve: &Curve| Curve {
        points: map.rays(&curve.points).iter().map(|ray| ray.position).collect(),
        closed: curve.closed,
    };
    critical.iter().map(image).collect()
}

pub(super) fn det(map: &dyn LensMapping, seen: [f64; 2]) -> f64 {
    map.ray(seen).det_jacobian()
}

/// The zero of det A between two points where it has different signs; None if it jumps there.
pub(super) fn root(map: &dyn LensMapping, mut a: [f64; 2], mut b: [f64; 2]) -> Option<[f64; 2]> {
    let a_negative = det(map, a) < 0.0;
    // A grid point may lie on the pole itself, so a jump is told at the end, by a det that did not become small.
    for _ in 0..52 {
        let middle = [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
        if (det(map, middle) < 0.0) == a_negative { a = middle } else { b = middle }
    }
    (det(map, a).abs().max(det(map, b).abs()) < 1e-3).then_some([0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])])
}

/// The edge of a cell that goes right, or up, from a grid point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Edge {
    j: usize,
    i: usize,
    up: bool,
}

impl Edge {
    fn right(i: usize, j: usize) -> Self {
        Self { j, i, up: false }
    }

    fn up(i: usize, j: usize) -> Self {
        Self { j, i, up: true }
    }

    fn ends(&self) -> [(usize, usize); 2] {
        let end = if self.up { (self.i, self.j + 1) } else { (self.i + 1, self.j) };
        [(self.i, self.j), end]
    }
}

/// Orders joined edges into chains, open ones (which begin at an edge joined on one side) first.
fn chain(mut joined: HashMap<Edge, Vec<Edge>>) -> Vec<(Vec<Edge>, bool)> {
    let mut starts: Vec<(bool, Edge)> = joined.iter().map(|(edge, next)| (next.len() == 2, *edge)).collect();
    starts.sort_unstable();
    let mut chains = Vec::new();
    for (closed, start) in starts {
        let mut edges = Vec::new();
        let mut here = Some(start);
        while let Some(edge) = here
            && let Some(next) = joined.remove(&edge)
        {
            edges.push(edge);
            here = next.into_iter().find(|edge| joined.contains_key(edge));
        }
        if !edges.is_empty() {
            chains.push((edges, closed));
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::{Square, caustics, critical_curves};
    use crate::mass::{Epl, MassSum, Shear, Sis};
    use crate::plane::Lens;

    const SQUARE: Square = Square { center: [0.0, 0.0], half_width: 3.0, cells: 120 };

    #[test]
    fn the_isothermal_sphere_has_one_ring_of_its_einstein_radius() {
        let mass = MassSum::new([&Sis as _]);
        // A grid point lies on the centre, where det A has its pole.
        let lens = Lens::new(&mass, &[1.2, 0.0, 0.0]);
        let curves = critical_curves(&lens, SQUARE);
        assert_eq!(curves.len(), 1);
        assert!(curves[0].closed);
        for &[x, y] in &curves[0].points {
            assert!((x.hypot(y) - 1.2).abs() < 1e-13);
        }
        // Its caustic is a point.
        for &[x, y] in &caustics(&lens, &curves)[0].points {
            assert!(x.hypot(y) < 1e-13);
        }
    }

    #[test]
    fn det_a_vanishes_on_all_curves_and_a_shallow_profile_has_a_radial_one() {
        let mass = MassSum::new([&Epl as _, &Shear as _]);
        for (gamma, count) in [(1.6, 2), (2.0, 1), (2.4, 1)] {
            let params = [1.3, gamma, 0.12, 0.1, 0.02, -0.01, 0.03, -0.045];
            let lens = Lens::new(&mass, &params);
            let curves = critical_curves(&lens, SQUARE);
            assert_eq!(curves.len(), count, "gamma = {gamma}");
            for curve in &curves {
                assert!(curve.closed && curve.points.len() > 20);
                for &[x, y] in &curve.points {
                    // A root to 1e-15 of the place, times the slope of det A there.
                    assert!(lens.at(x, y).det_jacobian().abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_area_within_the_isothermal_critical_curve_is_pi_theta_e_squared() {
        let mass = MassSum::new([&Epl as _]);
        let lens = Lens::new(&mass, &[1.1, 2.0, 0.2, -0.1, 0.05, 0.1]);
        let curves = critical_curves(&lens, Square { cells: 1000, ..SQUARE });
        let radius = (curves[0].area() / std::f64::consts::PI).sqrt();
        // A polygon of chords of length h falls short of the area by a relative h^2 / (6 r^2), here 1e-5 at most.
        assert!((radius - 1.1).abs() < 1e-5, "{radius}");
    }

    #[test]
    fn a_curve_that_leaves_the_square_is_open() {
        let mass = MassSum::new([&Sis as _]);
        let lens = Lens::new(&mass, &[1.2, 0.0, 0.0]);
        let curves = critical_curves(&lens, Square { center: [1.2, 0.0], half_width: 0.5, cells: 33 });
        assert_eq!(curves.len(), 1);
        assert!(!curves[0].closed);
    }

    #[test]
    fn a_sheet_without_mass_has_no_curves() {
        let mass = MassSum::new([&Shear as _]);
        let lens = Lens::new(&mass, &[0.1, 0.0]);
        assert!(critical_curves(&lens, SQUARE).is_empty());
    }
}
