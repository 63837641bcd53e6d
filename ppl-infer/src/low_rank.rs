//! Covariances of low rank: variances, corrected along a few directions.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The covariance S (I + U (V - I) U^T) S with a diagonal S, orthonormal columns U and a diagonal V: variances, corrected along a few
/// directions, for thousands of dimensions. A velocity costs 4 `rank` operations a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowRank {
    /// The diagonal of S, `[dim]`.
    scale: Vec<f64>,
    /// U transposed, `[rank, dim]`, row-major.
    directions: Vec<f64>,
    /// The diagonal of V, `[rank]`.
    values: Vec<f64>,
}

impl LowRank {
    /// The covariance of these scales `[dim]`, orthonormal directions `[rank, dim]` and variances `[rank]` along them; scales and
    /// variances must be positive and finite.
    ///
    /// # Errors
    /// Lengths that do not fit, a scale or a variance that is not positive.
    pub fn new(scale: Vec<f64>, directions: Vec<f64>, values: Vec<f64>) -> Result<Self> {
        let (dim, rank) = (scale.len(), values.len());
        if directions.len() != rank * dim {
            return Err(Error::Length {
                what: "the directions of a metric",
                expected: rank * dim,
                got: directions.len(),
            });
        }
        for variances in [&scale, &values] {
            if let Some(index) = variances.iter().position(|v| !(v.is_finite() && *v > 0.0)) {
                return Err(Error::Variance { index, got: variances[index] });
            }
        }
        Ok(Self { scale, directions, values })
    }

    /// How many dimensions.
    pub fn dim(&self) -> usize {
        self.scale.len()
    }

    /// How many directions are corrected.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// The variances.
    pub fn variances(&self) -> Vec<f64> {
        let mut variances = vec![1.0; self.dim()];
        for (direction, value) in self.directions.chunks_exact(self.dim().max(1)).zip(&self.values) {
            variances.iter_mut().zip(direction).for_each(|(v, u)| *v += (value - 1.0) * u * u);
        }
        variances.iter().zip(&self.scale).map(|(v, s)| v * s * s).collect()
    }

    /// Multiplies x by I + U (f(V) - I) U^T.
    pub(crate) fn correct(&self, x: &mut [f64], f: impl Fn(f64) -> f64) {
        for (direction, value) in self.directions.chunks_exact(x.len().max(1)).zip(&self.values) {
            // The directions are orthonormal: what one adds, the next does not see.
            let along = (f(*value) - 1.0) * dot(direction, x);
            x.iter_mut().zip(direction).for_each(|(x, u)| *x += along * u);
        }
    }

    /// A draw with this covariance from standard normal numbers, in place.
    pub fn colour(&self, z: &mut [f64]) {
        self.correct(z, f64::sqrt);
        z.iter_mut().zip(&self.scale).for_each(|(z, s)| *z *= s);
    }

    /// The covariance times p.
    pub fn multiply(&self, p: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(p).zip(&self.scale).for_each(|((o, p), s)| *o = p * s);
        self.correct(out, |v| v);
        out.iter_mut().zip(&self.scale).for_each(|(o, s)| *o *= s);
    }

    /// A draw with the inverse covariance from standard normal numbers, in place.
    pub fn whiten(&self, z: &mut [f64]) {
        self.correct(z, |v| 1.0 / v.sqrt());
        z.iter_mut().zip(&self.scale).for_each(|(z, s)| *z /= s);
    }

    /// As a full covariance, row-major.
    pub fn dense(&self) -> Vec<f64> {
        let dim = self.dim();
        let mut covariance = vec![0.0; dim * dim];
        for (i, row) in covariance.chunks_exact_mut(dim.max(1)).enumerate() {
            let mut unit = vec![0.0; dim];
            unit[i] = 1.0;
            self.multiply(&unit, row);
        }
        covariance
    }
}

/// Four running sums, so that the additions do not wait for each other.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (left, right) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left.zip(right) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}
