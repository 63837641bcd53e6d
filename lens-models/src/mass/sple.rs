//! Sple: the elliptical power law in the paper's parameters.

use super::{Epl, Lensing, MassProfile};
use crate::parameter::{CENTER_X, CENTER_Y, GAMMA, Parameter, ParameterKind};

/// The singular power-law ellipsoid: `r_ein gamma q phi center_x center_y`.
///
/// kappa = (3 - gamma) / 2 (rho / r_ein)^(1 - gamma), rho^2 = x1^2 + x2^2 / q^2, x1 along the major axis (eq. 12 of
/// Chianese et al. 2020, whose square was lost in print). The same profile as [`Epl`], with
/// theta_E = sqrt(q) r_ein and e1 + i e2 = (1 - q) / (1 + q) e^(2 i phi). At q = 1 phi has no effect.
#[derive(Clone, Copy, Debug)]
pub struct Sple;

/// The parameters of the same lens as an `Epl`.
fn epl(params: &[f64]) -> [f64; 6] {
    let [r, gamma, q, phi, x0, y0] = [0, 1, 2, 3, 4, 5].map(|i| params[i]);
    let (sin, cos) = (2.0 * phi).sin_cos();
    let f = (1.0 - q) / (1.0 + q);
    [q.sqrt() * r, gamma, f * cos, f * sin, x0, y0]
}

/// The chain rule: a gradient with respect to the `Epl`'s parameters as one with respect to these.
fn chain(params: &[f64], [d_theta, d_gamma, d_e1, d_e2, d_x0, d_y0]: [f64; 6]) -> [f64; 6] {
    let [r, q, phi] = [0, 2, 3].map(|i| params[i]);
    let (sin, cos) = (2.0 * phi).sin_cos();
    let f = (1.0 - q) / (1.0 + q);
    let df_dq = -2.0 / ((1.0 + q) * (1.0 + q));
    let d_q = 0.5 * r / q.sqrt() * d_theta + df_dq * (cos * d_e1 + sin * d_e2);
    let d_phi = 2.0 * f * (cos * d_e2 - sin * d_e1);
    [q.sqrt() * d_theta, d_gamma, d_q, d_phi, d_x0, d_y0]
}

impl MassProfile for Sple {
    fn name(&self) -> &'static str {
        "sple"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const R_EIN: Parameter = Parameter::new(
            "r_ein",
            ParameterKind::EinsteinRadius,
            "arcsec",
            r"r_\mathrm{Ein}",
            "Semi-major axis of the ellipse within which the mean convergence is one.",
        );
        const Q: Parameter = Parameter::new("q", ParameterKind::AxisRatio, "", "q", "Minor over major axis.");
        const PHI: Parameter = Parameter::new(
            "phi",
            ParameterKind::Angle,
            "rad",
            r"\varphi",
            "Direction of the major axis, counter-clockwise from +x.",
        );
        &[R_EIN, GAMMA, Q, PHI, CENTER_X, CENTER_Y]
    }

    fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
        Epl.deflect(&epl(params), x, y, ax, ay);
    }

    fn deflect_vjp(&self, params: &[f64], x: &[f32], y: &[f32], gx: &[f32], gy: &[f32], dparams: &mut [f64]) {
        let mut sums = [0.0; 6];
        Epl.deflect_vjp(&epl(params), x, y, gx, gy, &mut sums);
        for (d, sum) in dparams.iter_mut().zip(chain(params, sums)) {
            *d += sum;
        }
    }

    fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing {
        Epl.point(&epl(params), x, y)
    }

    fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
        let columns = Epl.deflection_jacobian(&epl(params), x, y);
        let row = |axis: usize| chain(params, [0, 1, 2, 3, 4, 5].map(|i| columns[i][axis]));
        row(0).into_iter().zip(row(1)).map(|(dx, dy)| [dx, dy]).collect()
    }
}
