//! The Gaussian that a fitted guide is on the unconstrained line.

use nalgebra::{Cholesky, DMatrix};
use ppl_core::Values;

use crate::error::{Error, Result};
use crate::map::Laplace;

/// Mean and covariance of a guide.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    /// `[dim]`.
    pub mean: Vec<f64>,
    /// `[dim, dim]`, row-major.
    pub covariance: Vec<f64>,
}

impl Gaussian {
    /// As what chains of [`nuts_from`](crate::nuts_from) start around, with its covariance as their metric.
    ///
    /// # Errors
    /// A covariance that is not positive definite.
    pub fn around(&self) -> Result<Laplace> {
        let dim = self.mean.len();
        let covariance = DMatrix::from_row_slice(dim, dim, &self.covariance);
        let factor = Cholesky::new(covariance).ok_or(Error::Covariance { pivot: 0, got: f64::NAN })?;
        Ok(Laplace::of_gaussian(self.mean.clone(), self.covariance.clone(), factor.l().transpose().as_slice().to_vec()))
    }

    /// From a factor F `[dim, k]`, row-major, and variances beside it: F F^T + diag.
    pub(super) fn of(mean: &[f64], factor: &[f64], diagonal: &[f64]) -> Self {
        let dim = mean.len();
        let f = DMatrix::from_row_slice(dim, factor.len() / dim.max(1), factor);
        let covariance = &f * f.transpose() + DMatrix::from_diagonal(&diagonal.to_vec().into());
        Gaussian { mean: mean.to_vec(), covariance: covariance.as_slice().to_vec() }
    }
}

/// The numbers of a param that a guide has.
pub(super) fn numbers<'v>(params: &'v Values, name: &'static str) -> Result<&'v [f64]> {
    params.numbers(name).ok_or(Error::NotFitted { param: name })
}
