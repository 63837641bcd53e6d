//! Flexion: the gradient of the shear of everything that is far away.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// Third derivatives `g1 g2 g3 g4` of the potential about the origin of the image:
/// psi = (g1 x^3 + 3 g2 x^2 y + 3 g3 x y^2 + g4 y^3) / 6 (lenstronomy's `FLEXION`).
#[derive(Clone, Copy, Debug)]
pub struct Flexion;

crate::mass_profile!(Flexion);

/// An entry of the table.
const fn third(name: &'static str, label: &'static str, doc: &'static str) -> ProfileParameter {
    let kind = ParameterKind::Other {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        prior: r#"{"normal": {"loc": 0.0, "scale": 0.01}}"#,
    };
    ProfileParameter::new(name, kind, "1/arcsec", label, doc)
}

impl Formula<4> for Flexion {
    const NAME: &'static str = "flexion";
    const PARAMETERS: &'static [ProfileParameter] = &[
        third("g1", "g_1", "d^3 psi / dx^3."),
        third("g2", "g_2", "d^3 psi / dx^2 dy."),
        third("g3", "g_3", "d^3 psi / dx dy^2."),
        third("g4", "g_4", "d^3 psi / dy^3."),
    ];
    type Lens<S: Scalar> = [S; 4];

    fn lens<S: Scalar>(params: &[f64; 4]) -> [S; 4] {
        params.map(S::from_f64)
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &[R::Scalar; 4], p: Complex<R>) -> Complex<R> {
        // The Hessian is linear in p, and alpha half of it times p.
        hessian_times(lens, p, p.scale(R::constant(0.5)))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &[R::Scalar; 4], p: Complex<R>, g: Complex<R>) -> Partials<R, 4> {
        let half = R::constant(0.5);
        let [xx, xy, yy] = [half * p.re * p.re, p.re * p.im, half * p.im * p.im];
        let params = [g.re * xx, g.re * xy + g.im * xx, g.re * yy + g.im * xy, g.im * yy];
        Partials { params, position: hessian_times(lens, p, g) }
    }

    fn potential(lens: &[f64; 4], p: Complex<f64>) -> f64 {
        p.dot(Self::alpha(lens, p)) / 3.0
    }
}

/// The Hessian at p times v.
#[inline(always)]
fn hessian_times<R: Real>(lens: &[R::Scalar; 4], p: Complex<R>, v: Complex<R>) -> Complex<R> {
    let [g1, g2, g3, g4] = lens.map(R::broadcast);
    let [xx, xy, yy] = [g1 * p.re + g2 * p.im, g2 * p.re + g3 * p.im, g3 * p.re + g4 * p.im];
    complex(xx * v.re + xy * v.im, xy * v.re + yy * v.im)
}
