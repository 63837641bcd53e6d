//! Plain functions as log densities, for the tests of MAP and Laplace.
#![allow(dead_code)] // each of the test files uses its part

use nalgebra::DMatrix;
use ppl_core::LogDensity;
use ppl_core::rng::keyed;
use rand_distr::{Distribution, StandardNormal};

/// A function that returns logp and writes its gradient, one lane at a time.
pub struct Function<F> {
    pub dim: usize,
    pub f: F,
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> LogDensity for Function<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let lanes = positions.chunks(self.dim).zip(grad.chunks_mut(self.dim));
        for ((q, g), lp) in lanes.zip(logp) {
            *lp = (self.f)(q, g);
        }
        Ok(())
    }
}

/// Shorthand for a [`Function`].
pub fn density<F: Fn(&[f64], &mut [f64]) -> f64>(dim: usize, f: F) -> Function<F> {
    Function { dim, f }
}

/// logp = offset - (q - m)' P (q - m) / 2 with P = R diag(curvature) R' and R a random rotation.
pub struct Gaussian {
    pub mean: Vec<f64>,
    pub precision: DMatrix<f64>,
    pub covariance: DMatrix<f64>,
    pub offset: f64,
}

impl Gaussian {
    /// Precisions from 1 to `condition`, evenly in the logarithm, rotated by a seed.
    pub fn new(dim: usize, condition: f64, offset: f64, seed: u64) -> Self {
        let mut rng = keyed(seed, "rotation", 0);
        let rotation = DMatrix::<f64>::from_fn(dim, dim, |_, _| StandardNormal.sample(&mut rng)).qr().q();
        let curvature =
            DMatrix::from_fn(
                dim,
                dim,
                |i, j| {
                    if i == j { condition.powf(i as f64 / (dim.max(2) - 1) as f64) } else { 0.0 }
                },
            );
        let inverse = curvature.map(|c| if c == 0.0 { 0.0 } else { 1.0 / c });
        Self {
            mean: (0..dim).map(|i| 0.3 * i as f64 - 1.0).collect(),
            precision: &rotation * curvature * rotation.transpose(),
            covariance: &rotation * inverse * rotation.transpose(),
            offset,
        }
    }

    pub fn logp_and_grad(&self, q: &[f64], grad: &mut [f64]) -> f64 {
        let away: Vec<f64> = q.iter().zip(&self.mean).map(|(q, m)| q - m).collect();
        for (g, row) in grad.iter_mut().zip(self.precision.row_iter()) {
            *g = -row.iter().zip(&away).map(|(p, a)| p * a).sum::<f64>();
        }
        self.offset + 0.5 * grad.iter().zip(&away).map(|(g, a)| g * a).sum::<f64>()
    }

    /// Value and gradient as single precision gives them; the gradient is also wrong by 1e-7 of its stiffest part, as a sum over
    /// many pixels is.
    pub fn in_single_precision(&self, q: &[f64], grad: &mut [f64]) -> f64 {
        let logp = f64::from(self.logp_and_grad(q, grad) as f32);
        let largest = grad.iter().fold(0.0, |a: f64, g| a.max(g.abs()));
        for (i, g) in grad.iter_mut().enumerate() {
            // A pseudo-random number in [-1, 1] that the position fixes: the noise of a deterministic program.
            let hash = (q[i].to_bits() ^ q[0].to_bits().rotate_left(17)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
            let noise = hash as f64 / (1_u64 << 52) as f64 - 1.0;
            *g = f64::from((*g + 1e-7 * noise * largest) as f32);
        }
        logp
    }

    /// The largest error of a covariance, in units of the standard deviations.
    pub fn covariance_error(&self, covariance: &[f64]) -> f64 {
        let n = self.mean.len();
        let scale = |i: usize| self.covariance[(i, i)].sqrt();
        (0..n * n).map(|k| (k / n, k % n)).fold(0.0, |worst: f64, (i, j)| {
            worst.max((covariance[i * n + j] - self.covariance[(i, j)]).abs() / (scale(i) * scale(j)))
        })
    }

    /// Eigenvalues of P^(1/2) C P^(1/2), smallest and largest: 1 for the right covariance in every direction, narrow ones too.
    pub fn covariance_ratio(&self, covariance: &[f64]) -> (f64, f64) {
        let n = self.mean.len();
        let root = self.precision.clone().cholesky().expect("a precision is positive definite").l();
        let whitened = root.transpose() * DMatrix::from_row_slice(n, n, covariance) * root;
        let values = whitened.symmetric_eigenvalues();
        (values.min(), values.max())
    }
}
