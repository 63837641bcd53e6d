//! CorrelationCholesky: free numbers onto the lower-triangular factor of a correlation matrix.

use super::vector::{VectorTransform, at};
use crate::autodiff::Dims;

/// z = tanh u, one for each element below the diagonal; L_ij = z_ij sqrt(what is left of row i), and the diagonal takes the
/// rest, so that each row has length one (Lewandowski, Kurowicka & Joe 2009, as in Stan).
#[derive(Clone, Copy, Debug)]
pub struct CorrelationCholesky;

impl VectorTransform for CorrelationCholesky {
    fn free_len(&self, event: Dims) -> Option<usize> {
        match *event.sizes() {
            [n, m] if n == m && n > 0 => Some(n * (n - 1) / 2),
            _ => None,
        }
    }

    fn forward(&self, event: Dims, u: &[f64], x: &mut [f64]) -> f64 {
        let n = event.sizes()[0];
        x.fill(0.0);
        let (mut log_jacobian, mut u) = (0.0, u.iter());
        for (i, row) in x.chunks_exact_mut(n).enumerate() {
            let mut left = 1.0_f64;
            for (x, u) in row[..i].iter_mut().zip(&mut u) {
                let z = u.tanh();
                log_jacobian += ln_slope(*u) + 0.5 * left.ln();
                *x = z * left.sqrt();
                left *= slope(*u);
            }
            row[i] = left.sqrt();
        }
        log_jacobian
    }

    fn vjp(&self, event: Dims, u: &[f64], x: &[f64], cotangent: &[f64], of_jacobian: f64, into: &mut [f64]) {
        let n = event.sizes()[0];
        let mut end = u.len();
        for i in (0..n).rev() {
            let row = &x[i * n..(i + 1) * n];
            let begin = end - i;
            let mut left = row[i] * row[i];
            let mut of_left = 0.5 * at(cotangent, i * n + i) / row[i];
            for j in (0..i).rev() {
                let (u, c) = (u[begin + j], at(cotangent, i * n + j));
                let (z, slope) = (u.tanh(), slope(u));
                left += row[j] * row[j];
                let dz = c * left.sqrt() - 2.0 * of_left * left * z;
                into[begin + j] += dz * slope - 2.0 * of_jacobian * z;
                of_left = 0.5 * c * z / left.sqrt() + of_left * slope + 0.5 * of_jacobian / left;
            }
            end = begin;
        }
    }

    fn inverse(&self, event: Dims, x: &[f64], u: &mut [f64]) {
        let n = event.sizes()[0];
        let mut u = u.iter_mut();
        for (i, row) in x.chunks_exact(n).enumerate() {
            let mut left = 1.0_f64;
            for (x, u) in row[..i].iter().zip(&mut u) {
                *u = (x / left.sqrt()).atanh();
                left -= x * x;
            }
        }
    }
}

/// 1 - tanh^2 u = 1 / cosh^2 u.
fn slope(u: f64) -> f64 {
    u.cosh().powi(-2)
}

/// Its logarithm, without overflow.
fn ln_slope(u: f64) -> f64 {
    -2.0 * (u.abs() + (-2.0 * u.abs()).exp().ln_1p() - std::f64::consts::LN_2)
}
