//! UnitVector: a free vector scaled to length one.

use super::vector::{VectorTransform, at};
use crate::autodiff::Dims;

/// x = u / |u|, with the density e^(-|u|^2 / 2) in place of a Jacobian, so that the length of u, which x does not fix, has a
/// proper density of its own (as in Stan).
#[derive(Clone, Copy, Debug)]
pub struct UnitVector;

fn length(u: &[f64]) -> f64 {
    u.iter().map(|u| u * u).sum::<f64>().sqrt()
}

impl VectorTransform for UnitVector {
    fn free_len(&self, event: Dims) -> Option<usize> {
        (event.rank() == 1 && !event.is_empty()).then(|| event.len())
    }

    fn forward(&self, _: Dims, u: &[f64], x: &mut [f64]) -> f64 {
        let r = length(u);
        x.iter_mut().zip(u).for_each(|(x, u)| *x = u / r);
        -0.5 * r * r
    }

    fn vjp(&self, _: Dims, u: &[f64], x: &[f64], cotangent: &[f64], of_jacobian: f64, into: &mut [f64]) {
        let r = length(u);
        let along: f64 = cotangent.iter().zip(x).map(|(c, x)| c * x).sum();
        for k in 0..u.len() {
            into[k] += (at(cotangent, k) - along * x[k]) / r - of_jacobian * u[k];
        }
    }

    fn inverse(&self, _: Dims, x: &[f64], u: &mut [f64]) {
        u.copy_from_slice(x);
    }
}
