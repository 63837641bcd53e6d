//! MultipoleEllipse: multipoles of elliptical isodensity contours.
//!
//! kappa = a_m cos(m (phi_ell - phi_m)) / (2 R), with phi_ell the direction in which the ellipse is a circle (Paugnat & Gilman 2025,
//! arXiv:2502.03530; lenstronomy's `MULTIPOLE_ELL`). With zeta = w - e conj(w), n = zeta / |zeta|, z = -conj(e) n^2, c = e^{i m phi_m} and
//! k0 = (m - 1) / 2:
//!
//! ```text
//! alpha = a_m sqrt(1 - |e|^2) / 2 {conj(c) n^(m+1) sum_k z^k / (m + 1 + 2 k) + c [n^(1-m) sum_k z^k / (1 - m + 2 k) + (-conj(e))^k0 L]}
//! d alpha = kappa dw + shear d conj(w),   shear = (b - kappa w) / conj(w)
//! ```
//!
//! without the term k = k0, which is in L = ln(r / r_E) + i arg(1 - e conj(w) / w) + 1/2 where m is odd; b is the factor of L in alpha, 0
//! where m is even. (kappa is one over r, so that alpha changes by 2 i kappa w with the direction of w, an integral of a rational function of n;
//! that of d ln(n) is made single by the logarithm of conj(w), which has no convergence.)

use super::Formula;
use super::multipole::{AMPLITUDE, ORIENTATION, R_E};
use crate::{
    number::{Complex, Real, Scalar, Series, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ProfileParameter},
    pointwise::Partials,
};

/// The multipole of order `M`, 1, 3 or 4, of an ellipse: `a_m phi_m e1 e2 center_x center_y`, and of the odd orders `r_E` before `e1`.
///
/// `phi_m` is counted from +x: phi_m of lenstronomy's `MULTIPOLE_ELL` (`delta_phi_m` of its `EPL_MULTIPOLE_M1M3M4_ELL`) and the angle of the major
/// axis. `r_E` adds a constant deflection, which moves the source alone, and so do a few terms of `MULTIPOLE_ELL` that are left out. A round one
/// is [`Multipole`](super::Multipole), [`Dipole`](super::Dipole). A point within 1e-9 arcsec of the centre feels no deflection.
#[derive(Clone, Copy, Debug)]
pub struct MultipoleEllipse<const M: i32>;

/// |zeta|^2 below which a point is the centre.
const CORE: f64 = 1e-18;

/// What is computed once for a lens.
#[derive(Clone, Debug)]
pub struct MultipoleEllipseLens<S> {
    a: S,
    phase: Complex<S>,
    r_e: S,
    ln_r_e: S,
    e: Complex<S>,
    center: Complex<S>,
    /// |e|^2, 1 - |e|^2, and half its root.
    e2: S,
    minus: S,
    half_root: S,
    /// The coefficients of both series, those of their derivatives by z, and 1 / (k + 1).
    series: Series<S, 5>,
}

/// What value and gradient have in common.
struct At<R> {
    w: Complex<R>,
    zeta: Complex<R>,
    n: Complex<R>,
    /// 1 / |zeta| and 1 / |w|^2, 0 in the centre.
    inv_zeta: R,
    inv_r2: R,
    /// n^(m-1) and conj(n)^(m-1).
    power: Complex<R>,
    inverse_power: Complex<R>,
    /// The derivatives of both series by z.
    by_z: [Complex<R>; 2],
    /// alpha = a (conj(c) x + c y).
    x: Complex<R>,
    y: Complex<R>,
    /// sqrt(1 - |e|^2) / 2 times (-conj(e))^k0, its derivative by conj(e), both 0 for even m, and L.
    log_share: Complex<R>,
    log_slope: Complex<R>,
    log: Complex<R>,
    /// 1 outside the centre, 0 in it.
    outside: R,
}

/// Sums of real coefficients times powers of z and of y, |z| = |y| = |e|, by Horner's rule for a quadratic (see `epl`).
#[inline(always)]
fn sums<R: Real>(series: &Series<R::Scalar, 5>, z: Complex<R>, y: Complex<R>, e2: R) -> [Complex<R>; 5] {
    let (twice_z, twice_y, minus) = (z.re + z.re, y.re + y.re, -e2);
    let state = R::fold_back(series, [R::constant(0.0); 10], |state, row| {
        std::array::from_fn(|i| match (i / 2, i % 2) {
            (k, 0) => {
                let twice = if k < 4 { twice_z } else { twice_y };
                twice.mul_add(state[i], minus.mul_add(state[i + 1], row[k]))
            }
            _ => state[i - 1],
        })
    });
    std::array::from_fn(|k| {
        let (at, first, second) = (if k < 4 { z } else { y }, state[2 * k], state[2 * k + 1]);
        complex(first - at.re * second, at.im * second)
    })
}

