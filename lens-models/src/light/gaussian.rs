//! Gaussian: elliptical isophotes that fall as a bell, of which sums make most other lights.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// I = amp exp(-R^2 / (2 sigma^2)): `amp sigma e1 e2 center_x center_y` (lenstronomy's `GAUSSIAN_ELLIPSE`, whose amplitude is the whole
/// light, 2 pi sigma^2 amp).
///
/// R^2 = q x1^2 + x2^2 / q, x1 along the major axis, as in [`Sersic`](super::Sersic): sigma is sqrt(q) times that along the major axis.
#[derive(Clone, Copy, Debug)]
pub struct Gaussian;

/// What is computed once for a set of parameters.
#[derive(Clone, Copy, Debug)]
pub struct GaussianLight<S> {
    amp: S,
    e: Complex<S>,
    center: Complex<S>,
    inverse_norm: S,
    /// -1 / (2 sigma^2 (1 - |e|^2)).
    slope: S,
    /// -2 / sigma.
    by_sigma: S,
}

/// The quantities that value and gradient have in common.
struct At<R> {
    w: Complex<R>,
    zeta: Complex<R>,
    /// -R^2 / (2 sigma^2).
    exponent: R,
    /// I / amp.
    unit: R,
}

impl<R: Real> At<R> {
    #[inline(always)]
    fn new(light: &GaussianLight<R::Scalar>, p: Complex<R>) -> Self {
        let w = p - Complex::broadcast(light.center);
        let zeta = w - Complex::broadcast(light.e) * w.conj();
        let exponent = R::broadcast(light.slope) * zeta.norm_sqr();
        Self { w, zeta, exponent, unit: exponent.exp() }
    }
}

crate::light_profile!(Gaussian);

impl Formula<6> for Gaussian {
    const NAME: &'static str = "gaussian";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new("amp", ParameterKind::Amplitude, "", "I_0", "Surface brightness at the centre."),
        ProfileParameter::new(
            "sigma",
            ParameterKind::Radius,
            "arcsec",
            r"\sigma",
            "Standard deviation: sqrt(q) times that along the major axis.",
        ),
        E1,
        E2,
        CENTER_X,
        CENTER_Y,
    ];
    type Light<S: Scalar> = GaussianLight<S>;

    fn light<S: Scalar>(&[amp, sigma, e1, e2, x0, y0]: &[f64; 6]) -> GaussianLight<S> {
        let s = S::from_f64;
        let norm = 1.0 - (e1 * e1 + e2 * e2);
        let inside = norm > 0.0 && sigma > 0.0;
        GaussianLight {
            amp: s(amp),
            e: complex(s(e1), s(e2)),
            center: complex(s(x0), s(y0)),
            inverse_norm: s(1.0 / norm),
            slope: s(if inside { -0.5 / (sigma * sigma * norm) } else { f64::NAN }),
            by_sigma: s(-2.0 / sigma),
        }
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &GaussianLight<R::Scalar>, p: Complex<R>) -> R {
        R::broadcast(light.amp) * At::new(light, p).unit
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &GaussianLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 6> {
        let At { w, zeta, exponent, unit } = At::new(light, p);
        let e = Complex::broadcast(light.e);
        let g_unit = g * unit;
        let g_light = g_unit * R::broadcast(light.amp);

        // I = amp exp(u), u = slope |zeta|^2, zeta = w - e conj(w): d |zeta|^2 = 2 Re(conj(zeta) (dw - e d conj(w) - de conj(w))).
        let two = R::constant(2.0);
        let d_u = g_light * exponent;
        let d_norm = two * g_light * R::broadcast(light.slope);
        let d_shape = two * d_u * R::broadcast(light.inverse_norm);
        let zeta_w = zeta * w;
        let [d_e1, d_e2] = [d_shape * e.re - d_norm * zeta_w.re, d_shape * e.im - d_norm * zeta_w.im];
        let position = (zeta - e * zeta.conj()).scale(d_norm);
        let d_sigma = d_u * R::broadcast(light.by_sigma);
        Partials { params: [g_unit, d_sigma, d_e1, d_e2, -position.re, -position.im], position }
    }
}
