//! Preconditioned: a density in coordinates in which a covariance is the identity.

use ppl_core::LogDensity;

use crate::low_rank::LowRank;

/// The density of y where q = origin + L y and L L^T is a covariance, near the curvature of the density the identity is that of y. Half of the way of an
/// optimizer through thousands of dimensions of which some are known a hundred times as well as others is to find that out.
pub struct Preconditioned<'a, D> {
    density: &'a D,
    origin: &'a [f64],
    covariance: &'a LowRank,
}

impl<'a, D: LogDensity> Preconditioned<'a, D> {
    /// That of a density about `origin`, `[dim]`. The covariance must have as many dimensions.
    pub fn new(density: &'a D, origin: &'a [f64], covariance: &'a LowRank) -> Self {
        Self { density, origin, covariance }
    }

    /// The q of y, `[dim]`.
    pub fn position(&self, y: &[f64]) -> Vec<f64> {
        let mut q = y.to_vec();
        self.covariance.colour(&mut q);
        q.iter_mut().zip(self.origin).for_each(|(q, o)| *q += o);
        q
    }
}

impl<D: LogDensity> LogDensity for Preconditioned<'_, D> {
    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let dim = self.dim();
        let q: Vec<f64> = positions.chunks_exact(dim).flat_map(|y| self.position(y)).collect();
        self.density.logp_and_grad(&q, logp, grad)?;
        grad.chunks_exact_mut(dim).for_each(|g| self.covariance.colour_transposed(g));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FnDensity;
    use approx::assert_relative_eq;

    #[test]
    fn a_normal_density_is_the_standard_normal_one_and_its_gradient_that_of_differences() {
        let (u, v) = (0.6, 0.8);
        let covariance = LowRank::new(vec![1.0, 3.0], vec![u, v], vec![0.25]).unwrap();
        let dense = covariance.dense();
        let det = dense[0] * dense[3] - dense[1] * dense[2];
        let precision = [dense[3] / det, -dense[1] / det, -dense[2] / det, dense[0] / det];
        let f = move |q: &[f64], g: &mut [f64]| {
            g[0] = -precision[0] * q[0] - precision[1] * q[1];
            g[1] = -precision[2] * q[0] - precision[3] * q[1];
            0.5 * (q[0] * g[0] + q[1] * g[1])
        };
        let (density, y) = (FnDensity::new(2, f), [0.7, -1.1]);
        let own = Preconditioned::new(&density, &[0.0, 0.0], &covariance);
        let (mut logp, mut grad) = ([0.0], [0.0; 2]);
        own.logp_and_grad(&y, &mut logp, &mut grad).unwrap();
        assert_relative_eq!(logp[0], -0.5 * (y[0] * y[0] + y[1] * y[1]), max_relative = 1e-12);
        assert_relative_eq!(grad[0], -y[0], max_relative = 1e-12);
        assert_relative_eq!(grad[1], -y[1], max_relative = 1e-12);
        assert_relative_eq!(covariance.ln_det(), det.ln(), max_relative = 1e-12);
    }
}