impl<const M: i32> MultipoleEllipse<M> {
    const ORDER: f64 = M as f64;

    fn prepare<S: Scalar>([a, phi, r_e, e1, e2, x0, y0]: [f64; 7]) -> MultipoleEllipseLens<S> {
        let s = S::from_f64;
        let norm = e1 * e1 + e2 * e2;
        let minus = if norm < 1.0 { 1.0 - norm } else { f64::NAN };
        let (sin, cos) = (Self::ORDER * phi).sin_cos();
        // Terms fall as |e|^k.
        let terms = (S::ROUNDING.ln() / (0.5 * norm.ln())).ceil() + 2.0;
        let terms = terms.clamp(2.0, Series::<S, 5>::MAX_ROWS as f64) as usize;
        let over = |top: f64, bottom: f64| if bottom == 0.0 { 0.0 } else { top / bottom };
        MultipoleEllipseLens {
            a: s(a),
            phase: complex(s(cos), s(sin)),
            r_e: s(r_e),
            ln_r_e: s(r_e.ln()),
            e: complex(s(e1), s(e2)),
            center: complex(s(x0), s(y0)),
            e2: s(norm),
            minus: s(minus),
            half_root: s(0.5 * minus.sqrt()),
            series: Series::new(terms, |k| {
                let (k, m) = (k as f64, Self::ORDER);
                let [up, down] = [m + 1.0 + 2.0 * k, 1.0 - m + 2.0 * k];
                [1.0 / up, over(1.0, down), (k + 1.0) / (up + 2.0), over(k + 1.0, down + 2.0), 1.0 / (k + 1.0)]
            }),
        }
    }

    #[inline(always)]
    fn at<R: Real>(lens: &MultipoleEllipseLens<R::Scalar>, p: Complex<R>) -> At<R> {
        let c = R::constant;
        let (zero, one, half, core) = (c(0.0), c(1.0), c(0.5), c(CORE));
        let e = Complex::broadcast(lens.e);
        let half_root = R::broadcast(lens.half_root);
        let w = p - Complex::broadcast(lens.center);
        let zeta = w - e * w.conj();
        let (norm, r2) = (zeta.norm_sqr(), w.norm_sqr());
        let outside = norm.above(core, one);
        let inv_zeta = norm.above(core, one / norm.at_least(core).sqrt());
        let inv_r2 = norm.above(core, one / r2.at_least(core));
        let n = zeta.scale(inv_zeta);
        let z = -(e.conj() * n.square());
        let y = e * w.conj().square().scale(inv_r2);
        let [up, down, up_z, down_z, ln] = sums(&lens.series, z, y, R::broadcast(lens.e2));
        let mut power = complex(one, zero);
        for _ in 1..M {
            power = power * n;
        }
        let inverse_power = power.conj();
        // The logarithm is of odd orders alone: (-conj(e))^0 of the first, -conj(e) of the third.
        let none = complex(zero, zero);
        let (log_share, log_slope) = match M {
            1 => (complex(half_root, zero), none),
            3 => (-(e.conj().scale(half_root)), complex(-half_root, zero)),
            _ => (none, none),
        };
        let ln_r = half * r2.at_least(core).ln() - R::broadcast(lens.ln_r_e);
        let log = complex(ln_r + half, -(y * ln).im);
        let x = (power * n.square() * up).scale(half_root * outside);
        let y = ((inverse_power * down).scale(half_root) + log_share * log).scale(outside);
        At {
            w,
            zeta,
            n,
            inv_zeta,
            inv_r2,
            power,
            inverse_power,
            by_z: [up_z, down_z],
            x,
            y,
            log_share,
            log_slope,
            log,
            outside,
        }
    }

    #[inline(always)]
    fn deflection<R: Real>(lens: &MultipoleEllipseLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let At { x, y, .. } = Self::at(lens, p);
        let c = Complex::broadcast(lens.phase);
        (c.conj() * x + c * y).scale(R::broadcast(lens.a))
    }

