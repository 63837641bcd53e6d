//! density: how draws are spread over one or two axes.

use super::contour::contours;

/// Cells along each axis of a two-dimensional density.
const CELLS: usize = 64;

/// The number of draws in each of equal bins over a range.
pub fn histogram(values: &[f64], [lo, hi]: [f64; 2], bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for v in values {
        if let Some(k) = cell(*v, [lo, hi], bins) {
            counts[k] += 1;
        }
    }
    counts
}

/// A smooth density of draws over a rectangle.
///
/// The kernel is a Gaussian with the covariance of the draws times n^(-1/3) (Scott's rule in two dimensions, Scott 1992),
/// so that a narrow degeneracy is smoothed along itself and not across; it widens a Gaussian posterior by 3 per cent at 4000 draws.
pub struct Density {
    /// One ring of empty cells surrounds the grid, which closes every contour.
    cells: Vec<f64>,
    x: [f64; 2],
    y: [f64; 2],
}

const SIDE: usize = CELLS + 2;

impl Density {
    /// Of the draws that lie in the rectangle.
    pub fn new(points: &[[f64; 2]], x: [f64; 2], y: [f64; 2]) -> Self {
        let mut counts = vec![0.0; CELLS * CELLS];
        let inside = points.iter().filter_map(|p| Some((cell(p[0], x, CELLS)?, cell(p[1], y, CELLS)?)));
        let mut n = 0.0;
        let mut sums = [0.0; 5];
        for (i, j) in inside {
            counts[j * CELLS + i] += 1.0;
            n += 1.0;
            let (a, b) = (i as f64, j as f64);
            for (sum, term) in sums.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                *sum += term;
            }
        }
        let mut density = Self { cells: vec![0.0; SIDE * SIDE], x, y };
        if n > 0.0 {
            let [a, b, aa, bb, ab] = sums.map(|sum| sum / n);
            let shrink = f64::powf(n, -1.0 / 3.0);
            // A third of a cell squared keeps the kernel from falling between cells.
            let covariance = [shrink * (aa - a * a) + 0.3, shrink * (ab - a * b), shrink * (bb - b * b) + 0.3];
            density.spread(&counts, covariance);
        }
        density
    }

    /// Puts each occupied cell's draws down as a Gaussian; what falls outside the rectangle is lost.
    fn spread(&mut self, counts: &[f64], [xx, xy, yy]: [f64; 3]) {
        let determinant = xx * yy - xy * xy;
        let reach = |variance: f64| ((3.0 * variance.sqrt()).ceil() as isize).min(CELLS as isize);
        let (rx, ry) = (reach(xx), reach(yy));
        let mut kernel = Vec::new();
        for dy in -ry..=ry {
            for dx in -rx..=rx {
                let (u, v) = (dx as f64, dy as f64);
                let weight = (-0.5 * (yy * u * u - 2.0 * xy * u * v + xx * v * v) / determinant).exp();
                if weight > 1e-4 {
                    kernel.push((dx, dy, weight));
                }
            }
        }
        let total: f64 = kernel.iter().map(|(_, _, weight)| weight).sum();
        for (k, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let (i, j) = ((k % CELLS) as isize, (k / CELLS) as isize);
            for (dx, dy, weight) in &kernel {
                let (i, j) = (i + dx, j + dy);
                if (0..CELLS as isize).contains(&i) && (0..CELLS as isize).contains(&j) {
                    self.cells[(j as usize + 1) * SIDE + i as usize + 1] += count * weight / total;
                }
            }
        }
    }

    /// The smallest region that holds `mass` of the draws, as closed lines in the units of the axes.
    pub fn region(&self, mass: f64) -> Vec<Vec<[f64; 2]>> {
        let mut sorted: Vec<f64> = self.cells.iter().copied().filter(|c| *c > 0.0).collect();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let wanted = mass * sorted.iter().sum::<f64>();
        let mut held = 0.0;
        let level = sorted.into_iter().find(|cell| {
            held += cell;
            held >= wanted
        });
        let Some(level) = level else { return Vec::new() };
        // Just below the level, so that a region of one cell is not empty.
        let mut lines = contours(&self.cells, SIDE, level * (1.0 - 1e-9));
        let along = |at: f64, [lo, hi]: [f64; 2]| (lo + (hi - lo) * (at - 0.5) / CELLS as f64).clamp(lo, hi);
        for [x, y] in lines.iter_mut().flatten() {
            (*x, *y) = (along(*x, self.x), along(*y, self.y));
        }
        lines
    }
}

fn cell(v: f64, [lo, hi]: [f64; 2], cells: usize) -> Option<usize> {
    let at = (v - lo) / (hi - lo);
    ((0.0..=1.0).contains(&at)).then(|| ((at * cells as f64) as usize).min(cells - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of normal quantiles through Box-Muller on a low-discrepancy sequence: a Gaussian cloud without randomness.
    fn gaussian(n: usize, correlation: f64) -> Vec<[f64; 2]> {
        let point = |k: usize| {
            let (u, v) = ((k as f64 + 0.5) / n as f64, (k as f64 * 0.618_033_988_749_895).fract());
            let (r, phi) = ((-2.0 * u.ln()).sqrt(), std::f64::consts::TAU * v);
            let (a, b) = (r * phi.cos(), r * phi.sin());
            [a, correlation * a + (1.0 - correlation * correlation).sqrt() * b]
        };
        (0..n).map(point).collect()
    }

    fn area(lines: &[Vec<[f64; 2]>]) -> f64 {
        lines.iter().flat_map(|l| l.windows(2)).map(|w| 0.5 * (w[0][0] * w[1][1] - w[1][0] * w[0][1])).sum()
    }

    #[test]
    fn regions_of_a_gaussian_have_the_area_of_its_ellipses() {
        for correlation in [0.0, 0.9] {
            let density = Density::new(&gaussian(4000, correlation), [-4.0, 4.0], [-4.0, 4.0]);
            for mass in [0.68, 0.95] {
                // pi r^2 sqrt(1 - rho^2) with r^2 = -2 ln(1 - mass).
                let exact =
                    std::f64::consts::PI * -2.0 * f64::ln(1.0 - mass) * f64::sqrt(1.0 - correlation * correlation);
                let ratio = area(&density.region(mass)) / exact;
                // The kernel adds 1/16 of the covariance (n^(-1/3)) and 0.3 cells^2; the sample itself is good to 2 per cent.
                assert!((0.97..1.17).contains(&ratio), "{correlation} {mass} {ratio}");
            }
        }
    }

    #[test]
    fn draws_without_spread_or_outside_make_no_panic() {
        assert_eq!(Density::new(&[[0.0, 0.0]; 5], [-1.0, 1.0], [-1.0, 1.0]).region(0.68).len(), 1);
        assert!(Density::new(&[[9.0, f64::NAN]; 5], [-1.0, 1.0], [-1.0, 1.0]).region(0.68).is_empty());
        assert_eq!(histogram(&[0.0, 0.5, 1.0, 2.0, f64::NAN], [0.0, 1.0], 2), [1, 2]);
    }
}
