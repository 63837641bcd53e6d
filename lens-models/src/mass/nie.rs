//! Nie: the isothermal ellipsoid with a core, without angles in its derivatives.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, carlson, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter, THETA_E},
    pointwise::Partials,
};

/// The cored isothermal ellipsoid: `theta_E e1 e2 s_scale center_x center_y`;
/// kappa = theta_E / (2 W), W^2 = s^2 + q x1^2 + x2^2 / q (Kormann et al. 1994; Keeton & Kochanek 1998, doi:10.1086/305272).
///
/// In the frame of the axes, with k^2 = 1 - q^2 and C(z) = arctan(sqrt(z)) / sqrt(z), smooth through z = 0,
///
/// ```text
/// alpha = theta_E [X C(k^2 X^2 / q) + i Y C(-k^2 Y^2 / q)],   X = q x1 / (q W + s),   Y = x2 / (W + q s)
/// ```
///
/// whose two arctangents are one of a complex number, alpha = theta_E Z C(m Z^2) with m = 4 conj(e) / (1 - |e|^2) and
///
/// ```text
/// Z = {(1 - |e|^2) W w + s [(1 + |e|^2) w - 2 e conj(w)]} / {(1 - |e|^2) (W^2 + s^2) + 2 (1 + |e|^2) s W - conj(e) w^2 + e conj(w)^2}
/// ```
///
/// Z is rational in w, e, s and W: every derivative is one of Z, but for C' in those by e. With s = 0 a point within 1e-9
/// arcsec of the centre feels the deflection of one at that distance.
#[derive(Clone, Copy, Debug)]
pub struct Nie;

/// W^2 - s^2 is at least this.
const CORE: f64 = 1e-18;

/// |m Z^2| below which C' is a series, and its terms: the next is 3e-14.
const NEAR: f64 = 0.15;
const TERMS: u32 = 16;

/// What is computed once for a lens.
#[derive(Clone, Copy, Debug)]
pub struct NieLens<S> {
    theta_e: S,
    s: S,
    center: Complex<S>,
    e: Complex<S>,
    /// 1 - |e|^2 and 1 + |e|^2.
    minus: S,
    plus: S,
    /// e^{i phi} of the major axis; 1 for a circle.
    axis: Complex<S>,
    q: S,
    /// k^2 / q.
    k2_over_q: S,
    /// m, and 1 / (2 m); 0 for a circle.
    m: Complex<S>,
    half_inv_m: Complex<S>,
}

crate::mass_profile!(Nie);

impl Formula<6> for Nie {
    const NAME: &'static str = "nie";
    const PARAMETERS: &'static [ProfileParameter] = &[
        THETA_E,
        E1,
        E2,
        ProfileParameter::new(
            "s_scale",
            ParameterKind::Other {
                low: 0.0,
                high: f64::INFINITY,
                prior: r#"{"log_normal": {"loc": -2.3, "scale": 1.0}}"#,
            },
            "arcsec",
            "s",
            "Radius of the core, in the intermediate-axis convention.",
        ),
        CENTER_X,
        CENTER_Y,
    ];
    type Lens<S: Scalar> = NieLens<S>;

    fn lens<S: Scalar>(&[theta_e, e1, e2, scale, x0, y0]: &[f64; 6]) -> NieLens<S> {
        let s = S::from_f64;
        let norm = e1 * e1 + e2 * e2;
        let minus = if norm < 1.0 { 1.0 - norm } else { f64::NAN };
        let f = norm.sqrt();
        let q = (1.0 - f) / (1.0 + f);
        let half = 0.5 * f64::atan2(e2, e1);
        let half_inv_m = if norm > 0.0 { minus / (8.0 * norm) } else { 0.0 };
        NieLens {
            theta_e: s(theta_e),
            s: s(if scale >= 0.0 { scale } else { f64::NAN }),
            center: complex(s(x0), s(y0)),
            e: complex(s(e1), s(e2)),
            minus: s(minus),
            plus: s(1.0 + norm),
            axis: complex(s(half.cos()), s(half.sin())),
            q: s(q),
            k2_over_q: s(4.0 * f / minus),
            m: complex(s(4.0 * e1 / minus), s(-4.0 * e2 / minus)),
            half_inv_m: complex(s(half_inv_m * e1), s(half_inv_m * e2)),
        }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &NieLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let w = p - Complex::broadcast(lens.center);
        unit(lens, w, core_radius(lens, w).0).scale(R::broadcast(lens.theta_e))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &NieLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 6> {
        let c = R::constant;
        let [theta_e, s, minus, plus] = [lens.theta_e, lens.s, lens.minus, lens.plus].map(R::broadcast);
        let [e, m, half_inv_m] = [lens.e, lens.m, lens.half_inv_m].map(Complex::broadcast);
        let (one, two, half) = (c(1.0), c(2.0), c(0.5));
        let w = p - Complex::broadcast(lens.center);
        let (big_w, u) = core_radius(lens, w);
        let unit = unit(lens, w, big_w);
        let (conj_w, w2) = (w.conj(), w.square());
        let inv_w = one / big_w;

        // num / den = Z, and d alpha = theta_E [dZ / (1 + m Z^2) + Z^3 C'(m Z^2) dm].
        let ew2 = e.conj() * w2;
        let xi = w.scale(plus) - (e * conj_w).scale(two);
        let num = w.scale(minus * big_w) + xi.scale(s);
        let w_and_s = minus.mul_add(big_w, plus * s);
        // -conj(e) w^2 + e conj(w)^2 is imaginary.
        let den = complex(minus * (big_w * big_w + s * s) + two * plus * s * big_w, -(two * ew2.im));
        let inv_den = inverse(den);
        let z = num * inv_den;
        let mz2 = m * z.square();
        let stretch = inverse(complex(one + mz2.re, mz2.im));
        let slope = stretch * inv_den;
        // dZ / (1 + m Z^2) from d num and d den.
        let moved = |d_num: Complex<R>, d_den: Complex<R>| (d_num - z * d_den) * slope;

        // d alpha = kappa dw + shear d conj(w).
        let w_conj = xi.scale(half * inv_w / minus);
        let num_conj = (w * w_conj).scale(minus) - e.scale(two * s);
        let den_conj = (w_conj.scale(w_and_s) + e * conj_w).scale(two);
        let shear = moved(num_conj, den_conj).scale(theta_e);
        let position = g.scale(half * theta_e * inv_w) + g.conj() * shear;

        // By s: dW/ds = s / W.
        let w_s = s * inv_w;
        let den_s = two * (w_s * w_and_s + minus * s + plus * big_w);
        let by_s = moved(w.scale(minus * w_s) + xi, complex(den_s, c(0.0))).scale(theta_e);

        // By e and by conj(e), as if they were two numbers.
        let norm = w.norm_sqr();
        let w_e = (e.conj().scale(norm + u) - conj_w.square()).scale(half * inv_w / minus);
        let w_ec = w_e.conj();
        let lever = two * w_and_s;
        let far = (big_w - s) * (big_w - s);
        let num_e = w * (w_e.scale(minus) + e.conj().scale(s - big_w)) - conj_w.scale(two * s);
        let num_ec = w * (w_ec.scale(minus) + e.scale(s - big_w));
        let den_e = w_e.scale(lever) - e.conj().scale(far) + conj_w.square();
        let den_ec = w_ec.scale(lever) - e.scale(far) - w2;
        let third = cube_slope(z, mz2, stretch, unit, half_inv_m);
        let of_m = c(4.0) / (minus * minus);
        let by_e = moved(num_e, den_e) + third * e.conj().square().scale(of_m);
        let by_ec = moved(num_ec, den_ec) + third.scale(of_m);
        let by_e1 = theta_e * g.dot(by_e + by_ec);
        let by_e2 = theta_e * g.dot((by_e - by_ec).times_i());
        Partials { params: [g.dot(unit), by_e1, by_e2, g.dot(by_s), -position.re, -position.im], position }
    }

    /// x . alpha less theta_E s ln of |s + psi + ..|, of Keeton & Kochanek.
    fn potential(lens: &NieLens<f64>, p: Complex<f64>) -> f64 {
        let w = p - lens.center;
        let (big_w, _) = core_radius(lens, w);
        let &NieLens { theta_e, s, q, .. } = lens;
        let x1 = (lens.axis.conj() * w).re;
        // [(q W + s)^2 + q (1 - q^2) x1^2] over its value at the centre.
        let ratio = ((q * big_w + s).powi(2) + q * (1.0 - q * q) * x1 * x1) / ((1.0 + q) * s).powi(2);
        let core = if s > 0.0 { 0.5 * s * ratio.ln() } else { s };
        theta_e * (w.dot(unit(lens, w, big_w)) - core)
    }
}

