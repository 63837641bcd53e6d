//! The metric: the covariance that momenta are scaled by, diagonal, diagonal and of low rank, or dense.

use crate::error::{Error, Result};
use crate::low_rank::{LowRank, dot};
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
    /// Variances, and a few directions in which they are wrong.
    LowRank(LowRank),
}

/// The kind of metric that a run uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// One variance a direction.
    #[default]
    Diagonal,
    /// A full covariance.
    Dense,
    /// Variances, corrected along a few directions; it stays as it is given, whatever the adaptation.
    LowRank,
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
    /// The inverse mass: variances with a correction of low rank.
    LowRank(LowRank),
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
            Self::LowRank(metric) => metric.variances(),
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
            Self::LowRank(metric) => metric.multiply(momentum, velocity),
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
            Self::LowRank(metric) => metric.whiten(momentum),
        }
    }
}

impl InitialMetric {
    /// The covariance this stands for, as a metric of the wanted kind: a covariance is cut to its diagonal for a
    /// diagonal metric and for the scales of one of low rank; variances become a diagonal covariance for a dense one.
    pub fn build(&self, kind: MetricKind, dim: usize) -> Result<Metric> {
        let fits = |got: usize| match got == dim {
            true => Ok(()),
            false => Err(Error::Length { what: "the initial metric", expected: dim, got }),
        };
        let variances = match self {
            Self::Unit => vec![1.0; dim],
            Self::Diagonal(variance) => {
                fits(variance.len())?;
                variance.clone()
            }
            Self::Dense(covariance) => {
                let metric = Metric::dense(covariance.clone(), dim)?;
                if kind == MetricKind::Dense {
                    return Ok(metric);
                }
                metric.variances()
            }
            Self::LowRank(metric) => {
                fits(metric.dim())?;
                match kind {
                    MetricKind::LowRank => return Ok(Metric::LowRank(metric.clone())),
                    MetricKind::Dense => return Metric::dense(metric.dense(), dim),
                    MetricKind::Diagonal => metric.variances(),
                }
            }
        };
        let diagonal = Metric::diagonal(variances)?;
        let variances = diagonal.variances();
        match kind {
            MetricKind::Diagonal => Ok(diagonal),
            MetricKind::Dense => Metric::dense(with_diagonal(&variances), dim),
            MetricKind::LowRank => {
                let scale = variances.into_iter().map(f64::sqrt).collect();
                LowRank::new(scale, vec![], vec![]).map(Metric::LowRank)
            }
        }
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
        let (a, b) = (initial.build(MetricKind::Diagonal, 2).unwrap(), initial.build(MetricKind::Dense, 2).unwrap());
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

    /// Scales, and two orthonormal directions.
    fn low_rank() -> LowRank {
        let (a, b) = (0.6, 0.8);
        LowRank::new(vec![0.5, 2.0, 1.0], vec![a, b, 0.0, b, -a, 0.0], vec![9.0, 0.25]).unwrap()
    }

    #[test]
    fn a_metric_of_low_rank_is_the_dense_one_of_its_covariance() {
        let initial = InitialMetric::LowRank(low_rank());
        let [low, dense] = [MetricKind::LowRank, MetricKind::Dense].map(|kind| initial.build(kind, 3).unwrap());
        let Metric::Dense { covariance, .. } = &dense else { panic!("dense") };
        // S (I + U (V - I) U^T) S by hand: the first entry is 0.25 (1 + 8 0.36 - 0.75 0.64).
        assert_relative_eq!(covariance[0], 0.25 * 3.4, max_relative = 1e-14);
        let (mut a, mut b) = (vec![0.0; 3], vec![0.0; 3]);
        low.velocity(&[0.3, -1.0, 2.0], &mut a);
        dense.velocity(&[0.3, -1.0, 2.0], &mut b);
        for (a, b) in a.iter().zip(&b).chain(low.variances().iter().zip(&dense.variances())) {
            assert_relative_eq!(a, b, max_relative = 1e-13);
        }
        // A momentum whitened, then made a velocity, is a draw with the covariance: M^-1 M^(1/2) z = M^(-1/2) z.
        let (mut p, mut q) = (vec![0.7, -0.2, 1.1], vec![0.7, -0.2, 1.1]);
        low_rank().whiten(&mut p);
        low.velocity(&p, &mut a);
        low_rank().correct(&mut q, f64::sqrt);
        for ((a, q), s) in a.iter().zip(&q).zip([0.5, 2.0, 1.0]) {
            assert_relative_eq!(*a, q * s, max_relative = 1e-13);
        }
    }

    #[test]
    fn bad_metrics_are_refused() {
        assert!(matches!(LowRank::new(vec![1.0], vec![1.0], vec![0.0]), Err(Error::Variance { index: 0, .. })));
        assert!(matches!(LowRank::new(vec![1.0; 2], vec![1.0], vec![1.0]), Err(Error::Length { expected: 2, .. })));
        assert!(InitialMetric::LowRank(low_rank()).build(MetricKind::LowRank, 2).is_err());
        assert!(matches!(Metric::diagonal(vec![1.0, 0.0]), Err(Error::Variance { index: 1, .. })));
        assert!(matches!(Metric::dense(vec![1.0, 2.0, 2.0, 1.0], 2), Err(Error::Covariance { pivot: 1, .. })));
        assert!(matches!(
            InitialMetric::Dense(vec![1.0; 3]).build(MetricKind::Dense, 2),
            Err(Error::Length { expected: 4, .. })
        ));
        assert!(matches!(
            InitialMetric::Diagonal(vec![1.0; 3]).build(MetricKind::Dense, 2),
            Err(Error::Length { expected: 2, .. })
        ));
    }
}
