//! Lens: what the whole deflector does at single points, in f64.

use super::{LensMapping, Ray};
use crate::mass::{Lensing, MassSum};

/// Several mass profiles with their parameters.
///
/// ```
/// use lens_models::{mass::{MassSum, Sis}, plane::Lens};
///
/// let mass = MassSum::new([&Sis as _]);
/// let lens = Lens::new(&mass, &[1.2, 0.0, 0.0]);
/// assert_eq!(lens.beta(2.0, 0.0), [0.8, 0.0]);
/// assert!((lens.magnification(2.0, 0.0) - 2.5).abs() < 1e-12);
/// ```
#[derive(Clone, Copy)]
pub struct Lens<'a> {
    mass: &'a MassSum,
    params: &'a [f64],
}

impl<'a> Lens<'a> {
    /// From profiles and their parameters, in the order of `mass.parameters()`.
    pub fn new(mass: &'a MassSum, params: &'a [f64]) -> Self {
        Self { mass, params }
    }

    /// Potential, deflection and Hessian.
    pub fn at(&self, x: f64, y: f64) -> Lensing {
        self.mass.point(self.params, x, y)
    }

    /// The same at many points.
    pub fn at_all(&self, points: &[[f64; 2]]) -> Vec<Lensing> {
        let mut all = vec![Lensing::default(); points.len()];
        self.mass.points(self.params, points, &mut all);
        all
    }

    /// The potential psi, arcsec^2.
    pub fn potential(&self, x: f64, y: f64) -> f64 {
        self.at(x, y).potential
    }

    /// The deflection alpha, arcsec.
    pub fn deflection(&self, x: f64, y: f64) -> [f64; 2] {
        self.at(x, y).alpha
    }

    /// The ray traced back to the source: beta = theta - alpha, arcsec.
    pub fn beta(&self, x: f64, y: f64) -> [f64; 2] {
        let [ax, ay] = self.deflection(x, y);
        [x - ax, y - ay]
    }

    /// A = d beta / d theta, by rows.
    pub fn jacobian(&self, x: f64, y: f64) -> [[f64; 2]; 2] {
        self.at(x, y).jacobian()
    }

    /// The convergence.
    pub fn kappa(&self, x: f64, y: f64) -> f64 {
        self.at(x, y).kappa()
    }

    /// The shear gamma1, gamma2.
    pub fn shear(&self, x: f64, y: f64) -> [f64; 2] {
        self.at(x, y).shear()
    }

    /// The signed magnification.
    pub fn magnification(&self, x: f64, y: f64) -> f64 {
        self.at(x, y).magnification()
    }
}

impl LensMapping for Lens<'_> {
    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray> {
        seen.iter().zip(self.at_all(seen)).map(|(seen, at)| Ray::bent(*seen, &at)).collect()
    }

    fn ray(&self, [x, y]: [f64; 2]) -> Ray {
        Ray::bent([x, y], &self.at(x, y))
    }

    fn fermat(&self, [x, y]: [f64; 2], source: [f64; 2]) -> f64 {
        0.5 * ((x - source[0]).powi(2) + (y - source[1]).powi(2)) - self.potential(x, y)
    }
}
