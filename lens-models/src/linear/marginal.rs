//! Marginal: the integral of a parabola's exponential over all amplitudes, their mean and their covariance.

use ppl_core::autodiff::cholesky::{factor_into, solve, solve_transposed};

use super::equations::{Equations, HALF_LN_2PI};

/// The normal distribution of the amplitudes given everything else, and ln of the integral over them.
#[derive(Clone, Debug, Default)]
pub struct Marginal {
    /// A^-1 b.
    pub mean: Vec<f64>,
    /// The lower-triangular L with L L^T = A, `[n, n]`.
    factor: Vec<f64>,
}

impl Marginal {
    /// ln of the integral of p(data, a) over a; -inf where A has no factor.
    ///
    /// It is the density at the mean, times (2 pi)^(n/2) / sqrt(det A). The density at the mean is the top of the parabola, so that an
    /// error of the mean counts squared.
    pub fn set(&mut self, equations: &Equations) -> f64 {
        let n = equations.vector.len();
        self.factor.resize(n * n, 0.0);
        self.mean.clear();
        self.mean.extend_from_slice(&equations.vector);
        if factor_into(&equations.matrix, n, &mut self.factor).is_err() {
            self.mean.fill(f64::NAN);
            return if equations.matrix.iter().any(|m| m.is_nan()) { f64::NAN } else { f64::NEG_INFINITY };
        }
        solve(&self.factor, &mut self.mean);
        solve_transposed(&self.factor, &mut self.mean);
        let ln_det: f64 = self.factor.iter().step_by(n + 1).map(|l| l.ln()).sum();
        equations.at(&self.mean) + n as f64 * HALF_LN_2PI - ln_det
    }

    /// A^-1, `[n, n]`.
    pub fn covariance(&self, into: &mut [f64]) {
        let n = self.mean.len();
        into.fill(0.0);
        for (i, row) in into.chunks_exact_mut(n.max(1)).enumerate() {
            row[i] = 1.0;
            solve(&self.factor, row);
            solve_transposed(&self.factor, row);
        }
    }

    /// The mean and L^-T z: a draw, for z of the standard normal distribution.
    pub fn draw(&self, mut z: Vec<f64>) -> Vec<f64> {
        solve_transposed(&self.factor, &mut z);
        z.iter().zip(&self.mean).map(|(z, mean)| z + mean).collect()
    }
}
