//! The curvature of a log density with thousands of whitened numbers: the identity and a few directions that data know.

use std::ops::Range;

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ppl_core::LogDensity;
use ppl_core::rng::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::optimizer::is_finite;
use super::probe::{Reach, probe};
use super::whitened::{Field, Known};
use crate::error::{Error, Result, require};
use crate::low_rank::LowRank;

/// Multiples of the first step at which a direction without a drop of logp is taken as flat.
const FLAT: f64 = 1e8;
/// First step along each of the other coordinates, in unconstrained units.
const FIRST_STEP: f64 = 0.01;
/// The least precision of a combination of the others, relative to that of its parts.
const FLOOR: f64 = 1e-7;

/// Settings of [`curvature`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurvatureSettings {
    /// How far logp drops at the two ends of a difference along what is no whitened number. Default 0.5 nats, one standard deviation.
    pub target_drop: f64,
    /// Steps of Lanczos' method, two gradients each. Default 500.
    pub steps: usize,
    /// Directions of whitened numbers along which the curvature is less than this are left at one, that of their prior. Default 1.3.
    pub least: f64,
    /// Fixes the vector that Lanczos' method starts with.
    pub seed: u64,
}

impl Default for CurvatureSettings {
    fn default() -> Self {
        Self { target_drop: 0.5, steps: 500, least: 1.3, seed: 0 }
    }
}

/// A Gaussian around a point, in unconstrained space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curvature {
    /// The point, `[dim]`.
    pub mean: Vec<f64>,
    /// Log density there.
    pub logp: f64,
    /// The inverse of the Hessian of -logp, nearly.
    pub covariance: LowRank,
    /// Gradients it took.
    pub gradient_count: usize,
}

impl Curvature {
    /// `n` draws, `[n, dim]`.
    pub fn sample(&self, rng: &mut Rng, n: usize) -> Vec<f64> {
        let mut all = Vec::with_capacity(n * self.mean.len());
        for _ in 0..n {
            let mut draw: Vec<f64> = self.mean.iter().map(|_| StandardNormal.sample(&mut *rng)).collect();
            self.covariance.colour(&mut draw);
            all.extend(draw.iter().zip(&self.mean).map(|(d, m)| d + m));
        }
        all
    }
}

/// Measures the curvature of `density` at `mean`, `[dim]`, which need be no maximum; `whitened` are the places of numbers whose prior is the
/// standard normal distribution, hundreds or thousands.
///
/// With z the whitened numbers, t the few others and H the Hessian of -logp,
///
/// - H_zz is the identity, and in a few hundred directions that data know more: Lanczos' method finds those, largest first, by differences of
///   the gradient, which are exact where logp is quadratic in z;
/// - X = H_zz^-1 H_zt by conjugate gradients says how z follows t;
/// - along t with z following it the curvature is that of the marginal density, H_tt - H_zt^T X: it is measured there, at steps that
///   lower logp by `target_drop`.
///
/// The covariance has a low rank beside the identity. A dense one would cost dim^3 operations, and dim^2 a leapfrog.
///
/// # Errors
/// A setting out of range, places that are none, a mean of the wrong length or without finite log density, a direction along which logp does
/// not fall, or a density that fails.
pub fn curvature(
    density: &(impl LogDensity + ?Sized),
    mean: &[f64],
    whitened: &[Range<usize>],
    settings: &CurvatureSettings,
) -> Result<Curvature> {
    require(settings.target_drop > 0.0, "target_drop", settings.target_drop, "positive")?;
    require(settings.least > 1.0, "least", settings.least, "above 1")?;
    let dim = density.dim();
    if mean.len() != dim || dim == 0 {
        return Err(Error::Length { what: "the mean of a Laplace approximation", expected: dim, got: mean.len() });
    }
    let mut is_whitened = vec![false; dim];
    for range in whitened {
        let places = is_whitened.get_mut(range.clone());
        let got = range.end;
        places.ok_or(Error::Length { what: "the places of whitened numbers", expected: dim, got })?.fill(true);
    }
    let others: Vec<usize> = (0..dim).filter(|i| !is_whitened[*i]).collect();
    let (mut logp, mut grad) = (0.0, vec![0.0; dim]);
    density.logp_and_grad(mean, std::slice::from_mut(&mut logp), &mut grad)?;
    if !is_finite(logp, &grad) {
        return Err(Error::NoFiniteStart { lanes: 1 });
    }
    let mut field = Field { density, mean, is_whitened: &is_whitened, gradient_count: 1 };
    let known = field.known(settings.steps, settings.least, settings.seed)?;
    let following = following(&mut field, logp, &others, &known, settings.target_drop)?;
    let gradient_count = field.gradient_count;
    let covariance = covariance(dim, &others, &known, following)?;
    Ok(Curvature { mean: mean.to_vec(), logp, covariance, gradient_count })
}

