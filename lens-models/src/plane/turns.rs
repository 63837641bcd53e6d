//! Turns: how often the way from a source to its rays turns along a closed path: the parities of the images inside, added up.

use super::{LensMapping, Square};

/// What is nearer to a singular centre than this is no image, arcsec: isothermal mass has none there, and shallower mass one without
/// light. Within 1e-6 some profiles do not deflect, so that they are finite at their centre.
pub(super) const HOLE: f64 = 2e-6;
/// Points that a path has at first.
const POINTS: usize = 48;
/// The largest angle between neighbours, radians: below pi, so that no turn is missed.
const ANGLE: f64 = 1.0;
/// Halvings of the way between two points.
const DEPTH: u32 = 24;

/// The turns of beta - source along the border of a square, counter-clockwise.
pub(super) fn turns_of_square(
    map: &dyn LensMapping,
    source: [f64; 2],
    Square { center, half_width, .. }: Square,
) -> i32 {
    turns(map, source, |t| {
        let (side, along) = ((4.0 * t).floor(), (4.0 * t).fract());
        let (a, b) = (half_width, half_width * (2.0 * along - 1.0));
        let [dx, dy] = match side as u32 % 4 {
            0 => [b, -a],
            1 => [a, b],
            2 => [-b, a],
            _ => [-a, -b],
        };
        [center[0] + dx, center[1] + dy]
    })
}

/// The turns about all singular centres together.
pub(super) fn turns_of_centers(map: &dyn LensMapping, source: [f64; 2], centers: &[[f64; 2]]) -> i32 {
    let about = |center: &[f64; 2]| {
        turns(map, source, |t| {
            let (sin, cos) = (std::f64::consts::TAU * t).sin_cos();
            [center[0] + HOLE * cos, center[1] + HOLE * sin]
        })
    };
    let mut apart: Vec<[f64; 2]> = vec![];
    for center in centers {
        // Two profiles of one centre have one hole.
        if !apart.iter().any(|c| (c[0] - center[0]).hypot(c[1] - center[1]) < HOLE) {
            apart.push(*center);
        }
    }
    apart.iter().map(about).sum()
}

fn turns(map: &dyn LensMapping, source: [f64; 2], path: impl Fn(f64) -> [f64; 2]) -> i32 {
    let way = |t: f64| {
        let beta = map.ray(path(t)).position;
        [beta[0] - source[0], beta[1] - source[1]]
    };
    let ways: Vec<[f64; 2]> = (0..POINTS).map(|k| way(k as f64 / POINTS as f64)).collect();
    let between = |k: usize| {
        let [from, to] = [k, k + 1].map(|k| k as f64 / POINTS as f64);
        angle_between(&way, [from, to], [ways[k], ways[(k + 1) % POINTS]], 0)
    };
    ((0..POINTS).map(between).sum::<f64>() / std::f64::consts::TAU).round() as i32
}

fn angle_between(way: &impl Fn(f64) -> [f64; 2], [from, to]: [f64; 2], [a, b]: [[f64; 2]; 2], depth: u32) -> f64 {
    let angle = (a[0] * b[1] - a[1] * b[0]).atan2(a[0] * b[0] + a[1] * b[1]);
    if angle.abs() < ANGLE || depth == DEPTH {
        return angle;
    }
    let middle = 0.5 * (from + to);
    let m = way(middle);
    angle_between(way, [from, middle], [a, m], depth + 1) + angle_between(way, [middle, to], [m, b], depth + 1)
}
