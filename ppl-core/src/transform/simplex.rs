//! Simplex: n - 1 free numbers onto n non-negative ones that sum to one, by breaking a stick.

use super::vector::{VectorTransform, at};
use crate::autodiff::{Dims, sigmoid};

/// z_k = 1 / (1 + (n - k) e^-u_k), x_k = z_k times what is left of the stick, k = 1 .. n - 1; x = 1/n at u = 0 (as in NumPyro).
#[derive(Clone, Copy, Debug)]
pub struct Simplex;

/// ln of z and of 1 - z for u less its offset.
fn logs(v: f64) -> f64 {
    -v.abs() - 2.0 * (-v.abs()).exp().ln_1p()
}

impl VectorTransform for Simplex {
    fn free_len(&self, event: Dims) -> Option<usize> {
        (event.rank() == 1).then(|| event.len().checked_sub(1)).flatten()
    }

    fn forward(&self, _: Dims, u: &[f64], x: &mut [f64]) -> f64 {
        let (mut left, mut log_jacobian) = (1.0_f64, 0.0);
        for (k, u) in u.iter().enumerate() {
            let v = u - ((u_len(x) - k) as f64).ln();
            log_jacobian += logs(v) + left.ln();
            x[k] = left * sigmoid(v);
            left *= sigmoid(-v);
        }
        if let Some(last) = x.last_mut() {
            *last = left;
        }
        log_jacobian
    }

    fn vjp(&self, _: Dims, u: &[f64], x: &[f64], cotangent: &[f64], of_jacobian: f64, into: &mut [f64]) {
        // By what is left of the stick, from its end.
        let (mut left, mut of_left) = (x.last().copied().unwrap_or(1.0), at(cotangent, u.len()));
        for k in (0..u.len()).rev() {
            let v = u[k] - ((u.len() - k) as f64).ln();
            let (z, rest) = (sigmoid(v), sigmoid(-v));
            left += x[k];
            into[k] += (at(cotangent, k) - of_left) * left * z * rest + of_jacobian * (rest - z);
            of_left = at(cotangent, k) * z + of_left * rest + of_jacobian / left;
        }
    }

    fn inverse(&self, _: Dims, x: &[f64], u: &mut [f64]) {
        let mut left: f64 = x.last().copied().unwrap_or(0.0);
        for k in (0..u.len()).rev() {
            u[k] = x[k].ln() - left.ln() + ((u.len() - k) as f64).ln();
            left += x[k];
        }
    }
}

/// How many free numbers a draw has.
fn u_len(x: &[f64]) -> usize {
    x.len().saturating_sub(1)
}
