//! Perturbed: a lens and potentials on grids in its plane.

use super::{Lens, LensMapping, Ray};
use crate::mass::{Lensing, SplinePotential};

/// Mass profiles in one plane and potentials on grids, whose deflections add up.
pub struct Perturbed<'a> {
    lens: Lens<'a>,
    by: &'a [SplinePotential],
}

impl<'a> Perturbed<'a> {
    /// A lens, perturbed by these.
    pub fn new(lens: Lens<'a>, by: &'a [SplinePotential]) -> Self {
        Perturbed { lens, by }
    }

    /// Potential, deflection and Hessian at many points.
    pub fn at_all(&self, points: &[[f64; 2]]) -> Vec<Lensing> {
        let mut all = self.lens.at_all(points);
        for (at, point) in all.iter_mut().zip(points) {
            *at = std::iter::once(*at).chain(self.by.iter().map(|potential| potential.at(*point))).sum();
        }
        all
    }
}

impl LensMapping for Perturbed<'_> {
    fn ray(&self, seen: [f64; 2]) -> Ray {
        self.rays(&[seen]).pop().unwrap_or(Ray::straight(seen))
    }

    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray> {
        seen.iter().zip(self.at_all(seen)).map(|(seen, at)| Ray::bent(*seen, &at)).collect()
    }

    fn fermat(&self, seen: [f64; 2], source: [f64; 2]) -> f64 {
        let square = (seen[0] - source[0]).powi(2) + (seen[1] - source[1]).powi(2);
        let psi: f64 = self.at_all(&[seen]).iter().map(|at| at.potential).sum();
        0.5 * square - psi
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{MassSum, Sis};

    #[test]
    fn its_jacobian_is_that_of_differences_and_the_gradient_of_its_fermat_potential_is_zero_at_an_image() {
        let coefficients = (0..64).map(|i| (1.9 * f64::from(i)).sin()).collect();
        let bumps = SplinePotential::new(8, coefficients, 0.01, 3.0, [0.1, -0.2]).unwrap();
        let mass = MassSum::new([&Sis as _]);
        let map = Perturbed::new(Lens::new(&mass, &[1.1, 0.0, 0.0]), std::slice::from_ref(&bumps));
        let (at, h) = ([0.9, 0.6], 1e-5);
        let beside = |axis: usize, by: f64| {
            let mut at = at;
            at[axis] += by;
            at
        };
        let ray = map.ray(at);
        for axis in 0..2 {
            let (up, down) = (beside(axis, h), beside(axis, -h));
            for row in 0..2 {
                let slope = (map.ray(up).position[row] - map.ray(down).position[row]) / (2.0 * h);
                // Third derivatives of the spline over a step squared.
                assert!((slope - ray.jacobian[row][axis]).abs() < 1e-8);
            }
            let slope = (map.fermat(up, ray.position) - map.fermat(down, ray.position)) / (2.0 * h);
            assert!(slope.abs() < 1e-9, "{slope}");
        }
        let alone = Lens::new(&mass, &[1.1, 0.0, 0.0]).ray(at);
        assert!((alone.position[0] - ray.position[0]).abs() > 1e-4);
    }
}