    /// By a_m, phi_m, r_E, e1, e2 and by position.
    #[inline(always)]
    fn derivatives<R: Real>(
        lens: &MultipoleEllipseLens<R::Scalar>,
        p: Complex<R>,
        g: Complex<R>,
    ) -> ([R; 5], Complex<R>) {
        let [a, r_e, minus, half_root] = [lens.a, lens.r_e, lens.minus, lens.half_root].map(R::broadcast);
        let [c, e] = [lens.phase, lens.e].map(Complex::broadcast);
        let (two, m) = (R::constant(2.0), R::constant(Self::ORDER));
        let at = Self::at(lens, p);
        let At { w, zeta, n, inv_zeta, inv_r2, power, inverse_power, by_z, x, y, outside, .. } = at;
        let (up, down) = (c.conj() * x, c * y);
        let unit = up + down;
        let by_a = g.dot(unit);
        let by_phi = a * m * g.dot((down - up).times_i());
        let log = (c * at.log_share).scale(outside * a);
        let by_r_e = -(g.dot(log) / r_e);

        // kappa = a Re(conj(c) n^m) / (2 R), 1 / R = sqrt(1 - |e|^2) / |zeta|.
        let turned = c.conj() * power * n;
        let kappa = a * half_root * turned.re * inv_zeta;
        let shear = (log - w.scale(kappa)) * w.scale(inv_r2);
        let position = g.scale(kappa) + g.conj() * shear;

        // By e along d: through sqrt(1 - |e|^2); through n, d ln n = i Im(-d conj(w) / zeta); and through the conj(e) that is written.
        let shrink = a * by_a / minus;
        // 1 / (1 + conj(e) n^2), times n (conj(c) n^m + c n^-m): the integrand.
        let bottom = complex(R::constant(1.0), R::constant(0.0)) + e.conj() * n.square();
        let along = (n * bottom.conj()).scale(two * turned.re * half_root * a / bottom.norm_sqr()).times_i();
        let q = -(w.conj() * zeta.conj()).scale(inv_zeta * inv_zeta);
        let through = g.dot(along) * outside;
        let series = c.conj() * power * n.square() * by_z[0] + c * inverse_power * by_z[1];
        let written = c * at.log_slope * at.log - (n.square() * series).scale(half_root);
        let written = (g.conj() * written).scale(a * outside);
        let by_e1 = written.re + through * q.im - shrink * e.re;
        let by_e2 = written.im + through * q.re - shrink * e.im;
        ([by_a, by_phi, by_r_e, by_e1, by_e2], position)
    }

    fn psi(lens: &MultipoleEllipseLens<f64>, p: Complex<f64>) -> f64 {
        let at = Self::at(lens, p);
        let alpha = (lens.phase.conj() * at.x + lens.phase * at.y).scale(lens.a);
        let log = (lens.phase * at.log_share).scale(at.outside * lens.a);
        at.w.dot(alpha - log)
    }
}

macro_rules! order {
    ($m:literal, $n:literal, $name:literal, [$($parameter:expr),*], [$($own:ident),*], $r_e:expr, [$($kept:ident),*]) => {
        crate::mass_profile!(MultipoleEllipse<$m>);

        impl Formula<$n> for MultipoleEllipse<$m> {
            const NAME: &'static str = $name;
            const PARAMETERS: &'static [ProfileParameter] = &[$($parameter),*, E1, E2, CENTER_X, CENTER_Y];
            type Lens<S: Scalar> = MultipoleEllipseLens<S>;

            fn lens<S: Scalar>(&[$($own),*, e1, e2, x0, y0]: &[f64; $n]) -> MultipoleEllipseLens<S> {
                let [a, phi, r_e] = $r_e;
                Self::prepare([a, phi, r_e, e1, e2, x0, y0])
            }

            #[inline(always)]
            fn alpha<R: Real>(lens: &MultipoleEllipseLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
                Self::deflection(lens, p)
            }

            #[inline(always)]
            fn gradient<R: Real>(
                lens: &MultipoleEllipseLens<R::Scalar>,
                p: Complex<R>,
                g: Complex<R>,
            ) -> Partials<R, $n> {
                let ([$($kept),*, e1, e2], position) = Self::derivatives(lens, p, g);
                Partials { params: [$($own),*, e1, e2, -position.re, -position.im], position }
            }

            fn potential(lens: &MultipoleEllipseLens<f64>, p: Complex<f64>) -> f64 {
                Self::psi(lens, p)
            }
        }
    };
}

order!(1, 7, "multipole1_ellipse", [AMPLITUDE, ORIENTATION, R_E], [a, phi, r_e], [a, phi, r_e], [a, phi, r_e]);
order!(3, 7, "multipole3_ellipse", [AMPLITUDE, ORIENTATION, R_E], [a, phi, r_e], [a, phi, r_e], [a, phi, r_e]);
order!(4, 6, "multipole4_ellipse", [AMPLITUDE, ORIENTATION], [a, phi], [a, phi, 1.0], [a, phi, _r_e]);
