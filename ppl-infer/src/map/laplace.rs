//! The Laplace approximation: the Gaussian with the curvature of the log density at its maximum.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ppl_core::LogDensity;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::optimizer::is_finite;
use super::probe::{Probe, Reach, probe};
use crate::error::{Error, Result, require};

/// Passes go on until the matrix left over is the identity within this factor either way, or there were `MAX_PASSES`.
const WHITE: f64 = 2.0;
const MAX_PASSES: usize = 4;
/// Smallest eigenvalue, relative to the largest, that a pass hands on to the next: below it is rounding.
const RESOLUTION: f64 = 1e-12;
/// Multiples of the first step, in the first pass and in the others, at which a direction without a drop of logp is taken as flat.
const FLAT: [f64; 2] = [1e8, 1e3];
/// Longest standard deviation along a direction, in multiples of what the step at which it was measured suggests.
const MAX_SCALE: f64 = 10.0;

/// Nats that a Newton step must promise to be tried: a seventh of a standard deviation, and above the rounding of logp.
const POLISH: f64 = 0.01;
/// Lengths 1, 1/2, 1/4, .. of a Newton step that are tried at once.
const HALVINGS: usize = 8;

/// Settings of [`laplace`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaplaceSettings {
    /// How far logp drops, on average, between the mean and the two ends of a difference. Default 0.5 nats: one standard
    /// deviation, far above the rounding of a single-precision likelihood. Smaller is closer to the second derivative.
    pub target_drop: f64,
    /// First step along each coordinate, in unconstrained units. Default 1e-3.
    pub first_step: f64,
    /// Smallest eigenvalue of the whitened Hessian, whose diagonal is 1. Default 0.01: no direction comes out more than ten times
    /// as wide as where logp was seen to drop.
    pub floor: f64,
    /// Whether the mean may move to a higher point by Newton steps. Default true: an optimizer in single precision often ends some
    /// tenths of a standard deviation away from the maximum.
    pub polish: bool,
    /// Most lanes in one call, 8 at least. Default 512.
    pub max_lanes: usize,
}

impl Default for LaplaceSettings {
    fn default() -> Self {
        Self { target_drop: 0.5, first_step: 1e-3, floor: 0.01, polish: true, max_lanes: 512 }
    }
}

/// A Gaussian around a maximum, in unconstrained space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Laplace {
    /// The maximum, `[dim]`: where it was started, or a higher point if that was not quite the maximum.
    pub mean: Vec<f64>,
    /// Log density there.
    pub logp: f64,
    /// `[dim, dim]`, row-major, symmetric, positive definite.
    pub covariance: Vec<f64>,
    /// logp(mean) + dim/2 ln(2 pi) + ln det(covariance) / 2: the log evidence if the density is normalised as a joint.
    pub log_evidence: f64,
    /// Eigenvalues of the whitened Hessian that had to be raised to the floor. Not 0: the mean is no maximum, or the density is
    /// flat or far from Gaussian in so many directions.
    pub floored: usize,
    /// g' C g / 2 at the mean: the nats that a Newton step would still gain. Large: the mean is no maximum.
    pub gain: f64,
    /// Gradients it took.
    pub gradient_count: usize,
    /// F with covariance = F F', `[dim, dim]`, row-major.
    factor: Vec<f64>,
}

