//! Circular apertures with the exact share of each pixel, and the growth of the flux with their radius.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use crate::data::picture::Picture;

/// A circle on the image, in pixels; (0, 0) is the centre of the first pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
}

impl Circle {
    pub(super) fn new((x, y): (f64, f64), radius: f64) -> Self {
        Self { x, y, radius }
    }

    /// The flux inside and the area of the image inside.
    pub(super) fn sum(self, picture: &Picture) -> Sum {
        let cover = Cover::new(self, picture.width(), picture.height());
        let mut sum = Sum { flux: 0.0, area: 0.0 };
        for Row { y, start, from, to, end } in cover.rows() {
            sum.flux += picture.run(y, from, to);
            sum.area += (to - from) as f64;
            for x in (start..from).chain(to..end) {
                let share = cover.share(x, y);
                sum.flux += share * picture.get(x, y);
                sum.area += share;
            }
        }
        sum
    }
}

/// A circle laid over an image: which pixels it touches, and how much of each is inside.
pub(super) struct Cover {
    circle: Circle,
    width: usize,
    /// The pixels within reach: their first column and row, and the parts of the unit disc below each edge between them.
    first: (usize, usize),
    columns: Vec<Edge>,
    lines: Vec<Edge>,
}

/// An edge between pixels.
#[derive(Clone, Copy)]
struct Edge {
    /// Distance from the centre, in radii.
    at: f64,
    /// The area of the unit disc below it.
    below: f64,
}

impl Cover {
    pub(super) fn new(circle: Circle, width: usize, height: usize) -> Self {
        let edges = |center: f64, n: usize| {
            let (first, end) = inside(center, circle.radius + 0.5, n);
            let edge = |i: usize| {
                let at = (i as f64 - 0.5 - center) / circle.radius;
                let t = at.clamp(-1.0, 1.0);
                Edge { at, below: t * (1.0 - t * t).sqrt() + t.asin() + FRAC_PI_2 }
            };
            (first, (first..=end).map(edge).collect())
        };
        let (first_column, columns) = edges(circle.x, width);
        let (first_line, lines) = edges(circle.y, height);
        Self { circle, width, first: (first_column, first_line), columns, lines }
    }

    /// The rows of the image that the circle touches.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let Circle { x: center, y: line, radius } = self.circle;
        let last = self.first.1 + self.lines.len() - 1;
        (self.first.1..last).map(move |y| {
            let dy = (y as f64 - line).abs();
            let chord = |dy: f64| (radius * radius - dy * dy).max(0.0).sqrt();
            let (start, end) = inside(center, chord((dy - 0.5).max(0.0)) + 0.5, self.width);
            // A chord shorter than a pixel covers none.
            let half = chord(dy + 0.5) - 0.5;
            let (from, to) = if half >= 0.0 { inside(center, half, self.width) } else { (end, end) };
            Row { y, start, from: from.clamp(start, end), to: to.clamp(start, end), end }
        })
    }

    /// The area of pixel (x, y) that lies inside, for a pixel of [`rows`](Self::rows).
    pub(super) fn share(&self, x: usize, y: usize) -> f64 {
        let (i, j) = (x - self.first.0, y - self.first.1);
        let [left, right] = [self.columns[i], self.columns[i + 1]];
        let [bottom, top] = [self.lines[j], self.lines[j + 1]];
        let area = quadrant(right, top) - quadrant(left, top) - quadrant(right, bottom) + quadrant(left, bottom);
        (area * self.circle.radius * self.circle.radius).clamp(0.0, 1.0)
    }
}

/// The pixels whose centres are within `reach` of `center`, of 0..n: the first, and the one after the last.
fn inside(center: f64, reach: f64, n: usize) -> (usize, usize) {
    // Float-to-int casts saturate, so that what lies outside the image ends at its border.
    let from = ((center - reach).ceil().max(0.0) as usize).min(n);
    (from, (((center + reach).floor() + 1.0).max(0.0) as usize).clamp(from, n))
}

/// A row of pixels under a circle: `start..end` are touched, `from..to` of them are covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) y: usize,
    pub(super) start: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) end: usize,
}

/// Flux and area of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sum {
    pub(super) flux: f64,
    pub(super) area: f64,
}

impl Sum {
    /// Mean flux of a pixel; 0 where there is none.
    pub(super) fn mean(self) -> f64 {
        if self.area > 0.0 { self.flux / self.area } else { 0.0 }
    }
}

impl std::ops::Sub for Sum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { flux: self.flux - other.flux, area: self.area - other.area }
    }
}

