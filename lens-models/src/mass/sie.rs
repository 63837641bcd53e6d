//! Sie: the singular isothermal ellipsoid, an elliptical power law with gamma = 2.

use super::{Epl, Formula, epl::EplLens};
use crate::{
    number::{Complex, Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ProfileParameter, THETA_E},
    pointwise::Partials,
};

/// The singular isothermal ellipsoid: `theta_E e1 e2 center_x center_y`; kappa = theta_E / (2 sqrt(q x1^2 + x2^2 / q)).
#[derive(Clone, Copy, Debug)]
pub struct Sie;

crate::mass_profile!(Sie);

impl Formula<5> for Sie {
    const NAME: &'static str = "sie";
    const PARAMETERS: &'static [ProfileParameter] = &[THETA_E, E1, E2, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = EplLens<S>;

    fn lens<S: Scalar>(&[theta_e, e1, e2, x0, y0]: &[f64; 5]) -> EplLens<S> {
        Epl::lens(&[theta_e, 2.0, e1, e2, x0, y0])
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        Epl::alpha(lens, p)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 5> {
        let Partials { params: [theta_e, _, e1, e2, x0, y0], position } = Epl::gradient(lens, p, g);
        Partials { params: [theta_e, e1, e2, x0, y0], position }
    }

    fn potential(lens: &EplLens<f64>, p: Complex<f64>) -> f64 {
        Epl::potential(lens, p)
    }

    fn potential_slopes(&[theta_e, e1, e2, x0, y0]: &[f64; 5], p: Complex<f64>) -> [f64; 5] {
        let [theta_e, _, e1, e2, x0, y0] = Epl::potential_slopes(&[theta_e, 2.0, e1, e2, x0, y0], p);
        [theta_e, e1, e2, x0, y0]
    }
}
