//! Moffat: the light of a star through the atmosphere, and of some cores.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// Moffat's law: `amp alpha beta center_x center_y`; I = amp (1 + r^2 / alpha^2)^(-beta) (Moffat 1969, A&A 3, 455).
#[derive(Clone, Copy, Debug)]
pub struct Moffat;

/// What is computed once for a set of parameters.
#[derive(Clone, Copy, Debug)]
pub struct MoffatLight<S> {
    amp: S,
    alpha: S,
    inv_alpha2: S,
    beta: S,
    center: Complex<S>,
}

crate::light_profile!(Moffat);

impl Formula<5> for Moffat {
    const NAME: &'static str = "moffat";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new("amp", ParameterKind::Amplitude, "", "I_0", "Surface brightness at the centre."),
        ProfileParameter::new("alpha", ParameterKind::Radius, "arcsec", r"\alpha", "Radius of the core."),
        ProfileParameter::new(
            "beta",
            ParameterKind::Other {
                low: 0.0,
                high: f64::INFINITY,
                prior: r#"{"log_normal": {"loc": 1.0, "scale": 0.5}}"#,
            },
            "",
            r"\beta",
            "The brightness falls as r^(-2 beta); above 1 the flux is finite.",
        ),
        CENTER_X,
        CENTER_Y,
    ];
    type Light<S: Scalar> = MoffatLight<S>;

    fn light<S: Scalar>(&[amp, alpha, beta, x0, y0]: &[f64; 5]) -> MoffatLight<S> {
        let s = S::from_f64;
        let alpha = if alpha > 0.0 { alpha } else { f64::NAN };
        MoffatLight {
            amp: s(amp),
            alpha: s(alpha),
            inv_alpha2: s(1.0 / (alpha * alpha)),
            beta: s(beta),
            center: complex(s(x0), s(y0)),
        }
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &MoffatLight<R::Scalar>, p: Complex<R>) -> R {
        let w = p - Complex::broadcast(light.center);
        let base = w.norm_sqr().mul_add(R::broadcast(light.inv_alpha2), R::constant(1.0));
        R::broadcast(light.amp) * (-(R::broadcast(light.beta) * base.ln())).exp()
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &MoffatLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 5> {
        let [amp, alpha, inv_alpha2, beta] = [light.amp, light.alpha, light.inv_alpha2, light.beta].map(R::broadcast);
        let w = p - Complex::broadcast(light.center);
        let y = w.norm_sqr() * inv_alpha2;
        let base = y + R::constant(1.0);
        let ln = base.ln();
        let g_unit = g * (-(beta * ln)).exp();
        let g_light = g_unit * amp;
        let fall = R::constant(2.0) * g_light * beta / base;
        let position = w.scale(-(fall * inv_alpha2));
        Partials { params: [g_unit, fall * y / alpha, -(g_light * ln), -position.re, -position.im], position }
    }
}
