//! A Gaussian reference.

use nalgebra::{Cholesky, DMatrix};
use ppl_core::LogDensity;
use ppl_core::rng::keyed;

use super::reference::Reference;
use crate::error::{Error, Result};
use crate::map::Laplace;

/// The Gaussian of a Laplace approximation, each deviation `widened`.
#[derive(Debug, Clone)]
pub struct Gaussian {
    around: Laplace,
    widened: f64,
    precision: DMatrix<f64>,
    log_norm: f64,
}

impl Gaussian {
    /// The Gaussian.
    ///
    /// # Errors
    /// A covariance that is not positive definite.
    pub fn new(around: Laplace, widened: f64) -> Result<Self> {
        let dim = around.dim();
        let covariance = DMatrix::from_row_slice(dim, dim, &around.covariance) * (widened * widened);
        let Some(factor) = Cholesky::new(covariance) else { return Err(Error::Covariance { pivot: 0, got: f64::NAN }) };
        let log_det: f64 = factor.l_dirty().diagonal().iter().map(|d| d.ln()).sum();
        let log_norm = -0.5 * dim as f64 * std::f64::consts::TAU.ln() - log_det;
        Ok(Self { around, widened, precision: factor.inverse(), log_norm })
    }

    /// Its middle.
    pub fn mean(&self) -> &[f64] {
        &self.around.mean
    }

    /// (x - mean)' precision (x - mean): the square of the distance in deviations.
    pub fn square(&self, x: &[f64]) -> f64 {
        self.square_and_pull(x).0
    }

    fn square_and_pull(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let off: Vec<f64> = x.iter().zip(&self.around.mean).map(|(x, mean)| x - mean).collect();
        let pull = |k: usize| off.iter().enumerate().map(|(j, off)| self.precision[(k, j)] * off).sum::<f64>();
        let pulls: Vec<f64> = (0..off.len()).map(pull).collect();
        (off.iter().zip(&pulls).map(|(off, pull)| off * pull).sum(), pulls)
    }
}

impl LogDensity for Gaussian {
    fn dim(&self) -> usize {
        self.around.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let dim = self.dim();
        for ((x, lp), g) in positions.chunks(dim).zip(logp).zip(grad.chunks_mut(dim)) {
            let (square, pulls) = self.square_and_pull(x);
            *lp = self.log_norm - 0.5 * square;
            g.iter_mut().zip(pulls).for_each(|(g, pull)| *g = -pull);
        }
        Ok(())
    }
}

impl Reference for Gaussian {
    fn draw(&self, seed: u64, n: usize) -> Result<Vec<f64>> {
        let mut all = self.around.sample(&mut keyed(seed, "reference", 0), n);
        for x in all.chunks_mut(self.dim()) {
            x.iter_mut().zip(&self.around.mean).for_each(|(x, mean)| *x = mean + self.widened * (*x - mean));
        }
        Ok(all)
    }
}
