//! Transforms of vectors: bijections from unconstrained vectors, which may be shorter, to a support that binds elements together.

use crate::shape::Dims;

/// A bijection from unconstrained vectors to vectors (or matrices, row-major) of a support.
pub trait VectorTransform: Send + Sync {
    /// How many unconstrained numbers a draw of these dimensions has; `None` where it can have no such dimensions.
    fn free_len(&self, event: Dims) -> Option<usize>;

    /// Writes x(u), and gives the logarithm of the Jacobian.
    fn forward(&self, event: Dims, u: &[f64], x: &mut [f64]) -> f64;

    /// Adds the gradient by u of `sum_i cotangent_i x_i + of_jacobian ln |dx/du|`.
    fn vjp(&self, event: Dims, u: &[f64], x: &[f64], cotangent: &[f64], of_jacobian: f64, into: &mut [f64]);

    /// Writes u(x).
    fn inverse(&self, event: Dims, x: &[f64], u: &mut [f64]);
}

/// The cotangent of element `i`; zero where the Jacobian alone is asked for.
#[inline]
pub(super) fn at(cotangent: &[f64], i: usize) -> f64 {
    cotangent.get(i).copied().unwrap_or(0.0)
}
