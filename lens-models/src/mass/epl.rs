//! Epl: the elliptical power law, exact and without trigonometry.
//!
//! kappa = (3 - gamma) / 2 (theta_E / sqrt(q x1^2 + x2^2 / q))^(gamma - 1), x1 along the major axis
//! (Tessore & Metcalf 2015, doi:10.1051/0004-6361/201526773, whose series is rewritten here for e = e1 + i e2).

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, Series, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, GAMMA, ProfileParameter, THETA_E},
    pointwise::Partials,
};

/// The elliptical power law: `theta_E gamma e1 e2 center_x center_y`.
///
/// With w the position from the centre, t = gamma - 1, zeta = w - e conj(w), z = -conj(e) zeta / conj(zeta) and
/// S = theta_E sqrt(1 - |e|^2) / |zeta|:
///
/// ```text
/// alpha = S^t zeta F(z),   F = 2F1(1, t/2; 2 - t/2; z) = 1 + z H(z),   kappa = (2-t)/2 S^t
/// shear = [(1-t) alpha - kappa w] / conj(w),   d alpha = kappa dw + shear d conj(w)
/// d alpha / dt = ln S alpha + S^t zeta z K(z),   K = sum D_n c_n z^(n-1)
/// ```
///
/// A point within 1e-9 arcsec of the centre feels no deflection, so that values and gradients are finite there.
#[derive(Clone, Copy, Debug)]
pub struct Epl;

/// |zeta|^2 below which a point is the centre.
const CORE: f64 = 1e-18;

/// What is computed once for a lens.
#[derive(Clone, Debug)]
pub struct EplLens<S> {
    theta_e: S,
    t: S,
    e: Complex<S>,
    center: Complex<S>,
    /// 1 - |e|^2 and |e|^2 = |z|^2.
    one_minus_e2: S,
    e2: S,
    /// ln(theta_E sqrt(1 - |e|^2)).
    ln_scale: S,
    /// c_(n+1) and D_(n+1) c_(n+1), the coefficients of H = (F - 1) / z and of K = (dF/dt) / z.
    series: Series<S, 2>,
}

crate::mass_profile!(Epl);

impl Formula<6> for Epl {
    const NAME: &'static str = "epl";
    const PARAMETERS: &'static [ProfileParameter] = &[THETA_E, GAMMA, E1, E2, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = EplLens<S>;

