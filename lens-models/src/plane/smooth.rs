//! Smooth critical curves: as many points as their bends, and those of their caustics, need.

use super::critical::{caustics, critical_curves, det, root};
use super::{Curve, LensMapping, Square};

/// Curves shorter than so many cells are traced again in a smaller square.
const RESOLVED: f64 = 8.0;
/// Cells along the side of a smaller square.
const CELLS: usize = 64;
/// Smaller squares about one centre, each a quarter of the last.
const LEVELS: usize = 8;
/// A chord may leave its curve by so much of the length of the curve, in the plane of the lens and in that of the source.
const SAGITTA: f64 = 2e-4;
/// Halvings of one chord.
const DEPTH: u32 = 8;

/// The critical curves in a square, small ones about `centers` (of the mass profiles, where they are seen) too, each with as many points as leave
/// it, and its caustic, within 2e-4 of its length of the line through them.
pub fn smooth_critical_curves(map: &dyn LensMapping, square: Square, centers: &[[f64; 2]]) -> Vec<Curve> {
    let step = 2.0 * square.half_width / square.cells as f64;
    // Points of one curve on cells of this size are nearer to each other than that.
    let one = |a: &Curve, b: &Curve, cell: f64| {
        let first = a.points.first();
        first.is_some_and(|p| b.points.iter().any(|q| (p[0] - q[0]).hypot(p[1] - q[1]) < cell))
    };
    let mut small: Vec<Curve> = vec![];
    for center in centers {
        let mut above = step;
        for _ in 0..LEVELS {
            let half_width = RESOLVED * above;
            let below = 2.0 * half_width / CELLS as f64;
            let local = critical_curves(map, Square { center: *center, half_width, cells: CELLS });
            let resolved = |c: &Curve| c.closed && (RESOLVED * below..RESOLVED * above).contains(&c.extent());
            for curve in local.into_iter().filter(resolved) {
                if !small.iter().any(|other| one(&curve, other, below)) {
                    small.push(curve);
                }
            }
            above = below;
        }
    }
    let mut found = critical_curves(map, square);
    found.retain(|curve| !small.iter().any(|other| one(curve, other, 2.0 * RESOLVED * step / CELLS as f64)));
    found.iter().chain(&small).map(|curve| smoothed(map, curve)).collect()
}

/// The same curve with points between its points.
fn smoothed(map: &dyn LensMapping, curve: &Curve) -> Curve {
    let image = caustics(map, std::slice::from_ref(curve)).first().map_or(0.0, Curve::extent);
    let allowed = [curve.extent(), image].map(|length| SAGITTA * length);
    let mut points = vec![];
    let count = curve.points.len();
    for (i, &from) in curve.points.iter().enumerate() {
        points.push(from);
        if curve.closed || i + 1 < count {
            between(map, from, curve.points[(i + 1) % count], allowed, 0, &mut points);
        }
    }
    Curve { points, closed: curve.closed }
}

/// Adds the points of the curve between two of its points, the ends not among them.
fn between(
    map: &dyn LensMapping,
    from: [f64; 2],
    to: [f64; 2],
    allowed: [f64; 2],
    depth: u32,
    points: &mut Vec<[f64; 2]>,
) {
    let Some(middle) = (depth < DEPTH).then(|| beside(map, from, to)).flatten() else { return };
    let bend = |p: [f64; 2], m: [f64; 2], q: [f64; 2]| {
        let (along, to) = ([q[0] - p[0], q[1] - p[1]], [m[0] - p[0], m[1] - p[1]]);
        let part = (along[0] * to[0] + along[1] * to[1]) / along[0].hypot(along[1]).powi(2).max(f64::MIN_POSITIVE);
        // The distance from the chord itself, not from its line: a caustic turns back at a cusp.
        let part = part.clamp(0.0, 1.0);
        (to[0] - part * along[0]).hypot(to[1] - part * along[1])
    };
    let [a, b, c] = [from, middle, to].map(|p| map.ray(p).position);
    // A chord that bends both ways has its middle on the curve, so that the first halving is always made.
    if depth > 0 && bend(from, middle, to) <= allowed[0] && bend(a, b, c) <= allowed[1] {
        return;
    }
    between(map, from, middle, allowed, depth + 1, points);
    points.push(middle);
    between(map, middle, to, allowed, depth + 1, points);
}