/// Independent directions, `[dim]` each and of a standard deviation of one, along which the other numbers move and the whitened follow.
struct Following(Vec<DVector<f64>>);

/// How the whitened numbers follow the others, and how far.
fn following<D: LogDensity + ?Sized>(
    field: &mut Field<'_, D>,
    logp: f64,
    others: &[usize],
    known: &Known,
    target: f64,
) -> Result<Following> {
    let (dim, count) = (field.mean.len(), others.len());
    if count == 0 {
        return Ok(Following(vec![]));
    }
    let alone = DMatrix::from_fn(dim, count, |i, k| if i == others[k] { 1.0 } else { 0.0 });
    let reach = Reach { first: FIRST_STEP, limit: FIRST_STEP * FLAT, target, max_lanes: 2 * count };
    let of_coordinate = |error| match error {
        Error::NoCurvature { direction } => Error::NoCurvature { direction: others[direction] },
        error => error,
    };
    let seen = probe(field.density, field.mean, logp, &alone, reach).map_err(of_coordinate)?;
    field.gradient_count += seen.gradient_count;
    let across: Vec<Vec<f64>> = (0..count)
        .map(|k| {
            let column = seen.curvature.column(k);
            column.iter().zip(field.is_whitened).map(|(c, z)| if *z { *c } else { 0.0 }).collect()
        })
        .collect();
    let follow = field.solve(across, known)?;
    // Along each coordinate with the field following it: narrow ones first, so that a step is a step of all of them.
    let of = |i: usize, k: usize| if i == others[k] { 1.0 } else { -follow[k][i] };
    let mut along = DMatrix::from_fn(dim, count, of);
    for first in [seen.steps, vec![1.0; count]] {
        for (mut column, first) in along.column_iter_mut().zip(&first) {
            column *= *first;
        }
        let reach = Reach { first: 1.0, limit: FLAT, target, max_lanes: 2 * count };
        let seen = probe(field.density, field.mean, logp, &along, reach).map_err(of_coordinate)?;
        field.gradient_count += seen.gradient_count;
        let precision = along.tr_mul(&seen.curvature);
        let precision = 0.5 * (&precision + precision.transpose());
        along *= unit_widths(precision, &seen.drops, &seen.steps);
    }
    Ok(Following(along.column_iter().map(|column| column.into_owned()).collect()))
}

/// What turns directions of this precision into independent ones of a standard deviation of one. Where it is not positive, the drops at the
/// ends of the steps say how wide a direction is.
fn unit_widths(mut precision: DMatrix<f64>, drops: &[f64], steps: &[f64]) -> DMatrix<f64> {
    let widths: Vec<f64> = (0..precision.nrows())
        .map(|k| {
            let by_drop = 2.0 * drops[k].max(1e-6) / (steps[k] * steps[k]);
            precision[(k, k)] = if precision[(k, k)] > 0.0 { precision[(k, k)] } else { by_drop };
            precision[(k, k)].sqrt().recip()
        })
        .collect();
    let scaled = DMatrix::from_fn(widths.len(), widths.len(), |i, j| precision[(i, j)] * widths[i] * widths[j]);
    let eigen = SymmetricEigen::new(scaled);
    DMatrix::from_fn(widths.len(), widths.len(), |i, k| {
        widths[i] * eigen.eigenvectors[(i, k)] / eigen.eigenvalues[k].max(FLOOR).sqrt()
    })
}