    fn lens<S: Scalar>(&[theta_e, gamma, e1, e2, x0, y0]: &[f64; 6]) -> EplLens<S> {
        let s = S::from_f64;
        let t = if gamma > 1.0 && gamma < 3.0 { gamma - 1.0 } else { f64::NAN };
        let norm = e1 * e1 + e2 * e2;
        // Terms fall as |e|^n: as many as reach the rounding of the numbers.
        let terms = (S::ROUNDING.ln() / (0.5 * norm.ln())).ceil() + 2.0;
        let terms = terms.clamp(2.0, Series::<S, 2>::MAX_ROWS as f64) as usize;
        let (mut c, mut d) = (1.0, 0.0);
        EplLens {
            theta_e: s(theta_e),
            t: s(t),
            e: complex(s(e1), s(e2)),
            center: complex(s(x0), s(y0)),
            one_minus_e2: s(1.0 - norm),
            e2: s(norm),
            ln_scale: s(theta_e.ln() + 0.5 * (-norm).ln_1p()),
            series: Series::new(terms, |n| {
                let (above, below) = (0.5 * t + n as f64, 2.0 - 0.5 * t + n as f64);
                c *= above / below;
                d += 0.5 / above + 0.5 / below;
                [c, c * d]
            }),
        }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let at = At::new(lens, p);
        let [h, _] = series(lens, at.z);
        at.st_zeta() * one_plus(at.z * h)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 6> {
        let [t, theta_e, one_minus_e2] = [lens.t, lens.theta_e, lens.one_minus_e2].map(R::broadcast);
        let e = Complex::broadcast(lens.e);
        let (one, two, half) = (R::constant(1.0), R::constant(2.0), R::constant(0.5));
        let at = At::new(lens, p);
        let (w, z, st_zeta) = (at.w, at.z, at.st_zeta());
        let [h, k] = series(lens, z);
        let f = one_plus(z * h);
        let alpha = st_zeta * f;
        // The hypergeometric equation is of first order here: F' = [t/2 F - (1 - t/2) H] / (1 - z).
        let one_minus_z = one_plus(-z);
        let f_prime = (f.scale(half * t) - h.scale(one - half * t)) * one_minus_z.conj();
        let f_prime = f_prime.scale(one / one_minus_z.norm_sqr());

        let g_alpha = g.dot(alpha);
        let d_theta_e = t / theta_e * g_alpha;
        let d_gamma = at.ln_s.mul_add(g_alpha, g.dot(st_zeta * (z * k)));

        // d zeta = -d conj(w) for a change d of e: d zeta / zeta = P d, with d = 1 for e1 and d = i for e2.
        // d alpha = alpha {P d - t [Re(conj(e) d) / (1 - |e|^2) + Re(P d)]} + S^t zeta F' dz,
        // dz = -conj(d) Q + z (P d - conj(P d)),  Q = zeta / conj(zeta).
        let big_p = -((w * at.zeta).conj().scale(at.inv_zeta2));
        let a = g.conj() * alpha;
        let b = g.conj() * (st_zeta * f_prime);
        let (bq, bz) = (b * at.q, b * z);
        let shrink = t * g_alpha / one_minus_e2;
        let d1 = (one - t) * big_p.re * a.re - big_p.im * a.im - two * big_p.im * bz.im - bq.re;
        let d2 = (t - one) * big_p.im * a.re - big_p.re * a.im - two * big_p.re * bz.im - bq.im;
        let [d_e1, d_e2] = [d1 - shrink * e.re, d2 - shrink * e.im];

        // d alpha = kappa dw + shear d conj(w), and the centre moves opposite to the point.
        let (kappa, shear) = at.hessian(lens, alpha);
        let g_shear = g.conj() * shear;
        let position = complex(kappa.mul_add(g.re, g_shear.re), kappa.mul_add(g.im, g_shear.im));
        Partials { params: [d_theta_e, d_gamma, d_e1, d_e2, -position.re, -position.im], position }
    }

    fn potential(lens: &EplLens<f64>, p: Complex<f64>) -> f64 {
        (p - lens.center).dot(Self::alpha(lens, p)) / (2.0 - lens.t)
    }

    fn potential_slopes(params: &[f64; 6], p: Complex<f64>) -> [f64; 6] {
        // psi = w . alpha / (2 - t), and the centre moves opposite to the point.
        let lens = Self::lens(params);
        let degree = 2.0 - lens.t;
        let alpha = Self::alpha(&lens, p);
        let [theta_e, gamma, e1, e2, ..] = Self::gradient(&lens, p, p - lens.center).params.map(|along| along / degree);
        let psi = (p - lens.center).dot(alpha) / degree;
        [theta_e, gamma + psi / degree, e1, e2, -alpha.re, -alpha.im]
    }
}

/// The quantities that value and gradient have in common.
struct At<R> {
    w: Complex<R>,
    zeta: Complex<R>,
    /// 1 / |zeta|^2.
    inv_zeta2: R,
    /// zeta / conj(zeta).
    q: Complex<R>,
    z: Complex<R>,
    ln_s: R,
    /// S^t, and 0 in the core.
    st: R,
}

impl<R: Real> At<R> {
    #[inline(always)]
    fn new(lens: &EplLens<R::Scalar>, p: Complex<R>) -> Self {
        let e = Complex::broadcast(lens.e);
        let core = R::constant(CORE);
        let w = p - Complex::broadcast(lens.center);
        let zeta = w - e * w.conj();
        let norm = zeta.norm_sqr();
        let zeta2 = norm.at_least(core);
        let inv_zeta2 = R::constant(1.0) / zeta2;
        let q = zeta.square().scale(inv_zeta2);
        let ln_s = R::constant(-0.5).mul_add(zeta2.ln(), R::broadcast(lens.ln_scale));
        let st = norm.above(core, (R::broadcast(lens.t) * ln_s).exp());
        Self { w, zeta, inv_zeta2, q, z: -(e.conj() * q), ln_s, st }
    }

    #[inline(always)]
    fn st_zeta(&self) -> Complex<R> {
        self.zeta.scale(self.st)
    }

    /// kappa and the complex shear.
    #[inline(always)]
    fn hessian(&self, lens: &EplLens<R::Scalar>, alpha: Complex<R>) -> (R, Complex<R>) {
        let t = R::broadcast(lens.t);
        let one = R::constant(1.0);
        let kappa = (one - R::constant(0.5) * t) * self.st;
        let w2 = self.w.norm_sqr().at_least(R::constant(CORE));
        let shear = (alpha.scale(one - t) - self.w.scale(kappa)) * self.w.scale(one / w2);
        (kappa, shear)
    }
}

/// 1 + z.
#[inline(always)]
fn one_plus<R: Real>(z: Complex<R>) -> Complex<R> {
    complex(R::constant(1.0) + z.re, z.im)
}

/// H(z) and K(z): sum_n p_n z^n for both sets of real coefficients.
///
/// Dividing by (X - z)(X - conj(z)) = X^2 - 2 Re(z) X + |z|^2 keeps Horner's rule real: two multiplications a term
/// instead of four; and |z| = |e| is one number for the whole lens.
#[inline(always)]
fn series<R: Real>(lens: &EplLens<R::Scalar>, z: Complex<R>) -> [Complex<R>; 2] {
    let (s, minus_r) = (z.re + z.re, -R::broadcast(lens.e2));
    let zero = R::constant(0.0);
    let [h1, h2, k1, k2] = R::fold_back(&lens.series, [zero; 4], |[h1, h2, k1, k2], [h, k]| {
        [s.mul_add(h1, minus_r.mul_add(h2, h)), h1, s.mul_add(k1, minus_r.mul_add(k2, k)), k1]
    });
    // The division leaves b_1 (X - 2 Re(z)) + b_0, at X = z: b_0 - b_1 conj(z).
    [complex(h1 - z.re * h2, z.im * h2), complex(k1 - z.re * k2, z.im * k2)]
}
