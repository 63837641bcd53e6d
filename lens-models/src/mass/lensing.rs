//! Lensing: what a deflector does at one point, to second order of its potential.

use std::{iter::Sum, ops::Add};

/// Potential, deflection and Hessian at a point; those of several deflectors add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lensing {
    /// The potential psi, arcsec^2, zero at the centre of the profile.
    pub potential: f64,
    /// The deflection, the gradient of psi, arcsec.
    pub alpha: [f64; 2],
    /// d^2 psi / dx^2.
    pub f_xx: f64,
    /// d^2 psi / dx dy.
    pub f_xy: f64,
    /// d^2 psi / dy^2.
    pub f_yy: f64,
}

impl Lensing {
    /// psi, alpha_x, alpha_y, f_xx, f_xy, f_yy.
    pub fn fields(&self) -> [f64; 6] {
        [self.potential, self.alpha[0], self.alpha[1], self.f_xx, self.f_xy, self.f_yy]
    }

    /// The convergence, half the Laplacian of psi.
    pub fn kappa(&self) -> f64 {
        0.5 * (self.f_xx + self.f_yy)
    }

    /// The shear: gamma1 = (f_xx - f_yy) / 2 and gamma2 = f_xy.
    pub fn shear(&self) -> [f64; 2] {
        [0.5 * (self.f_xx - self.f_yy), self.f_xy]
    }

    /// A = d beta / d theta = 1 - Hessian, by rows.
    pub fn jacobian(&self) -> [[f64; 2]; 2] {
        [[1.0 - self.f_xx, -self.f_xy], [-self.f_xy, 1.0 - self.f_yy]]
    }

    /// det A = (1 - kappa)^2 - |gamma|^2, the inverse of the magnification.
    pub fn det_jacobian(&self) -> f64 {
        (1.0 - self.f_xx) * (1.0 - self.f_yy) - self.f_xy * self.f_xy
    }

    /// The signed magnification 1 / det A; infinite on a critical curve.
    pub fn magnification(&self) -> f64 {
        self.det_jacobian().recip()
    }
}

impl Add for Lensing {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            potential: self.potential + o.potential,
            alpha: [self.alpha[0] + o.alpha[0], self.alpha[1] + o.alpha[1]],
            f_xx: self.f_xx + o.f_xx,
            f_xy: self.f_xy + o.f_xy,
            f_yy: self.f_yy + o.f_yy,
        }
    }
}

impl Sum for Lensing {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), Add::add)
    }
}
