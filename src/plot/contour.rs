//! contour: lines of equal value on a regular grid, by marching squares.

use std::collections::{BTreeMap, BTreeSet};

/// The lines on which a grid `[y][x]` of `nx` columns crosses `level`, in index coordinates (column, row), linear between
/// nodes. The higher side lies on the left of each line. A closed line repeats its first point. Cells with a NaN corner
/// are left out.
pub fn contours(values: &[f64], nx: usize, level: f64) -> Vec<Vec<[f64; 2]>> {
    let ny = values.len().checked_div(nx).unwrap_or(0);
    let next = segments(values, nx, ny, level);
    let ends: BTreeSet<usize> = next.values().copied().collect();
    // Open lines start where nothing ends; what is left after them are loops.
    let open = next.keys().filter(|start| !ends.contains(start));
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for &start in open.chain(next.keys()) {
        if !seen.insert(start) {
            continue;
        }
        let mut line = vec![crossing(values, nx, level, start)];
        let mut at = start;
        while let Some(&to) = next.get(&at) {
            line.push(crossing(values, nx, level, to));
            if !seen.insert(to) {
                break;
            }
            at = to;
        }
        lines.push(line);
    }
    lines
}

/// Which grid edge leads to which, over all cells. Edge `2 k` runs right from node `k`, edge `2 k + 1` runs up from it.
/// The turn is the same in every cell, so an edge is the start of one segment at most.
fn segments(values: &[f64], nx: usize, ny: usize, level: f64) -> BTreeMap<usize, usize> {
    let mut next = BTreeMap::new();
    for j in 0..ny.saturating_sub(1) {
        for i in 0..nx.saturating_sub(1) {
            let k = j * nx + i;
            let corners = [values[k], values[k + 1], values[k + nx + 1], values[k + nx]];
            if corners.iter().any(|v| v.is_nan()) {
                continue;
            }
            let (bottom, right, top, left) = (2 * k, 2 * (k + 1) + 1, 2 * (k + nx), 2 * k + 1);
            let case = (0..4).filter(|&c| corners[c] > level).map(|c| 1 << c).sum::<usize>();
            let joined = corners.iter().sum::<f64>() / 4.0 > level;
            let (first, second) = match case {
                1 => ((bottom, left), None),
                2 => ((right, bottom), None),
                3 => ((right, left), None),
                4 => ((top, right), None),
                // The two saddles: the mean of the corners says whether the high corners are joined.
                5 if joined => ((bottom, right), Some((top, left))),
                5 => ((bottom, left), Some((top, right))),
                6 => ((top, bottom), None),
                7 => ((top, left), None),
                8 => ((left, top), None),
                9 => ((bottom, top), None),
                10 if joined => ((left, bottom), Some((right, top))),
                10 => ((right, bottom), Some((left, top))),
                11 => ((right, top), None),
                12 => ((left, right), None),
                13 => ((bottom, right), None),
                14 => ((left, bottom), None),
                _ => continue,
            };
            next.extend([Some(first), second].into_iter().flatten());
        }
    }
    next
}

/// Where the level lies on an edge.
fn crossing(values: &[f64], nx: usize, level: f64, edge: usize) -> [f64; 2] {
    let (k, up) = (edge / 2, edge % 2 == 1);
    let (from, to) = (values[k], values[if up { k + nx } else { k + 1 }]);
    let t = if from.is_finite() && to.is_finite() { (level - from) / (to - from) } else { 0.5 };
    let (i, j) = ((k % nx) as f64, (k / nx) as f64);
    if up { [i, j + t] } else { [i + t, j] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: usize, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        (0..n * n).map(|k| f((k % n) as f64, (k / n) as f64)).collect()
    }

    #[test]
    fn a_cone_has_one_closed_circle_with_the_high_side_on_its_left() {
        let lines = contours(&grid(41, |x, y| -(x - 20.0).hypot(y - 20.0)), 41, -12.3);
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(line.first(), line.last());
        // Linear interpolation of a cone between nodes one apart errs by less than 1/(8 r).
        assert!(line.iter().all(|p| ((p[0] - 20.0).hypot(p[1] - 20.0) - 12.3).abs() < 0.011));
        let area: f64 = line.windows(2).map(|w| 0.5 * (w[0][0] * w[1][1] - w[1][0] * w[0][1])).sum();
        assert!((area / (std::f64::consts::PI * 12.3 * 12.3) - 1.0).abs() < 2e-3, "counter-clockwise, {area}");
    }

    #[test]
    fn a_line_that_leaves_the_grid_is_open_and_crosses_it_whole() {
        let lines = contours(&grid(5, |x, _| x), 5, 1.5);
        assert_eq!(
            lines,
            [vec![[1.5, 0.0], [1.5, 1.0], [1.5, 2.0], [1.5, 3.0], [1.5, 4.0]].into_iter().rev().collect::<Vec<_>>()]
        );
    }

    #[test]
    fn saddles_make_two_lines_and_nan_cells_none() {
        assert_eq!(contours(&[1.0, 0.0, 0.0, 1.0], 2, 0.4).len(), 2);
        assert_eq!(contours(&[1.0, 0.0, 0.0, 1.0], 2, 0.6).len(), 2);
        assert!(contours(&[1.0, f64::NAN, 0.0, 1.0], 2, 0.4).is_empty());
        assert!(contours(&[], 0, 0.4).is_empty());
    }
}
