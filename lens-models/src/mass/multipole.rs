//! Multipole: what makes the isophotes of an isothermal lens boxy or lopsided.
//!
//! psi = r a_m / (1 - m^2) cos(m (phi - phi_m)), and for m = 1 psi = r ln(r / r_E) a_m / 2 cos(phi - phi_m)
//! (Xu et al. 2015, doi:10.1093/mnras/stu2673, appendix B3; lenstronomy's `MULTIPOLE`). Without angles: n = w / |w|, c = e^{i phi_m}.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter, THETA_E},
    pointwise::Partials,
};

/// The circular multipole of order `M`, 3 or 4: `a_m phi_m center_x center_y`; kappa = a_m cos(m (phi - phi_m)) / (2 r).
///
/// A point within 1e-9 arcsec of the centre feels no deflection, so that values and gradients are finite there.
#[derive(Clone, Copy, Debug)]
pub struct Multipole<const M: i32>;

/// The circular multipole of order 1: `a_m phi_m r_E center_x center_y`; kappa = a_m cos(phi - phi_m) / (2 r).
///
/// `r_E` adds a constant deflection, which moves the source alone: fix it, as lenstronomy does (1 there). The centre as above.
#[derive(Clone, Copy, Debug)]
pub struct Dipole;

pub(super) const AMPLITUDE: ProfileParameter = ProfileParameter::new(
    "a_m",
    ParameterKind::Other {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        prior: r#"{"normal": {"loc": 0.0, "scale": 0.05}}"#,
    },
    "arcsec",
    "a_m",
    "Strength; over theta_E that of the deviation of the isophotes.",
);

pub(super) const ORIENTATION: ProfileParameter = ProfileParameter::new(
    "phi_m",
    ParameterKind::Angle,
    "rad",
    r"\phi_m",
    "Direction of a maximum, counter-clockwise from +x.",
);

pub(super) const R_E: ProfileParameter =
    ProfileParameter { name: "r_E", doc: "Where the logarithm is zero.", ..THETA_E };

/// |w|^2 below which a point is the centre.
const CORE: f64 = 1e-18;

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct MultipoleLens<S> {
    a: S,
    /// e^{i m phi_m}.
    phase: Complex<S>,
    center: Complex<S>,
    /// r_E and its logarithm, of the dipole alone.
    scale: [S; 2],
}

fn lens<S: Scalar>([a, angle, r_e, x0, y0]: [f64; 5]) -> MultipoleLens<S> {
    let (sin, cos) = angle.sin_cos();
    let s = S::from_f64;
    MultipoleLens {
        a: s(a),
        phase: complex(s(cos), s(sin)),
        center: complex(s(x0), s(y0)),
        scale: [s(r_e), s(r_e.ln())],
    }
}

/// n = w / |w|, 1 / |w|, both 0 in the core, and |w|^2.
#[inline(always)]
fn direction<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>) -> (Complex<R>, R, R) {
    let core = R::constant(CORE);
    let w = p - Complex::broadcast(lens.center);
    let norm = w.norm_sqr();
    let inv_w = norm.above(core, R::constant(1.0) / norm.at_least(core).sqrt());
    (w.scale(inv_w), inv_w, norm)
}

crate::mass_profile!(Multipole<3>);
crate::mass_profile!(Multipole<4>);

impl<const M: i32> Multipole<M> {
    /// m, and a_m / (1 - m^2) for a_m = 1.
    const ORDER: f64 = M as f64;
    const SHARE: f64 = 1.0 / (1.0 - Self::ORDER * Self::ORDER);

    /// conj(c) n^m: its real part is cos(m (phi - phi_m)).
    #[inline(always)]
    fn turned<R: Real>(lens: &MultipoleLens<R::Scalar>, n: Complex<R>) -> Complex<R> {
        let mut power = Complex::broadcast(lens.phase).conj();
        for _ in 0..M {
            power = power * n;
        }
        power
    }
}

