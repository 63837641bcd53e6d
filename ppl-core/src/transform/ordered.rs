//! Ordered: free numbers onto ascending ones, each a step above the one before.

use super::vector::{VectorTransform, at};
use crate::autodiff::Dims;

/// x_1 = u_1 (or e^u_1, where all are positive), x_k = x_(k-1) + e^u_k
#[derive(Clone, Copy, Debug)]
pub struct Ordered {
    /// Whether x_1 > 0.
    pub positive: bool,
}

impl VectorTransform for Ordered {
    fn free_len(&self, event: Dims) -> Option<usize> {
        (event.rank() == 1).then(|| event.len())
    }

    fn forward(&self, _: Dims, u: &[f64], x: &mut [f64]) -> f64 {
        let (mut last, mut log_jacobian) = (0.0, 0.0);
        for (k, (x, u)) in x.iter_mut().zip(u).enumerate() {
            let free = k == 0 && !self.positive;
            last += if free { *u } else { u.exp() };
            log_jacobian += if free { 0.0 } else { *u };
            *x = last;
        }
        log_jacobian
    }

    fn vjp(&self, _: Dims, u: &[f64], _: &[f64], cotangent: &[f64], of_jacobian: f64, into: &mut [f64]) {
        let mut above = 0.0;
        for k in (0..u.len()).rev() {
            above += at(cotangent, k);
            into[k] += if k == 0 && !self.positive { above } else { above * u[k].exp() + of_jacobian };
        }
    }

    fn inverse(&self, _: Dims, x: &[f64], u: &mut [f64]) {
        let mut last = 0.0;
        for (k, (u, x)) in u.iter_mut().zip(x).enumerate() {
            *u = if k == 0 && !self.positive { *x } else { (x - last).ln() };
            last = *x;
        }
    }
}
