//! Sie: the singular isothermal ellipsoid, an elliptical power law with gamma = 2.

use super::{Epl, Lensing, MassProfile};
use crate::parameter::{CENTER_X, CENTER_Y, E1, E2, Parameter, THETA_E};

/// The singular isothermal ellipsoid: `theta_E e1 e2 center_x center_y`; kappa = theta_E / (2 sqrt(q x1^2 + x2^2 / q)).
#[derive(Clone, Copy, Debug)]
pub struct Sie;

/// The parameters of the power law.
fn epl([theta_e, e1, e2, x0, y0]: [f64; 5]) -> [f64; 6] {
    [theta_e, 2.0, e1, e2, x0, y0]
}

/// Reads the five parameters.
fn read(params: &[f64]) -> [f64; 5] {
    [0, 1, 2, 3, 4].map(|i| params[i])
}

impl MassProfile for Sie {
    fn name(&self) -> &'static str {
        "sie"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[THETA_E, E1, E2, CENTER_X, CENTER_Y]
    }

    fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
        Epl.deflect(&epl(read(params)), x, y, ax, ay);
    }

    fn deflect_vjp(&self, params: &[f64], x: &[f32], y: &[f32], gx: &[f32], gy: &[f32], dparams: &mut [f64]) {
        let mut sums = [0.0; 6];
        Epl.deflect_vjp(&epl(read(params)), x, y, gx, gy, &mut sums);
        for (d, i) in dparams.iter_mut().zip([0, 2, 3, 4, 5]) {
            *d += sums[i];
        }
    }

    fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing {
        Epl.point(&epl(read(params)), x, y)
    }

    fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
        let mut columns = Epl.deflection_jacobian(&epl(read(params)), x, y);
        columns.remove(1);
        columns
    }
}