/// The point of the curve beside the middle of a chord; none where it is not within half a chord.
fn beside(map: &dyn LensMapping, from: [f64; 2], to: [f64; 2]) -> Option<[f64; 2]> {
    let middle = [0.5 * (from[0] + to[0]), 0.5 * (from[1] + to[1])];
    let normal = [from[1] - to[1], to[0] - from[0]];
    let at = |t: f64| [middle[0] + t * normal[0], middle[1] + t * normal[1]];
    let inside = det(map, middle) < 0.0;
    let other =
        [0.01, 0.03, 0.1, 0.2, 0.5].into_iter().flat_map(|t| [t, -t]).find(|&t| (det(map, at(t)) < 0.0) != inside)?;
    root(map, middle, at(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, MassSum, Shear, Sis};
    use crate::plane::Lens;

    /// Ten cells across the ring, and none across the radial curve.
    const COARSE: Square = Square { center: [0.0, 0.0], half_width: 3.0, cells: 24 };

    /// The largest angle that a closed curve turns by at one point, degrees.
    fn sharpest(points: &[[f64; 2]]) -> f64 {
        let n = points.len();
        let turn = |i: usize| {
            let [p, q, r] = [0, 1, 2].map(|k| points[(i + k) % n]);
            let (a, b) = ([q[0] - p[0], q[1] - p[1]], [r[0] - q[0], r[1] - q[1]]);
            (a[0] * b[1] - a[1] * b[0]).atan2(a[0] * b[0] + a[1] * b[1]).abs().to_degrees()
        };
        (0..n).map(turn).fold(0.0, f64::max)
    }

    #[test]
    fn a_ring_on_a_coarse_grid_is_round() {
        let mass = MassSum::new([&Sis as _]);
        let lens = Lens::new(&mass, &[1.2, 0.1, 0.05]);
        let curves = smooth_critical_curves(&lens, COARSE, &[[0.1, 0.05]]);
        assert_eq!(curves.len(), 1);
        let radius = (curves[0].area() / std::f64::consts::PI).sqrt();
        // Chords that leave the circle by s fall short of its area by a relative 4 s / (3 r), here 4e-4 times 4/3 at most.
        assert!((radius / 1.2 - 1.0).abs() < 3e-4 && sharpest(&curves[0].points) < 8.0, "{radius}");
    }

    #[test]
    fn the_radial_curve_that_no_cell_shows_is_found_and_smooth() {
        let mass = MassSum::new([&Epl as _, &Shear as _]);
        for gamma in [1.5, 1.8, 1.9] {
            let params = [1.3, gamma, 0.12, 0.1, 0.02, -0.01, 0.03, -0.045];
            let lens = Lens::new(&mass, &params);
            let curves = smooth_critical_curves(&lens, COARSE, &[[0.02, -0.01]]);
            assert_eq!(curves.len(), 2, "gamma = {gamma}");
            for curve in &curves {
                assert!(curve.closed && curve.points.len() >= 60, "gamma = {gamma}: {} points", curve.points.len());
                assert!(sharpest(&curve.points) < 15.0, "gamma = {gamma}: {}", sharpest(&curve.points));
                for &[x, y] in &curve.points {
                    // The slope of det A at the radial curve is steep; the place is a root to the last bits.
                    assert!(lens.at(x, y).det_jacobian().abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn the_astroid_caustic_has_its_four_cusps_and_no_other_corner() {
        let mass = MassSum::new([&Epl as _]);
        let lens = Lens::new(&mass, &[1.1, 2.0, 0.2, -0.1, 0.0, 0.0]);
        let curves = smooth_critical_curves(&lens, COARSE, &[[0.0, 0.0]]);
        let caustic = &caustics(&lens, &curves)[0].points;
        let n = caustic.len();
        let corners = (0..n).filter(|i| {
            let [p, q, r] = [0, 1, 2].map(|k| caustic[(i + k) % n]);
            let (a, b) = ([q[0] - p[0], q[1] - p[1]], [r[0] - q[0], r[1] - q[1]]);
            a[0] * b[0] + a[1] * b[1] < 0.0
        });
        assert_eq!(corners.count(), 4, "{n} points");
    }
}
