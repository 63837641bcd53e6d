//! Covariances of low rank: variances, corrected along a few directions.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
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

    /// The covariance of these coordinates and more, given what it is with the others held: `places` are those of these coordinates among all, and the
    /// others move along independent directions, columns `[all, n]` of a standard deviation of one, on which these follow.
    ///
    /// # Errors
    /// Places that are none or twice there, as many directions as there are not other coordinates, or directions along which some do not move.
    pub fn followed(&self, places: &[usize], directions: &DMatrix<f64>) -> Result<Self> {
        let (all, n) = directions.shape();
        let mut scale: Vec<f64> = directions.row_iter().map(|row| row.norm()).collect();
        let mut is_other = vec![true; all];
        for (place, own) in places.iter().zip(&self.scale) {
            let Some(other) = is_other.get_mut(*place).filter(|other| **other) else {
                return Err(Error::Length { what: "the places of coordinates", expected: all, got: *place });
            };
            (*other, scale[*place]) = (false, *own);
        }
        let others: Vec<usize> = (0..all).filter(|i| is_other[*i]).collect();
        if others.len() != n || places.len() != self.dim() {
            return Err(Error::Length { what: "directions of other coordinates", expected: others.len(), got: n });
        }
        if let Some(index) = others.iter().copied().find(|i| scale[*i] <= 0.0) {
            return Err(Error::Variance { index, got: scale[index] });
        }
        let mut basis: Vec<DVector<f64>> =
            others.iter().map(|i| DVector::from_fn(all, |k, _| f64::from(u8::from(k == *i)))).collect();
        for own in self.directions.chunks_exact(self.dim().max(1)) {
            let mut direction = DVector::zeros(all);
            places.iter().zip(own).for_each(|(place, u)| direction[*place] = *u);
            basis.push(direction);
        }
        let scaled: Vec<DVector<f64>> =
            directions.column_iter().map(|f| DVector::from_fn(all, |i, _| f[i] / scale[i])).collect();
        for f in &scaled {
            let mut f = f.clone();
            // Twice is enough.
            for b in basis.iter().chain(&basis) {
                let along = b.dot(&f);
                f.axpy(-along, b, 1.0);
            }
            let size = f.norm();
            if size > 1e-9 {
                basis.push(f / size);
            }
        }
        let mut inner = DMatrix::zeros(basis.len(), basis.len());
        (0..n).for_each(|i| inner[(i, i)] = -1.0);
        self.values.iter().enumerate().for_each(|(k, value)| inner[(n + k, n + k)] = value - 1.0);
        let basis = DMatrix::from_columns(&basis);
        for f in &scaled {
            let f = basis.tr_mul(f);
            inner.ger(1.0, &f, &f, 1.0);
        }
        let eigen = SymmetricEigen::new(inner);
        let directions = (&basis * &eigen.eigenvectors).as_slice().to_vec();
        Self::new(scale, directions, eigen.eigenvalues.iter().map(|v| 1.0 + v).collect())
    }

    /// The directions, `[rank, dim]`, in units of the scales.
    pub fn directions(&self) -> &[f64] {
        &self.directions
    }

    /// The variances along the directions, `[rank]`, in units of the scales.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// ln of the determinant.
    pub fn ln_det(&self) -> f64 {
        self.scale.iter().map(|s| 2.0 * s.ln()).chain(self.values.iter().map(|v| v.ln())).sum()
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

    /// What [`colour`](Self::colour) does to positions it does to gradients, transposed, in place.
    pub(crate) fn colour_transposed(&self, g: &mut [f64]) {
        g.iter_mut().zip(&self.scale).for_each(|(g, s)| *g *= s);
        self.correct(g, f64::sqrt);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_on_which_others_follow_are_joined_to_them() {
        let own = LowRank::new(vec![1.0, 2.0], vec![0.6, 0.8], vec![0.3]).unwrap();
        // q = (x0, w, x1): w by two directions would be one too many.
        let f = DMatrix::from_column_slice(3, 1, &[0.5, 0.2, -3.0]);
        let joined = own.followed(&[0, 2], &f).unwrap();
        let (own, dense) = (own.dense(), joined.dense());
        for i in 0..3 {
            for k in 0..3 {
                let given = if i == 1 || k == 1 { 0.0 } else { own[(i / 2) * 2 + k / 2] };
                assert!((dense[i * 3 + k] - given - f[i] * f[k]).abs() < 1e-12, "{i} {k}");
            }
        }
        assert!(joined.followed(&[0, 1], &f).is_err() && joined.followed(&[0, 1, 1], &f).is_err());
    }
}