/// The identity on whitened numbers, 1 / value along what is known, and what follows the others, as one covariance of low rank.
fn covariance(dim: usize, others: &[usize], known: &Known, following: Following) -> Result<LowRank> {
    // In units in which the others are as wide as whitened numbers.
    let mut scale = vec![1.0; dim];
    for i in others {
        scale[*i] = following.0.iter().map(|f| f[*i] * f[*i]).sum::<f64>().sqrt();
    }
    let scaled: Vec<DVector<f64>> =
        following.0.into_iter().map(|f| DVector::from_fn(dim, |i, _| f[i] / scale[i])).collect();
    // Beyond these directions it is the identity.
    let mut basis: Vec<DVector<f64>> = vec![];
    let mut add = |mut v: DVector<f64>| {
        let whole = v.norm();
        // Twice is enough.
        for _ in 0..2 {
            for b in &basis {
                let along = b.dot(&v);
                v.axpy(-along, b, 1.0);
            }
        }
        let size = v.norm();
        if size > 1e-9 * whole {
            basis.push(v / size);
        }
    };
    others.iter().for_each(|i| add(DVector::from_fn(dim, |k, _| if k == *i { 1.0 } else { 0.0 })));
    known.directions.chunks_exact(dim).for_each(|u| add(DVector::from_column_slice(u)));
    scaled.iter().for_each(|f| add(f.clone()));
    if basis.is_empty() {
        return LowRank::new(scale, vec![], vec![]);
    }
    let basis = DMatrix::from_columns(&basis);
    let mut inner = DMatrix::identity(basis.ncols(), basis.ncols());
    let mut plus = |weight: f64, v: DVector<f64>| inner.ger(weight, &v, &v, 1.0);
    others.iter().for_each(|i| plus(-1.0, basis.row(*i).transpose()));
    for (u, value) in known.directions.chunks_exact(dim).zip(&known.values) {
        plus(1.0 / value - 1.0, basis.tr_mul(&DVector::from_column_slice(u)));
    }
    scaled.iter().for_each(|f| plus(1.0, basis.tr_mul(f)));
    let eigen = SymmetricEigen::new(inner);
    let directions = (&basis * &eigen.eigenvectors).as_slice().to_vec();
    LowRank::new(scale, directions, eigen.eigenvalues.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FnDensity;
    use std::slice::from_ref;

    use approx::assert_relative_eq;
    use ppl_core::rng::keyed;

    const OTHERS: usize = 3;

    /// A normal density of so many whitened numbers and three others, of which data are sums, and its covariance.
    fn density(size: usize, data: usize) -> (impl LogDensity, DMatrix<f64>) {
        let dim = size + OTHERS;
        // The whitened numbers lie between the others; data know the first of them best.
        let design = DMatrix::from_fn(data, dim, |i, k| match k {
            0 => 3.0 * (0.3 * i as f64).cos(),
            k if k >= dim - 2 => 200.0 * (0.11 * i as f64 * (k + 3 - dim) as f64).sin(),
            k => 12.0 / k as f64 * (0.7 * (i + 1) as f64 * k as f64).sin(),
        });
        let mut precision = design.tr_mul(&design);
        for k in 0..dim {
            precision[(k, k)] += if k == 0 || k >= dim - 2 { 1e-3 } else { 1.0 };
        }
        let covariance = precision.clone().try_inverse().unwrap();
        let f = move |q: &[f64], g: &mut [f64]| {
            let slope = &precision * DVector::from_column_slice(q);
            g.iter_mut().zip(slope.iter()).for_each(|(g, s)| *g = -s);
            -0.5 * slope.dot(&DVector::from_column_slice(q))
        };
        (FnDensity::new(dim, f), covariance)
    }

    #[test]
    fn the_covariance_of_a_normal_density_comes_back() {
        let (density, covariance) = density(200, 60);
        let found = curvature(&density, &[0.0; 203], from_ref(&(1..201)), &CurvatureSettings::default()).unwrap();
        let dense = found.covariance.dense();
        for i in 0..203 {
            for k in 0..203 {
                let unit = (covariance[(i, i)] * covariance[(k, k)]).sqrt();
                // What is known less than 1.3 times as well is left as it is.
                let off = (dense[i * 203 + k] - covariance[(i, k)]).abs() / unit;
                assert!(off < if i == k { 0.25 } else { 0.1 }, "{i} {k}: {off}");
            }
        }
        for i in [0, 201, 202] {
            assert_relative_eq!(dense[i * 203 + i], covariance[(i, i)], max_relative = 1e-3);
        }
        assert!(found.gradient_count < 700, "{}", found.gradient_count);
    }

    #[test]
    fn draws_have_the_variances_and_a_point_without_density_is_refused() {
        let (density, covariance) = density(40, 20);
        let settings = CurvatureSettings::default();
        let found = curvature(&density, &[0.0; 43], from_ref(&(1..41)), &settings).unwrap();
        let draws = found.sample(&mut keyed(1, "draws", 0), 20_000);
        let variance = draws.chunks(43).map(|draw| draw[42] * draw[42]).sum::<f64>() / 20_000.0;
        // 20,000 draws know a variance to 1 %.
        assert_relative_eq!(variance, covariance[(42, 42)], max_relative = 0.05);
        assert!(matches!(
            curvature(&density, &[f64::NAN; 43], from_ref(&(1..41)), &settings),
            Err(Error::NoFiniteStart { .. })
        ));
        assert!(curvature(&density, &[0.0; 3], &[], &settings).is_err());
        assert!(curvature(&density, &[0.0; 43], from_ref(&(1..44)), &settings).is_err());
    }
}
