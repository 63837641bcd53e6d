//! The metric: the covariance that momenta are scaled by, diagonal or dense.

use crate::error::{Error, Result};
use ppl_core::rng::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// A Euclidean metric, given by its inverse mass matrix: momenta are `p ~ N(0, M)`, the kinetic energy is
/// `p . M^-1 p / 2`, the velocity `M^-1 p`. The best `M^-1` is the posterior's covariance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Metric {
    /// One variance a direction.
    Diagonal {
        /// `M^-1`, `[dim]`.
        variance: Vec<f64>,
        /// `M^(1/2)`, `[dim]`.
        root_mass: Vec<f64>,
    },
    /// A full covariance.
    Dense {
        /// `M^-1`, `[dim, dim]`, row-major.
        covariance: Vec<f64>,
        /// Its lower Cholesky factor `L`, `[dim, dim]`, row-major: `M^-1 = L L^T`.
        factor: Vec<f64>,
    },
}

/// The metric a run starts with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum InitialMetric {
    /// The identity.
    #[default]
    Unit,
    /// The inverse mass: one variance a direction, `[dim]`.
    Diagonal(Vec<f64>),
    /// The inverse mass: a covariance, `[dim, dim]`, row-major (say the Laplace covariance of a MAP fit).
    Dense(Vec<f64>),
}

impl Metric {
    /// The metric of these variances, `[dim]`; each must be positive and finite.
    pub fn diagonal(variance: Vec<f64>) -> Result<Self> {
        if let Some(index) = variance.iter().position(|v| !(v.is_finite() && *v > 0.0)) {
            return Err(Error::Variance { index, got: variance[index] });
        }
        let root_mass = variance.iter().map(|v| 1.0 / v.sqrt()).collect();
        Ok(Self::Diagonal { variance, root_mass })
    }

    /// The metric of this covariance, `[dim, dim]`, row-major; only its lower triangle is read.
    pub fn dense(mut covariance: Vec<f64>, dim: usize) -> Result<Self> {
        if covariance.len() != dim * dim {
            return Err(Error::Length { what: "a covariance", expected: dim * dim, got: covariance.len() });
        }
        let mut factor = vec![0.0; dim * dim];
        for i in 0..dim {
            for j in 0..=i {
                covariance[j * dim + i] = covariance[i * dim + j];
                let (a, b) = (&factor[i * dim..i * dim + j], &factor[j * dim..j * dim + j]);
                let rest = covariance[i * dim + j] - dot(a, b);
                if i != j {
                    factor[i * dim + j] = rest / factor[j * dim + j];
                } else if rest > 0.0 && rest.is_finite() {
                    factor[i * dim + i] = rest.sqrt();
                } else {
                    return Err(Error::Covariance { pivot: i, got: rest });
                }
            }
        }
        Ok(Self::Dense { covariance, factor })
    }

    /// The diagonal of `M^-1`.
    pub fn variances(&self) -> Vec<f64> {
        match self {
            Self::Diagonal { variance, .. } => variance.clone(),
            Self::Dense { covariance, .. } => {
                let dim = covariance.len().isqrt();
                (0..dim).map(|i| covariance[i * dim + i]).collect()
            }
        }
    }

    /// `velocity = M^-1 momentum`.
    #[inline]
    pub fn velocity(&self, momentum: &[f64], velocity: &mut [f64]) {
        match self {
            Self::Diagonal { variance, .. } => {
                for ((v, p), s) in velocity.iter_mut().zip(momentum).zip(variance) {
                    *v = s * p;
                }
            }
            Self::Dense { covariance, .. } => {
                for (v, row) in velocity.iter_mut().zip(covariance.chunks_exact(momentum.len())) {
                    *v = dot(row, momentum);
                }
            }
        }
    }

    /// Draws `momentum ~ N(0, M)`.
    pub fn sample_momentum(&self, rng: &mut Rng, momentum: &mut [f64]) {
        for p in momentum.iter_mut() {
            *p = StandardNormal.sample(rng);
        }
        match self {
            Self::Diagonal { root_mass, .. } => {
                for (p, root) in momentum.iter_mut().zip(root_mass) {
                    *p *= root;
                }
            }
            Self::Dense { factor, .. } => solve_transposed(factor, momentum),
        }
    }
}

