//! The curvature of a log density of thousands of dimensions: variances along the coordinates, and the directions in which they are wrong.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ppl_core::LogDensity;
use ppl_core::rng::{Rng, keyed};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::optimizer::is_finite;
use super::probe::{Reach, probe};
use crate::error::{Error, Result, require};
use crate::low_rank::{LowRank, dot};

/// Directions that are probed at once.
const BATCH: usize = 256;
/// Multiples of the first step at which a coordinate without a drop of logp is taken as flat.
const FLAT: f64 = 1e8;
/// Step along a unit vector of the scaled coordinates, in standard deviations of one: far above the rounding of a single-precision
/// likelihood, and short enough for directions a hundred times as steep.
const STEP: f64 = 0.1;
/// The smallest curvature, relative to that of the coordinates, that a direction is given: no direction comes out more than three hundred
/// times as wide as its coordinates with the others held.
const FLOOR: f64 = 1e-5;
/// An eigenvector is taken if its residual is less than this part of its eigenvalue.
const RESOLVED: f64 = 0.1;

/// Settings of [`curvature`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurvatureSettings {
    /// How far logp drops at the two ends of a difference along a coordinate. Default 0.5 nats, one standard deviation.
    pub target_drop: f64,
    /// First step along each coordinate, in unconstrained units. Default 0.35: whitened numbers have a scale of one where data say nothing of
    /// them, and then one step does.
    pub first_step: f64,
    /// Steps of Lanczos' method, two gradients each. Default 400.
    pub steps: usize,
    /// Directions whose curvature differs by less than this factor, either way, from that of the coordinates are left as they are.
    /// Default 1.5.
    pub spread: f64,
    /// Fixes the vector that Lanczos' method starts with.
    pub seed: u64,
}

