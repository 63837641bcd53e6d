//! What data know of whitened numbers: the Hessian of -logp among them, by differences of the gradient.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ppl_core::LogDensity;
use ppl_core::rng::keyed;
use rand_distr::{Distribution, StandardNormal};

use super::optimizer::is_finite;
use crate::error::{Error, Result};
use crate::low_rank::dot;

/// Step along a direction of whitened numbers: a standard deviation of their prior.
const STEP: f64 = 1.0;
/// Rounds of conjugate gradients, each two gradients for each vector.
const ROUNDS: usize = 8;

/// Directions of whitened numbers that data know: orthonormal, `[rank, dim]`, zero elsewhere, and the curvature along them.
pub(super) struct Known {
    pub directions: Vec<f64>,
    pub values: Vec<f64>,
}

impl Known {
    /// H_zz^-1 x, nearly.
    fn solve(&self, x: &mut [f64]) {
        for (direction, value) in self.directions.chunks_exact(x.len()).zip(&self.values) {
            let along = (1.0 / value - 1.0) * dot(direction, x);
            x.iter_mut().zip(direction).for_each(|(x, u)| *x += along * u);
        }
    }
}

/// The Hessian of -logp, by differences of the gradient.
pub(super) struct Field<'a, D: ?Sized> {
    pub density: &'a D,
    pub mean: &'a [f64],
    pub is_whitened: &'a [bool],
    pub gradient_count: usize,
}

impl<D: LogDensity + ?Sized> Field<'_, D> {
    /// H_zz times vectors of whitened numbers.
    fn times(&mut self, vectors: &[&[f64]]) -> Result<Vec<Vec<f64>>> {
        let dim = self.mean.len();
        let mut positions = Vec::with_capacity(2 * vectors.len() * dim);
        let sizes: Vec<f64> = vectors.iter().map(|v| dot(v, v).sqrt().max(f64::MIN_POSITIVE)).collect();
        for (v, size) in vectors.iter().zip(&sizes) {
            for step in [STEP / size, -STEP / size] {
                positions.extend(self.mean.iter().zip(*v).map(|(m, v)| m + step * v));
            }
        }
        let (mut logp, mut grad) = (vec![0.0; 2 * vectors.len()], vec![0.0; positions.len()]);
        self.density.logp_and_grad(&positions, &mut logp, &mut grad)?;
        self.gradient_count += logp.len();
        let direction = self.is_whitened.iter().position(|z| *z).unwrap_or(0);
        let of = |((grad, logp), size): ((&[f64], &[f64]), &f64)| {
            let (up, down) = grad.split_at(dim);
            if !is_finite(logp[0], up) || !is_finite(logp[1], down) {
                return Err(Error::NoCurvature { direction });
            }
            let slope = up.iter().zip(down).zip(self.is_whitened);
            Ok(slope.map(|((u, d), z)| if *z { -(u - d) * size / (2.0 * STEP) } else { 0.0 }).collect())
        };
        grad.chunks(2 * dim).zip(logp.chunks(2)).zip(&sizes).map(of).collect()
    }

    /// The eigenvectors of H_zz that are known: Lanczos' method with full reorthogonalisation.
    pub fn known(&mut self, steps: usize, least: f64, seed: u64) -> Result<Known> {
        let size = self.is_whitened.iter().filter(|z| **z).count();
        let mut rng = keyed(seed, "lanczos", 0);
        let mut draw = |z: &bool| if *z { StandardNormal.sample(&mut rng) } else { 0.0 };
        let mut next: Vec<f64> = self.is_whitened.iter().map(&mut draw).collect();
        let (mut basis, mut diagonal, mut beside): (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) = (vec![], vec![], vec![]);
        let mut length = dot(&next, &next).sqrt();
        while basis.len() < steps.min(size) && length > 1e-6 {
            next.iter_mut().for_each(|x| *x /= length);
            let mut image = self.times(&[&next])?.swap_remove(0);
            basis.push(next);
            let v = &basis[basis.len() - 1];
            diagonal.push(dot(&image, v));
            // Twice is enough.
            for _ in 0..2 {
                for v in &basis {
                    let along = dot(&image, v);
                    image.iter_mut().zip(v).for_each(|(x, v)| *x -= along * v);
                }
            }
            next = image;
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
        let (mut directions, mut values) = (vec![], vec![]);
        for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            // Those that have not converged, too: nearer to what is known than the identity is.
            if *value > least {
                directions.extend(combined(&basis, &vector.into_owned()));
                values.push(*value);
            }
        }
        Ok(Known { directions, values })
    }

    /// H_zz^-1 of each vector: conjugate gradients, with what is known of H_zz for a start and a precondition.
    pub fn solve(&mut self, of: Vec<Vec<f64>>, known: &Known) -> Result<Vec<Vec<f64>>> {
        let solved = |x: &[f64]| {
            let mut y = x.to_vec();
            known.solve(&mut y);
            y
        };
        let mut x: Vec<Vec<f64>> = vec![vec![0.0; self.mean.len()]; of.len()];
        let mut left = of;
        let mut direction: Vec<Vec<f64>> = left.iter().map(|r| solved(r)).collect();
        let mut size: Vec<f64> = left.iter().zip(&direction).map(|(r, d)| dot(r, d)).collect();
        for _ in 0..ROUNDS {
            let views: Vec<&[f64]> = direction.iter().map(Vec::as_slice).collect();
            let images = self.times(&views)?;
            for k in 0..x.len() {
                let along = dot(&direction[k], &images[k]);
                if !(along > 0.0 && size[k] > 0.0) {
                    continue;
                }
                let step = size[k] / along;
                x[k].iter_mut().zip(&direction[k]).for_each(|(x, d)| *x += step * d);
                left[k].iter_mut().zip(&images[k]).for_each(|(r, i)| *r -= step * i);
                let better = solved(&left[k]);
                let next = dot(&left[k], &better);
                let turn = next / size[k];
                direction[k].iter_mut().zip(better).for_each(|(d, b)| *d = b + turn * *d);
                size[k] = next;
            }
        }
        Ok(x)
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