impl InitialMetric {
    /// The covariance this stands for, as a metric of the wanted kind: a covariance is cut to its diagonal for a
    /// diagonal metric, variances become a diagonal covariance for a dense one.
    pub fn build(&self, dense: bool, dim: usize) -> Result<Metric> {
        let variances = match self {
            Self::Unit => vec![1.0; dim],
            Self::Diagonal(variance) if variance.len() == dim => variance.clone(),
            Self::Diagonal(variance) => {
                return Err(Error::Length { what: "the initial metric", expected: dim, got: variance.len() });
            }
            Self::Dense(covariance) => {
                let metric = Metric::dense(covariance.clone(), dim)?;
                if dense {
                    return Ok(metric);
                }
                metric.variances()
            }
        };
        let diagonal = Metric::diagonal(variances)?;
        if dense { Metric::dense(with_diagonal(&diagonal.variances()), dim) } else { Ok(diagonal) }
    }
}

/// The matrix with this diagonal and zeros elsewhere, row-major.
pub(crate) fn with_diagonal(diagonal: &[f64]) -> Vec<f64> {
    let dim = diagonal.len();
    let mut matrix = vec![0.0; dim * dim];
    for (i, d) in diagonal.iter().enumerate() {
        matrix[i * dim + i] = *d;
    }
    matrix
}

/// Solves `L^T x = b` in place: with `b ~ N(0, 1)`, `x ~ N(0, (L L^T)^-1)`.
fn solve_transposed(factor: &[f64], x: &mut [f64]) {
    let dim = x.len();
    for i in (0..dim).rev() {
        let row = &factor[i * dim..i * dim + i + 1];
        let solved = x[i] / row[i];
        x[i] = solved;
        for (x, l) in x[..i].iter_mut().zip(row) {
            *x -= l * solved;
        }
    }
}

/// Four running sums, so that the additions do not wait for each other.
fn dot(a: &[f64], b: &[f64]) -> f64 {
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
    use approx::assert_relative_eq;
    use ppl_core::rng::keyed;

    const COVARIANCE: [f64; 9] = [4.0, 1.2, -0.6, 1.2, 1.0, 0.3, -0.6, 0.3, 2.0];

    #[test]
    fn momenta_of_a_dense_metric_have_the_mass_as_covariance() {
        let metric = Metric::dense(COVARIANCE.to_vec(), 3).unwrap();
        let mut rng = keyed(1, "metric", 0);
        let (mut p, mut v) = (vec![0.0; 3], vec![0.0; 3]);
        let draws = 200_000;
        // With p ~ N(0, M), cov(M^-1 p) = M^-1: the covariance must come back.
        let mut moments = [0.0; 9];
        for _ in 0..draws {
            metric.sample_momentum(&mut rng, &mut p);
            metric.velocity(&p, &mut v);
            for i in 0..3 {
                for j in 0..3 {
                    moments[3 * i + j] += v[i] * v[j] / f64::from(draws);
                }
            }
        }
        for (moment, truth) in moments.iter().zip(COVARIANCE) {
            // The standard error is at most sqrt(2) 4 / sqrt(draws) = 0.013.
            assert!((moment - truth).abs() < 0.05, "{moment} {truth}");
        }
    }

    #[test]
    fn a_diagonal_covariance_gives_both_kinds_of_metric_the_same_numbers() {
        let initial = InitialMetric::Diagonal(vec![0.25, 9.0]);
        let (a, b) = (initial.build(false, 2).unwrap(), initial.build(true, 2).unwrap());
        let (mut pa, mut pb, mut va, mut vb) = (vec![0.0; 2], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2]);
        a.sample_momentum(&mut keyed(2, "metric", 0), &mut pa);
        b.sample_momentum(&mut keyed(2, "metric", 0), &mut pb);
        a.velocity(&pa, &mut va);
        b.velocity(&pb, &mut vb);
        for i in 0..2 {
            assert_relative_eq!(pa[i], pb[i], max_relative = 1e-15);
            assert_relative_eq!(va[i], vb[i], max_relative = 1e-15);
        }
    }

    #[test]
    fn bad_metrics_are_refused() {
        assert!(matches!(Metric::diagonal(vec![1.0, 0.0]), Err(Error::Variance { index: 1, .. })));
        assert!(matches!(Metric::dense(vec![1.0, 2.0, 2.0, 1.0], 2), Err(Error::Covariance { pivot: 1, .. })));
        assert!(matches!(InitialMetric::Dense(vec![1.0; 3]).build(true, 2), Err(Error::Length { expected: 4, .. })));
        assert!(matches!(InitialMetric::Diagonal(vec![1.0; 3]).build(true, 2), Err(Error::Length { expected: 2, .. })));
    }
}
