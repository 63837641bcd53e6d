//! Sis: the singular isothermal sphere.

use super::{
    Lensing,
    formula::{Formula, MAX_PARAMETERS, mass_profile},
};
use crate::{
    complex::{Complex, complex},
    parameter::{CENTER_X, CENTER_Y, Parameter, THETA_E},
    simd::{Real, Scalar},
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
pub(super) struct SisLens<S> {
    theta_e: S,
    center: Complex<S>,
}

mass_profile!(Sis);

impl Formula for Sis {
    const NAME: &'static str = "sis";
    const PARAMETERS: &'static [Parameter] = &[THETA_E, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = SisLens<S>;

    fn lens<S: Scalar>(params: &[f64]) -> SisLens<S> {
        let [theta_e, x0, y0] = [0, 1, 2].map(|i| S::from_f64(params[i]));
        SisLens { theta_e, center: complex(x0, y0) }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &SisLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        direction(lens, p).0.scale(R::broadcast(lens.theta_e))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &SisLens<R::Scalar>, p: Complex<R>, g: Complex<R>, sums: &mut [R; MAX_PARAMETERS]) {
        let (u, inv_w) = direction(lens, p);
        // d alpha = theta_E / |w| (dw - u Re(conj(u) dw)), and dw = -1, -i for the centre.
        let k = R::broadcast(lens.theta_e) * inv_w;
        let along = u.dot(g);
        sums[0] = sums[0] + along;
        sums[1] = sums[1] - k * (g.re - u.re * along);
        sums[2] = sums[2] - k * (g.im - u.im * along);
    }

    fn point(lens: &SisLens<f64>, p: Complex<f64>) -> Lensing {
        let (u, inv_w) = direction(lens, p);
        let k = lens.theta_e * inv_w;
        let w = p - lens.center;
        Lensing {
            potential: lens.theta_e * w.norm_sqr().sqrt(),
            alpha: [lens.theta_e * u.re, lens.theta_e * u.im],
            f_xx: k * u.im * u.im,
            f_xy: -k * u.re * u.im,
            f_yy: k * u.re * u.re,
        }
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
