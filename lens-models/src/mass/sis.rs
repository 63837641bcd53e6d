//! Sis: the singular isothermal sphere.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{CENTER_X, CENTER_Y, ProfileParameter, THETA_E},
    pointwise::Partials,
};

/// The singular isothermal sphere: `theta_E center_x center_y`; alpha = theta_E w / |w|, kappa = theta_E / (2 |w|).
///
/// A point within 1e-9 arcsec of the centre feels no deflection, so that values and gradients are finite there.
#[derive(Clone, Copy, Debug)]
pub struct Sis;

/// |w|^2 below which a point is the centre.
const CORE: f64 = 1e-18;

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct SisLens<S> {
    theta_e: S,
    center: Complex<S>,
}

crate::mass_profile!(Sis);

impl Formula<3> for Sis {
    const NAME: &'static str = "sis";
    const PARAMETERS: &'static [ProfileParameter] = &[THETA_E, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = SisLens<S>;

    fn lens<S: Scalar>(params: &[f64; 3]) -> SisLens<S> {
        let [theta_e, x0, y0] = params.map(S::from_f64);
        SisLens { theta_e, center: complex(x0, y0) }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &SisLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        direction(lens, p).0.scale(R::broadcast(lens.theta_e))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &SisLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 3> {
        let (u, inv_w) = direction(lens, p);
        // d alpha = theta_E / |w| (dw - u Re(conj(u) dw)): a projection, so that its transpose is itself.
        let along = u.dot(g);
        let position = (g - u.scale(along)).scale(R::broadcast(lens.theta_e) * inv_w);
        Partials { params: [along, -position.re, -position.im], position }
    }

    fn potential(lens: &SisLens<f64>, p: Complex<f64>) -> f64 {
        lens.theta_e * (p - lens.center).norm_sqr().sqrt()
    }
}

/// w / |w| and 1 / |w|; both 0 in the core.
#[inline(always)]
fn direction<R: Real>(lens: &SisLens<R::Scalar>, p: Complex<R>) -> (Complex<R>, R) {
    let core = R::constant(CORE);
    let w = p - Complex::broadcast(lens.center);
    let norm = w.norm_sqr();
    let inv_w = norm.above(core, R::constant(1.0) / norm.at_least(core).sqrt());
    (w.scale(inv_w), inv_w)
}
