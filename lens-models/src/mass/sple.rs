//! Sple: the elliptical power law in the paper's parameters.

use super::{Epl, Formula, epl::EplLens};
use crate::{
    number::{Complex, Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, GAMMA, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// The singular power-law ellipsoid: `r_ein gamma q phi center_x center_y`.
///
/// kappa = (3 - gamma) / 2 (rho / r_ein)^(1 - gamma), rho^2 = x1^2 + x2^2 / q^2, x1 along the major axis (eq. 12 of
/// Chianese et al. 2020, whose square was lost in print). The same profile as [`Epl`], with
/// theta_E = sqrt(q) r_ein and e1 + i e2 = (1 - q) / (1 + q) e^(2 i phi). At q = 1 phi has no effect.
#[derive(Clone, Copy, Debug)]
pub struct Sple;

/// The same lens as an `Epl`, and the derivatives of its parameters by these.
#[derive(Clone, Debug)]
pub struct SpleLens<S> {
    epl: EplLens<S>,
    /// d theta_E / d (r_ein, q).
    d_theta: [S; 2],
    /// d (e1, e2) / dq and d (e1, e2) / d phi.
    de_dq: [S; 2],
    de_dphi: [S; 2],
}

crate::mass_profile!(Sple);

impl Formula<6> for Sple {
    const NAME: &'static str = "sple";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new(
            "r_ein",
            ParameterKind::EinsteinRadius,
            "arcsec",
            r"r_\mathrm{Ein}",
            "Semi-major axis of the ellipse within which the mean convergence is one.",
        ),
        GAMMA,
        ProfileParameter::new("q", ParameterKind::AxisRatio, "", "q", "Minor over major axis."),
        ProfileParameter::new(
            "phi",
            ParameterKind::Angle,
            "rad",
            r"\varphi",
            "Direction of the major axis, counter-clockwise from +x.",
        ),
        CENTER_X,
        CENTER_Y,
    ];
    type Lens<S: Scalar> = SpleLens<S>;

    fn lens<S: Scalar>(&[r, gamma, q, phi, x0, y0]: &[f64; 6]) -> SpleLens<S> {
        let (sin, cos) = (2.0 * phi).sin_cos();
        let f = (1.0 - q) / (1.0 + q);
        let df_dq = -2.0 / ((1.0 + q) * (1.0 + q));
        SpleLens {
            epl: Epl::lens(&[q.sqrt() * r, gamma, f * cos, f * sin, x0, y0]),
            d_theta: [q.sqrt(), 0.5 * r / q.sqrt()].map(S::from_f64),
            de_dq: [df_dq * cos, df_dq * sin].map(S::from_f64),
            de_dphi: [-2.0 * f * sin, 2.0 * f * cos].map(S::from_f64),
        }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &SpleLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        Epl::alpha(&lens.epl, p)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &SpleLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 6> {
        let Partials { params: [theta_e, gamma, e1, e2, x0, y0], position } = Epl::gradient(&lens.epl, p, g);
        let along = |[d1, d2]: [R::Scalar; 2]| R::broadcast(d1).mul_add(e1, R::broadcast(d2) * e2);
        let [r, q] = lens.d_theta.map(|d| R::broadcast(d) * theta_e);
        Partials { params: [r, gamma, q + along(lens.de_dq), along(lens.de_dphi), x0, y0], position }
    }

    fn potential(lens: &SpleLens<f64>, p: Complex<f64>) -> f64 {
        Epl::potential(&lens.epl, p)
    }
}