/// The area of the unit disc left of x and below y.
fn quadrant(x: Edge, y: Edge) -> f64 {
    if x.at <= -1.0 || y.at <= -1.0 {
        return 0.0;
    }
    let (a, b) = (x.at.min(1.0), y.at.min(1.0));
    if a * a + b * b < 1.0 {
        return a * b + 0.5 * (x.below + y.below) - FRAC_PI_4;
    }
    match (a >= 0.0, b >= 0.0) {
        (true, true) => x.below + y.below - PI,
        (false, true) => x.below,
        (true, false) => y.below,
        (false, false) => 0.0,
    }
}

/// The radius at which `f` first falls to zero or below, going out over `radii`, which grow; refined by the Illinois rule to 1e-9 of it.
///
/// `None` if `f` is positive at all of them; the first of them if it is not positive there.
pub(super) fn first_crossing(radii: impl IntoIterator<Item = f64>, f: impl Fn(f64) -> f64) -> Option<f64> {
    let mut before: Option<(f64, f64)> = None;
    for radius in radii {
        let value = f(radius);
        if value > 0.0 {
            before = Some((radius, value));
            continue;
        }
        let Some((mut low, mut at_low)) = before else { return Some(radius) };
        let (mut high, mut at_high) = (radius, value);
        // False position converges in about ten steps here; the count is a guard.
        for _ in 0..100 {
            if high - low <= 1e-9 * high || at_high == 0.0 {
                break;
            }
            let middle = high - at_high * (high - low) / (at_high - at_low);
            let middle = if middle > low && middle < high { middle } else { 0.5 * (low + high) };
            let value = f(middle);
            // The end that stays gets half its weight, so that it moves the next time.
            if value > 0.0 {
                (low, at_low, at_high) = (middle, value, 0.5 * at_high);
            } else {
                (high, at_high, at_low) = (middle, value, 0.5 * at_low);
            }
        }
        return Some(high);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_shares_of_a_circle_within_the_image_add_up_to_its_area(x in 12.0..18.0_f64, y in 11.0..19.0_f64, radius in 0.05..10.0_f64) {
            let circle = Circle::new((x, y), radius);
            let cover = Cover::new(circle, 31, 31);
            let area: f64 = cover.rows().flat_map(|row| (row.start..row.end).map(move |x| (x, row.y))).map(|(x, y)| cover.share(x, y)).sum();
            let sum = circle.sum(&Picture::from_values(vec![2.0; 31 * 31], 31, 31));
            // Rounding of about a hundred shares, each good to some 1e-16 radius^2.
            prop_assert!((area - PI * radius * radius).abs() < 1e-11);
            prop_assert!((sum.area - area).abs() < 1e-11 && (sum.flux - 2.0 * area).abs() < 1e-11);
        }

        #[test]
        fn a_share_is_the_fraction_of_the_pixel_inside(x in 3.0..9.0_f64, y in 3.0..9.0_f64, radius in 0.2..4.0_f64) {
            let cover = Cover::new(Circle::new((x, y), radius), 13, 13);
            let n = 200;
            let inside = (0..n * n).filter(|i| {
                let at = |k: usize| 6.0 + (k as f64 + 0.5) / n as f64 - 0.5;
                (at(i % n) - x).hypot(at(i / n) - y) < radius
            });
            let touched = cover.rows().any(|row| row.y == 6 && (row.start..row.end).contains(&6));
            let share = if touched { cover.share(6, 6) } else { 0.0 };
            // The midpoint rule on n^2 points misplaces the arc by at most half a cell along its length, below 3 here.
            prop_assert!((share - inside.count() as f64 / (n * n) as f64).abs() < 1.5 / n as f64);
            let covered = cover.rows().any(|row| row.y == 6 && (row.from..row.to).contains(&6));
            prop_assert_eq!(covered, [(5.5, 5.5), (5.5, 6.5), (6.5, 5.5), (6.5, 6.5)].iter().all(|c| (c.0 - x).hypot(c.1 - y) <= radius));
        }
    }

    #[test]
    fn a_circle_over_the_border_keeps_what_is_inside() {
        let picture = Picture::from_values(vec![1.0; 12], 4, 3);
        assert!((Circle::new((-0.5, -0.5), 2.0).sum(&picture).area - PI).abs() < 1e-14);
        assert!((Circle::new((1.5, 1.0), 50.0).sum(&picture).area - 12.0).abs() < 1e-12);
        assert_eq!(Circle::new((40.0, 40.0), 3.0).sum(&picture).area, 0.0);
    }

    #[test]
    fn the_first_of_several_crossings_is_found() {
        let radii = || (1..100).map(|i| 0.1 * f64::from(i));
        let root = first_crossing(radii(), |r| r.cos());
        assert!((root.unwrap_or(0.0) - 0.5 * PI).abs() < 1e-8);
        assert_eq!(first_crossing(radii(), |_| 1.0), None);
        assert_eq!(first_crossing(radii(), |_| -1.0), Some(0.1));
    }
}
