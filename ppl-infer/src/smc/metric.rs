//! The metric of a population: a factor of its covariance, without the correlations of its wide coordinates.

use nalgebra::{Cholesky, DMatrix};

/// Share of the covariances that is taken away, so that a small population has a positive definite one.
const SHRINK: f64 = 0.05;
/// Least variance, relative to the largest.
const FLOOR: f64 = 1e-24;

/// F with F F' = covariance: a triangle for the coordinates in `narrow`, a length for each of the others.
pub(super) struct Metric {
    narrow: Vec<usize>,
    factor: DMatrix<f64>,
    wide: Vec<(usize, f64)>,
}

impl Metric {
    /// Of positions `[n, dim]`.
    pub fn of(positions: &[f64], dim: usize, wide: &[usize]) -> Self {
        let n = (positions.len() / dim) as f64;
        let mean: Vec<f64> = (0..dim).map(|i| positions.iter().skip(i).step_by(dim).sum::<f64>() / n).collect();
        let covariance = |i: usize, j: usize| {
            positions.chunks(dim).map(|x| (x[i] - mean[i]) * (x[j] - mean[j])).sum::<f64>() / (n - 1.0)
        };
        let narrow: Vec<usize> = (0..dim).filter(|i| !wide.contains(i)).collect();
        let largest = (0..dim).map(|i| covariance(i, i)).fold(f64::MIN_POSITIVE, f64::max);
        let floored = |variance: f64| variance.max(FLOOR * largest);
        let shrunk = |a: usize, b: usize| {
            let c = covariance(narrow[a], narrow[b]);
            if a == b { floored(c) } else { (1.0 - SHRINK) * c }
        };
        let matrix = DMatrix::from_fn(narrow.len(), narrow.len(), shrunk);
        let diagonal = matrix.diagonal().map(f64::sqrt);
        let factor = Cholesky::new(matrix).map_or_else(|| DMatrix::from_diagonal(&diagonal), |c| c.unpack());
        let wide = wide.iter().map(|i| (*i, floored(covariance(*i, *i)).sqrt())).collect();
        Self { narrow, factor, wide }
    }

    /// Adds `by` F z to x, the wide coordinates `scale` times shorter.
    pub fn step(&self, z: &[f64], scale: f64, by: f64, x: &mut [f64]) {
        for (a, i) in self.narrow.iter().enumerate() {
            x[*i] += by * (0..=a).map(|b| self.factor[(a, b)] * z[self.narrow[b]]).sum::<f64>();
        }
        for (i, length) in &self.wide {
            x[*i] += by * scale * length * z[*i];
        }
    }

    /// Adds `by` F' g to z.
    pub fn kick(&self, g: &[f64], scale: f64, by: f64, z: &mut [f64]) {
        for (b, i) in self.narrow.iter().enumerate() {
            let rows = b..self.narrow.len();
            z[*i] += by * rows.map(|a| self.factor[(a, b)] * g[self.narrow[a]]).sum::<f64>();
        }
        for (i, length) in &self.wide {
            z[*i] += by * scale * length * g[*i];
        }
    }
}