impl Default for CurvatureSettings {
    fn default() -> Self {
        Self { target_drop: 0.5, first_step: 0.35, steps: 400, spread: 1.5, seed: 0 }
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

/// Measures the curvature of `density` at `mean`, `[dim]`, which need be no maximum.
///
/// The variances are those of each coordinate with the others held, by two gradients each or some more. With the coordinates scaled by them
/// the Hessian has a diagonal of ones, and Lanczos' method finds its eigenvectors at both ends of the spectrum, which correct the variances:
/// what a [metric of low rank](LowRank) has. A dense covariance of as many dimensions would cost dim^3 operations, and dim^2 a leapfrog.
///
/// # Errors
/// A setting out of range, a mean of the wrong length or without finite log density, or a density that fails.
pub fn curvature(
    density: &(impl LogDensity + ?Sized),
    mean: &[f64],
    settings: &CurvatureSettings,
) -> Result<Curvature> {
    require(settings.target_drop > 0.0, "target_drop", settings.target_drop, "positive")?;
    require(settings.first_step > 0.0, "first_step", settings.first_step, "positive")?;
    require(settings.spread > 1.0, "spread", settings.spread, "above 1")?;
    let dim = density.dim();
    if dim == 0 {
        return Err(Error::Starts { dim, got: mean.len() });
    }
    if mean.len() != dim {
        return Err(Error::Length { what: "the mean of a Laplace approximation", expected: dim, got: mean.len() });
    }
    let (mut logp, mut grad) = (0.0, vec![0.0; dim]);
    density.logp_and_grad(mean, std::slice::from_mut(&mut logp), &mut grad)?;
    if !is_finite(logp, &grad) {
        return Err(Error::NoFiniteStart { lanes: 1 });
    }
    let (scale, probed) = scales(density, mean, logp, settings)?;
    let mut hessian = Differences { density, mean, scale: &scale, gradient_count: 0 };
    let (mut directions, mut eigenvalues) = hessian.ends(settings)?;
    let again = widened(density, mean, logp, &scale, (&mut directions, &mut eigenvalues), settings)?;
    let values = eigenvalues.into_iter().map(|value| 1.0 / value.max(FLOOR)).collect();
    let gradient_count = 1 + probed + hessian.gradient_count + again;
    let covariance = LowRank::new(scale, directions, values)?;
    Ok(Curvature { mean: mean.to_vec(), logp, covariance, gradient_count })
}

/// The standard deviation along each coordinate with the others held, and the gradients it took.
fn scales(
    density: &(impl LogDensity + ?Sized),
    mean: &[f64],
    logp: f64,
    settings: &CurvatureSettings,
) -> Result<(Vec<f64>, usize)> {
    let (dim, first, target) = (mean.len(), settings.first_step, settings.target_drop);
    let reach = Reach { first, limit: first * FLAT, target, max_lanes: 2 * BATCH };
    let (mut scale, mut count) = (Vec::with_capacity(dim), 0);
    for begin in (0..dim).step_by(BATCH) {
        let n = BATCH.min(dim - begin);
        let directions = DMatrix::from_fn(dim, n, |i, k| if i == begin + k { 1.0 } else { 0.0 });
        let seen = probe(density, mean, logp, &directions, reach).map_err(|error| match error {
            Error::NoCurvature { direction } => Error::NoCurvature { direction: begin + direction },
            error => error,
        })?;
        count += seen.gradient_count;
        for k in 0..n {
            let curvature = seen.curvature[(begin + k, k)];
            // Where the gradient says nothing useful, the drop does.
            let by_drop = seen.steps[k] / (2.0 * seen.drops[k].max(1e-3 * target)).sqrt();
            scale.push(if curvature > 0.0 { curvature.sqrt().recip() } else { by_drop });
        }
    }
    Ok((scale, count))
}

/// Measures the wide directions again, at steps as long as they are wide, and turns them to what is then seen: returns the gradients it took.
fn widened(
    density: &(impl LogDensity + ?Sized),
    mean: &[f64],
    logp: f64,
    scale: &[f64],
    (directions, values): (&mut [f64], &mut [f64]),
    settings: &CurvatureSettings,
) -> Result<usize> {
    let dim = mean.len();
    let wide: Vec<usize> = (0..values.len()).filter(|k| values[*k] < 1.0).collect();
    if wide.is_empty() {
        return Ok(0);
    }
    let of = |k: usize, i: usize| directions[wide[k] * dim + i];
    let unit = DMatrix::from_fn(dim, wide.len(), |i, k| of(k, i));
    // Each with a standard deviation of about one.
    let along = DMatrix::from_fn(dim, wide.len(), |i, k| of(k, i) * scale[i] / values[wide[k]].max(FLOOR).sqrt());
    let reach = Reach { first: 1.0, limit: FLAT, target: settings.target_drop, max_lanes: 2 * BATCH };
    let seen = probe(density, mean, logp, &along, reach)?;
    let projected = along.tr_mul(&seen.curvature);
    // Back to unit directions.
    let size: Vec<f64> = wide.iter().map(|k| values[*k].max(FLOOR).sqrt()).collect();
    let measured = DMatrix::from_fn(wide.len(), wide.len(), |i, k| {
        0.5 * (projected[(i, k)] + projected[(k, i)]) * size[i] * size[k]
    });
    let eigen = SymmetricEigen::new(measured);
    let turned = unit * &eigen.eigenvectors;
    for (k, (place, value)) in wide.iter().zip(eigen.eigenvalues.iter()).enumerate() {
        values[*place] = *value;
        directions[place * dim..(place + 1) * dim].copy_from_slice(turned.column(k).as_slice());
    }
    Ok(seen.gradient_count)
}

/// The Hessian of -logp in scaled coordinates, by differences of the gradient.
struct Differences<'a, D: ?Sized> {
    density: &'a D,
    mean: &'a [f64],
    scale: &'a [f64],
    gradient_count: usize,
}

impl<D: LogDensity + ?Sized> Differences<'_, D> {
    /// The Hessian times a unit vector.
    fn times(&mut self, v: &[f64]) -> Result<Vec<f64>> {
        let dim = v.len();
        let moved = |step: f64| self.mean.iter().zip(self.scale).zip(v).map(move |((m, s), v)| m + step * s * v);
        let positions: Vec<f64> = moved(STEP).chain(moved(-STEP)).collect();
        let (mut logp, mut grad) = ([0.0; 2], vec![0.0; 2 * dim]);
        self.density.logp_and_grad(&positions, &mut logp, &mut grad)?;
        self.gradient_count += 2;
        if !is_finite(logp[0], &grad[..dim]) || !is_finite(logp[1], &grad[dim..]) {
            return Err(Error::NoCurvature { direction: 0 });
        }
        let (up, down) = grad.split_at(dim);
        Ok(up.iter().zip(down).zip(self.scale).map(|((u, d), s)| -(u - d) / (2.0 * STEP) * s).collect())
    }