impl<const M: i32> Formula<4> for Multipole<M> {
    const NAME: &'static str = match M {
        3 => "multipole3",
        4 => "multipole4",
        _ => panic!("the orders of circular multipoles are 3 and 4; 1 is `Dipole`"),
    };
    const PARAMETERS: &'static [ProfileParameter] = &[AMPLITUDE, ORIENTATION, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = MultipoleLens<S>;

    fn lens<S: Scalar>(&[a, phi, x0, y0]: &[f64; 4]) -> MultipoleLens<S> {
        lens([a, Self::ORDER * phi, 1.0, x0, y0])
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let (n, _, _) = direction(lens, p);
        let s = Self::turned(lens, n);
        let share = R::constant(Self::SHARE) * R::broadcast(lens.a);
        (n * complex(s.re, R::constant(-Self::ORDER) * s.im)).scale(share)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 4> {
        let (n, inv_w, _) = direction(lens, p);
        let s = Self::turned(lens, n);
        let (m, share, a) = (R::constant(Self::ORDER), R::constant(Self::SHARE), R::broadcast(lens.a));
        let d_a = share * g.dot(n * complex(s.re, -(m * s.im)));
        // ds / d phi_m = -i m s.
        let d_phi = share * a * m * g.dot(n * complex(s.im, m * s.re));
        // The Hessian is 2 kappa along the circle and 0 along the radius.
        let along = n.times_i();
        let position = along.scale(a * s.re * inv_w * along.dot(g));
        Partials { params: [d_a, d_phi, -position.re, -position.im], position }
    }

    fn potential(lens: &MultipoleLens<f64>, p: Complex<f64>) -> f64 {
        // Homogeneous of degree 1.
        (p - lens.center).dot(Self::alpha(lens, p))
    }
}

crate::mass_profile!(Dipole);

impl Formula<5> for Dipole {
    const NAME: &'static str = "multipole1";
    const PARAMETERS: &'static [ProfileParameter] = &[AMPLITUDE, ORIENTATION, R_E, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = MultipoleLens<S>;

    fn lens<S: Scalar>(params: &[f64; 5]) -> MultipoleLens<S> {
        lens(*params)
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        unit(lens, p).2.scale(R::constant(0.5) * R::broadcast(lens.a))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 5> {
        let (n, inv_w, bare, log) = unit(lens, p);
        let c = Complex::broadcast(lens.phase);
        let half = R::constant(0.5);
        let half_a = half * R::broadcast(lens.a);
        let d_a = half * g.dot(bare);
        let turned = c.times_i();
        let d_phi = half_a * g.dot(turned.scale(log) + n.scale(turned.dot(n)));
        let d_scale = -(half_a * g.dot(c) / R::broadcast(lens.scale[0]));
        let (cn, gn) = (c.dot(n), g.dot(n));
        let along_n = c.dot(g) - (cn + cn) * gn;
        let position = (c.scale(gn) + g.scale(cn) + n.scale(along_n)).scale(half_a * inv_w);
        Partials { params: [d_a, d_phi, d_scale, -position.re, -position.im], position }
    }

    fn potential(lens: &MultipoleLens<f64>, p: Complex<f64>) -> f64 {
        let (_, _, _, log) = unit(lens, p);
        0.5 * lens.a * log * lens.phase.dot(p - lens.center)
    }
}

/// n, 1 / |w|, alpha / (a / 2) = c ln(r / r_E) + n (c . n), and the logarithm; all 0 in the core.
#[inline(always)]
fn unit<R: Real>(lens: &MultipoleLens<R::Scalar>, p: Complex<R>) -> (Complex<R>, R, Complex<R>, R) {
    let (n, inv_w, norm) = direction(lens, p);
    let core = R::constant(CORE);
    let log = R::constant(0.5).mul_add(norm.at_least(core).ln(), -R::broadcast(lens.scale[1]));
    let log = norm.above(core, log);
    let c = Complex::broadcast(lens.phase);
    (n, inv_w, c.scale(log) + n.scale(c.dot(n)), log)
}