/// Measures the curvature of `density` at `mean` (`[dim]`, a maximum) and inverts it.
///
/// The Hessian of -logp is taken from differences of the gradient, along the coordinates first, then along the eigenvectors of
/// what the pass before found, each scaled to a drop of about `target_drop`: in that basis the Hessian is close to the identity,
/// so that correlations of any strength and single-precision noise do no harm. A pass costs 2 dim gradients, and some more where
/// steps have to be searched; two passes, or three or four if the second is not yet white or the mean has moved.
///
/// # Errors
/// A setting out of range, a mean of the wrong length or without finite log density, or a density that fails.
pub fn laplace(density: &(impl LogDensity + ?Sized), mean: &[f64], settings: &LaplaceSettings) -> Result<Laplace> {
    settings.check()?;
    let dim = density.dim();
    if dim == 0 {
        return Err(Error::Starts { dim, got: mean.len() });
    }
    if mean.len() != dim {
        return Err(Error::Length { what: "the mean of a Laplace approximation", expected: dim, got: mean.len() });
    }
    let mut at = Maximum { mean: mean.to_vec(), logp: 0.0, grad: vec![0.0; dim], gradient_count: 1 };
    density.logp_and_grad(mean, std::slice::from_mut(&mut at.logp), &mut at.grad)?;
    if !is_finite(at.logp, &at.grad) {
        return Err(Error::NoFiniteStart { lanes: 1 });
    }
    // F starts as the identity; every pass multiplies it by whatever makes F' H F = 1, and adds to ln |det F|.
    let mut factor = DMatrix::identity(dim, dim);
    let (mut log_det, mut pass) = (0.0, 0);
    let (target, max_lanes) = (settings.target_drop, settings.max_lanes);
    let mut reach = Reach { first: settings.first_step, limit: settings.first_step * FLAT[0], target, max_lanes };
    let floored = loop {
        pass += 1;
        let seen = probe(density, &at.mean, at.logp, &factor, reach)?;
        at.gradient_count += seen.gradient_count;
        let white = Whitener::new(&factor, &seen, target);
        let done = pass == MAX_PASSES || (pass > 1 && white.is_white());
        let floor = if done { Floor::Final(settings.floor) } else { Floor::Passing };
        let floored = white.apply(&mut factor, &mut log_det, floor);
        let moved = settings.polish && at.polish(density, &factor)?;
        if done && (!moved || pass == MAX_PASSES) {
            break floored;
        }
        let unit = (2.0 * target).sqrt();
        (reach.first, reach.limit) = (unit, unit * FLAT[1]);
    };
    let covariance = &factor * factor.transpose();
    let covariance = 0.5 * (&covariance + covariance.transpose());
    Ok(Laplace {
        covariance: covariance.as_slice().to_vec(),
        log_evidence: at.logp + 0.5 * dim as f64 * std::f64::consts::TAU.ln() + log_det,
        floored,
        gain: at.gain(&factor),
        mean: at.mean,
        logp: at.logp,
        gradient_count: at.gradient_count,
        factor: factor.transpose().as_slice().to_vec(),
    })
}

/// Where the curvature is measured.
struct Maximum {
    mean: Vec<f64>,
    logp: f64,
    grad: Vec<f64>,
    gradient_count: usize,
}

impl Maximum {
    /// g' C g / 2, what a Newton step promises.
    fn gain(&self, factor: &DMatrix<f64>) -> f64 {
        0.5 * factor.tr_mul(&DVector::from_row_slice(&self.grad)).norm_squared()
    }

    /// Goes where a Newton step, or the best of its halves, leads, if more than `POLISH` nats are promised and some are found.
    fn polish(&mut self, density: &(impl LogDensity + ?Sized), factor: &DMatrix<f64>) -> Result<bool> {
        if self.gain(factor) <= POLISH {
            return Ok(false);
        }
        let step = factor * factor.tr_mul(&DVector::from_row_slice(&self.grad));
        let dim = self.mean.len();
        let mut positions = Vec::with_capacity(HALVINGS * dim);
        for halving in 0..HALVINGS {
            let length = 0.5_f64.powi(halving as i32);
            positions.extend(self.mean.iter().zip(step.iter()).map(|(m, s)| m + length * s));
        }
        let (mut logp, mut grads) = ([0.0; HALVINGS], vec![0.0; positions.len()]);
        density.logp_and_grad(&positions, &mut logp, &mut grads)?;
        self.gradient_count += HALVINGS;
        let before = self.logp;
        for ((&logp, position), grad) in logp.iter().zip(positions.chunks(dim)).zip(grads.chunks(dim)) {
            if logp > self.logp && is_finite(logp, grad) {
                self.logp = logp;
                self.mean.copy_from_slice(position);
                self.grad.copy_from_slice(grad);
            }
        }
        Ok(self.logp > before)
    }
}

impl LaplaceSettings {
    fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        require(positive(self.target_drop), "laplace.target_drop", self.target_drop, "positive")?;
        require(positive(self.first_step), "laplace.first_step", self.first_step, "positive")?;
        require(self.floor > 0.0 && self.floor <= 1.0, "laplace.floor", self.floor, "in (0, 1]")?;
        require(self.max_lanes >= HALVINGS, "laplace.max_lanes", self.max_lanes as f64, "at least 8")
    }
}

impl Laplace {
    /// A Gaussian that was found otherwise, by its factor F with covariance = F F', `[dim, dim]`, row-major. Log density and
    /// evidence are not known, and NaN.
    pub(crate) fn of_gaussian(mean: Vec<f64>, covariance: Vec<f64>, factor: Vec<f64>) -> Self {
        let unknown = f64::NAN;
        let (gain, log_evidence) = (unknown, unknown);
        Self { mean, logp: unknown, covariance, log_evidence, floored: 0, gain, gradient_count: 0, factor }
    }

    /// F with covariance = F F', `[dim, dim]`, row-major.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// Length of one position.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Standard deviation of each coordinate, `[dim]`.
    pub fn std_dev(&self) -> Vec<f64> {
        self.covariance.iter().step_by(self.dim() + 1).map(|v| v.sqrt()).collect()
    }