    /// The eigenvectors `[rank, dim]` of eigenvalues beyond the spread, and these: Lanczos' method with full reorthogonalisation.
    fn ends(&mut self, settings: &CurvatureSettings) -> Result<(Vec<f64>, Vec<f64>)> {
        let dim = self.mean.len();
        let mut rng = keyed(settings.seed, "lanczos", 0);
        let mut next: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(&mut rng)).collect();
        let (mut basis, mut diagonal, mut beside): (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) = (vec![], vec![], vec![]);
        let mut length = dot(&next, &next).sqrt();
        while basis.len() < settings.steps.min(dim) && length > 1e-6 {
            next.iter_mut().for_each(|x| *x /= length);
            let image = self.times(&next)?;
            basis.push(next);
            let v = &basis[basis.len() - 1];
            diagonal.push(dot(&image, v));
            next = image;
            // Twice is enough.
            for _ in 0..2 {
                for v in &basis {
                    let along = dot(&next, v);
                    next.iter_mut().zip(v).for_each(|(x, v)| *x -= along * v);
                }
            }
            length = dot(&next, &next).sqrt();
            beside.push(length);
        }
        let m = basis.len();
        let tridiagonal = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
            0 => diagonal[i],
            1 => beside[i.min(j)],
            _ => 0.0,
        });
        let eigen = SymmetricEigen::new(tridiagonal);
        let left = beside.last().copied().unwrap_or(0.0);
        let (mut directions, mut values) = (vec![], vec![]);
        for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            let residual = left * vector[m - 1].abs();
            let beyond = *value > settings.spread || *value < 1.0 / settings.spread;
            if beyond && residual < RESOLVED * value.abs().max(1e-3) {
                directions.extend(combined(&basis, &vector.into_owned()));
                values.push(*value);
            }
        }
        Ok((directions, values))
    }
}

/// The sum of the vectors with these weights.
fn combined(basis: &[Vec<f64>], weights: &DVector<f64>) -> Vec<f64> {
    let mut sum = vec![0.0; basis.first().map_or(0, Vec::len)];
    for (v, w) in basis.iter().zip(weights.iter()) {
        sum.iter_mut().zip(v).for_each(|(s, v)| *s += w * v);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FnDensity;
    use approx::assert_relative_eq;

    /// A normal density of scales from 0.01 to 10 whose precision has in scaled coordinates three directions of other curvature.
    fn density(dim: usize) -> (impl LogDensity, LowRank) {
        let scale: Vec<f64> = (0..dim).map(|i| 0.01 * 1000_f64.powf(i as f64 / dim as f64)).collect();
        let wave = |k: f64| {
            (0..dim).map(move |i| {
                (2.0 / dim as f64).sqrt() * (k * (i as f64 + 0.5) * std::f64::consts::PI / dim as f64).cos()
            })
        };
        let directions: Vec<f64> = wave(1.0).chain(wave(2.0)).chain(wave(5.0)).collect();
        let precision =
            LowRank::new(scale.iter().map(|s| 1.0 / s).collect(), directions.clone(), vec![60.0, 0.05, 9.0]).unwrap();
        let covariance = LowRank::new(scale, directions, vec![1.0 / 60.0, 20.0, 1.0 / 9.0]).unwrap();
        let f = move |q: &[f64], g: &mut [f64]| {
            precision.multiply(q, g);
            let logp = -0.5 * dot(q, g);
            g.iter_mut().for_each(|g| *g = -*g);
            logp
        };
        (FnDensity::new(dim, f), covariance)
    }

    #[test]
    fn the_covariance_of_a_normal_density_comes_back() {
        let (density, covariance) = density(300);
        let found = curvature(&density, &vec![0.0; 300], &CurvatureSettings::default()).unwrap();
        // The scales given the others are not those of the factor; the product is what counts.
        let (mut a, mut b) = (vec![0.0; 300], vec![0.0; 300]);
        for seed in 0..3 {
            let p: Vec<f64> =
                (0..300).map(|i| (0.37 * (i + 100 * seed) as f64).sin() / covariance.variances()[i].sqrt()).collect();
            found.covariance.multiply(&p, &mut a);
            covariance.multiply(&p, &mut b);
            let (off, size) = a
                .iter()
                .zip(&b)
                .zip(covariance.variances())
                .fold((0.0_f64, 0.0_f64), |(off, size), ((a, b), v)| (off + (a - b).powi(2) / v, size + b * b / v));
            // What is within the spread of 1.5 is left as it is.
            assert!(off < 0.05 * size, "{off} {size}");
        }
        assert!(found.gradient_count < 300 * 8 + 900, "{}", found.gradient_count);
    }

    #[test]
    fn draws_have_the_variances_and_a_point_without_density_is_refused() {
        let (density, covariance) = density(40);
        let found = curvature(&density, &[0.0; 40], &CurvatureSettings::default()).unwrap();
        let draws = found.sample(&mut keyed(1, "draws", 0), 20_000);
        let variance = draws.chunks(40).map(|draw| draw[3] * draw[3]).sum::<f64>() / 20_000.0;
        // 20,000 draws know a variance to 1 %.
        assert_relative_eq!(variance, covariance.variances()[3], max_relative = 0.1);
        assert!(matches!(
            curvature(&density, &[f64::NAN; 40], &CurvatureSettings::default()),
            Err(Error::NoFiniteStart { .. })
        ));
        assert!(curvature(&density, &[0.0; 3], &CurvatureSettings::default()).is_err());
    }
}