/// W, and W^2 - s^2.
#[inline(always)]
fn core_radius<R: Real>(lens: &NieLens<R::Scalar>, w: Complex<R>) -> (R, R) {
    let [s, minus] = [lens.s, lens.minus].map(R::broadcast);
    let zeta = w - Complex::broadcast(lens.e) * w.conj();
    let u = (zeta.norm_sqr() / minus).at_least(R::constant(CORE));
    (s.mul_add(s, u).sqrt(), u)
}

/// alpha / theta_E.
#[inline(always)]
fn unit<R: Real>(lens: &NieLens<R::Scalar>, w: Complex<R>, big_w: R) -> Complex<R> {
    let [s, q, k2_over_q] = [lens.s, lens.q, lens.k2_over_q].map(R::broadcast);
    let axis = Complex::broadcast(lens.axis);
    let one = R::constant(1.0);
    let along = axis.conj() * w;
    let x = q * along.re / q.mul_add(big_w, s);
    let y = along.im / q.mul_add(s, big_w);
    let x = x * carlson((k2_over_q * x).mul_add(x, one)).rc;
    let y = y * carlson((-(k2_over_q * y)).mul_add(y, one)).rc;
    axis * complex(x, y)
}

/// Z^3 C'(m Z^2): C' = [1 / (1 + z) - C] / (2 z), and near z = 0, where that cancels, the series of C = sum (-z)^k / (2 k + 1).
#[inline(always)]
fn cube_slope<R: Real>(
    z: Complex<R>,
    mz2: Complex<R>,
    stretch: Complex<R>,
    unit: Complex<R>,
    half_inv_m: Complex<R>,
) -> Complex<R> {
    let near = R::constant(NEAR * NEAR);
    let norm = mz2.norm_sqr();
    // Shortened to NEAR where it is longer, so that the series stays finite.
    let inside = -mz2.scale((near / norm.at_least(near)).sqrt());
    let mut series = complex(R::constant(0.0), R::constant(0.0));
    for k in (1..=TERMS).rev() {
        let k = f64::from(k);
        series = series * inside;
        series = complex(series.re - R::constant(k / (2.0 * k + 1.0)), series.im);
    }
    let short = z * z.square() * series;
    let long = (z * stretch - unit) * half_inv_m;
    complex(norm.above_or(near, long.re, short.re), norm.above_or(near, long.im, short.im))
}

/// 1 / z.
#[inline(always)]
fn inverse<R: Real>(z: Complex<R>) -> Complex<R> {
    z.conj().scale(R::constant(1.0) / z.norm_sqr())
}