    /// Draws `n` positions, `[n, dim]`, row-major.
    pub fn sample(&self, rng: &mut impl rand::Rng, n: usize) -> Vec<f64> {
        let dim = self.dim();
        let mut draws = Vec::with_capacity(n * dim);
        let mut z = vec![0.0; dim];
        for _ in 0..n {
            z.fill_with(|| StandardNormal.sample(rng));
            let rows = self.factor.chunks(dim.max(1));
            draws.extend(
                self.mean.iter().zip(rows).map(|(m, row)| m + row.iter().zip(&z).map(|(f, z)| f * z).sum::<f64>()),
            );
        }
        draws
    }
}

/// What is done about eigenvalues that are not positive, or too small.
#[derive(Clone, Copy)]
enum Floor {
    /// Between passes a negative eigenvalue counts by its size: it is noise, or a scale as good as any.
    Passing,
    /// In the last pass the nearest positive definite matrix with this floor is taken.
    Final(f64),
}

/// F' H F = D M D with M of unit diagonal, and the eigenvalues and eigenvectors of M.
struct Whitener {
    /// 1 / D: what each column of F is multiplied by.
    scales: Vec<f64>,
    eigen: SymmetricEigen<f64, nalgebra::Dyn>,
}

impl Whitener {
    /// `target` is the drop that the steps of `seen` aimed at.
    fn new(factor: &DMatrix<f64>, seen: &Probe, target: f64) -> Self {
        let hessian = factor.tr_mul(&seen.curvature);
        let widest = |k: usize| MAX_SCALE * seen.steps[k] / (2.0 * target).sqrt();
        let scale = |k: usize| match hessian[(k, k)] {
            curvature if curvature > 0.0 => (1.0 / curvature.sqrt()).min(widest(k)),
            // No maximum in this direction: the length over which logp changes by half a nat.
            _ => (seen.steps[k] / (2.0 * seen.drops[k].abs()).sqrt()).min(widest(k)),
        };
        let scales: Vec<f64> = (0..hessian.nrows()).map(scale).collect();
        let unit = DMatrix::from_fn(hessian.nrows(), hessian.ncols(), |i, j| {
            0.5 * (hessian[(i, j)] + hessian[(j, i)]) * scales[i] * scales[j]
        });
        Self { scales, eigen: SymmetricEigen::new(unit) }
    }

    fn is_white(&self) -> bool {
        self.eigen.eigenvalues.iter().all(|&value| value > 1.0 / WHITE && value < WHITE)
    }

    /// F <- F D^-1 Q M^-1/2, which makes F' H F = 1. Returns how many eigenvalues lay below the floor.
    fn apply(&self, factor: &mut DMatrix<f64>, log_det: &mut f64, floor: Floor) -> usize {
        let values = &self.eigen.eigenvalues;
        let raised = |value: f64| match floor {
            Floor::Passing => value.abs().max(RESOLUTION * values.amax()),
            Floor::Final(floor) => value.max(floor),
        };
        for (mut column, scale) in factor.column_iter_mut().zip(&self.scales) {
            column *= *scale;
            *log_det += scale.ln();
        }
        *factor *= &self.eigen.eigenvectors;
        for (mut column, &value) in factor.column_iter_mut().zip(values.iter()) {
            column /= raised(value).sqrt();
            *log_det -= 0.5 * raised(value).ln();
        }
        values.iter().filter(|&&value| raised(value) != value).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;

    #[test]
    fn draws_have_the_mean_and_the_covariance() {
        let factor = vec![2.0, 0.0, 1.0, 0.5];
        let covariance = vec![4.0, 2.0, 2.0, 1.25];
        let laplace = Laplace {
            mean: vec![3.0, -1.0],
            logp: 0.0,
            covariance,
            log_evidence: 0.0,
            floored: 0,
            gain: 0.0,
            gradient_count: 0,
            factor,
        };
        let n = 40_000;
        let draws = laplace.sample(&mut keyed(1, "laplace", 0), n);
        let mean = |f: &dyn Fn(&[f64]) -> f64| draws.chunks(2).map(f).sum::<f64>() / n as f64;
        // Five standard errors: 5 sqrt(4 / n) = 0.05 for the means, 5 sqrt(2) 4 / sqrt(n) = 0.14 for the largest variance.
        assert!((mean(&|q| q[0]) - 3.0).abs() < 0.05 && (mean(&|q| q[1]) + 1.0).abs() < 0.05);
        let moment = |i: usize, j: usize| mean(&|q| (q[i] - laplace.mean[i]) * (q[j] - laplace.mean[j]));
        for (i, j, want) in [(0, 0, 4.0), (0, 1, 2.0), (1, 1, 1.25)] {
            assert!((moment(i, j) - want).abs() < 0.14, "{i} {j}: {}", moment(i, j));
        }
        assert_eq!(laplace.std_dev(), [2.0, 1.25_f64.sqrt()]);
    }
}
