//! Epl: the elliptical power law, exact and without trigonometry.
//!
//! kappa = (3 - gamma) / 2 (theta_E / sqrt(q x1^2 + x2^2 / q))^(gamma - 1), x1 along the major axis
//! (Tessore & Metcalf 2015, doi:10.1051/0004-6361/201526773, whose series is rewritten here for e = e1 + i e2).

use super::{
    Lensing,
    formula::{Formula, MAX_PARAMETERS, mass_profile},
};
use crate::{
    complex::{Complex, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, GAMMA, Parameter, THETA_E},
    simd::{Real, Scalar},
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

/// Room for the series: enough for 1e-17 up to |e| = 0.92 (q = 0.04), for 3e-8 up to |e| = 0.96 (q = 0.02).
const MAX_TERMS: usize = 512;

/// What is computed once for a lens.
#[derive(Clone, Debug)]
pub(super) struct EplLens<S> {
    theta_e: S,
    t: S,
    e: Complex<S>,
    center: Complex<S>,
    /// 1 - |e|^2 and |e|^2 = |z|^2.
    one_minus_e2: S,
    e2: S,
    /// ln(theta_E sqrt(1 - |e|^2)).
    ln_scale: S,
    terms: usize,
    /// c_(n+1), the coefficients of H = (F - 1) / z.
    h: [S; MAX_TERMS],
    /// D_(n+1) c_(n+1), those of K = (dF/dt) / z.
    k: [S; MAX_TERMS],
}

mass_profile!(Epl);

impl Formula for Epl {
    const NAME: &'static str = "epl";
    const PARAMETERS: &'static [Parameter] = &[THETA_E, GAMMA, E1, E2, CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = EplLens<S>;

    fn lens<S: Scalar>(params: &[f64]) -> EplLens<S> {
        let s = S::from_f64;
        let [theta_e, gamma, e1, e2, x0, y0] = [0, 1, 2, 3, 4, 5].map(|i| params[i]);
        let t = if gamma > 1.0 && gamma < 3.0 { gamma - 1.0 } else { f64::NAN };
        let norm = e1 * e1 + e2 * e2;
        // Terms fall as |e|^n: as many as reach the rounding of the lanes, 1e-17 for f64 and 3e-8 for f32.
        let tolerance: f64 = if size_of::<S>() == size_of::<f64>() { 1e-17 } else { 3e-8 };
        let terms = (tolerance.ln() / (0.5 * norm.ln())).ceil() + 2.0;
        let terms = terms.clamp(2.0, MAX_TERMS as f64) as usize;
        let (mut h, mut k) = ([s(0.0); MAX_TERMS], [s(0.0); MAX_TERMS]);
        let (mut c, mut d) = (1.0, 0.0);
        for (n, (h, k)) in h.iter_mut().zip(&mut k).take(terms).enumerate() {
            let (above, below) = (0.5 * t + n as f64, 2.0 - 0.5 * t + n as f64);
            c *= above / below;
            d += 0.5 / above + 0.5 / below;
            (*h, *k) = (s(c), s(c * d));
        }
        EplLens {
            theta_e: s(theta_e),
            t: s(t),
            e: complex(s(e1), s(e2)),
            center: complex(s(x0), s(y0)),
            one_minus_e2: s(1.0 - norm),
            e2: s(norm),
            ln_scale: s(theta_e.ln() + 0.5 * (-norm).ln_1p()),
            terms,
            h,
            k,
        }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let at = At::new(lens, p);
        let h = series([&lens.h], lens, at.z)[0];
        at.st_zeta() * one_plus(at.z * h)
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &EplLens<R::Scalar>, p: Complex<R>, g: Complex<R>, sums: &mut [R; MAX_PARAMETERS]) {
        let [t, theta_e, one_minus_e2] = [lens.t, lens.theta_e, lens.one_minus_e2].map(R::broadcast);
        let e = Complex::broadcast(lens.e);
        let (one, two, half) = (R::constant(1.0), R::constant(2.0), R::constant(0.5));
        let at = At::new(lens, p);
        let (w, z, st_zeta) = (at.w, at.z, at.st_zeta());
        let [h, k] = series([&lens.h, &lens.k], lens, z);
        let f = one_plus(z * h);
        let alpha = st_zeta * f;
        // The hypergeometric equation is of first order here: F' = [t/2 F - (1 - t/2) H] / (1 - z).
        let one_minus_z = one_plus(-z);
        let f_prime = (f.scale(half * t) - h.scale(one - half * t)) * one_minus_z.conj();
        let f_prime = f_prime.scale(one / one_minus_z.norm_sqr());

        let g_alpha = g.dot(alpha);
        sums[0] = sums[0] + t / theta_e * g_alpha;
        sums[1] = sums[1] + at.ln_s.mul_add(g_alpha, g.dot(st_zeta * (z * k)));

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
        sums[2] = sums[2] + (d1 - shrink * e.re);
        sums[3] = sums[3] + (d2 - shrink * e.im);

        // The centre moves opposite to the point: -(kappa + shear) and -i (kappa - shear).
        let (kappa, shear) = at.hessian(lens, alpha);
        let g_shear = g.conj() * shear;
        sums[4] = sums[4] - kappa.mul_add(g.re, g_shear.re);
        sums[5] = sums[5] - kappa.mul_add(g.im, g_shear.im);
    }

    fn point(lens: &EplLens<f64>, p: Complex<f64>) -> Lensing {
        let at = At::new(lens, p);
        let alpha = Self::alpha(lens, p);
        let (kappa, shear) = at.hessian(lens, alpha);
        Lensing {
            potential: at.w.dot(alpha) / (2.0 - lens.t),
            alpha: [alpha.re, alpha.im],
            f_xx: kappa + shear.re,
            f_xy: shear.im,
            f_yy: kappa - shear.re,
        }
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

/// sum_n p_n z^n for each of several sets of real coefficients.
///
/// Dividing by (X - z)(X - conj(z)) = X^2 - 2 Re(z) X + |z|^2 keeps Horner's rule real: two multiplications a term
/// instead of four; and |z| = |e| is one number for the whole lens.
#[inline(always)]
fn series<R: Real, const M: usize>(
    coefficients: [&[R::Scalar; MAX_TERMS]; M],
    lens: &EplLens<R::Scalar>,
    z: Complex<R>,
) -> [Complex<R>; M] {
    let (s, minus_r) = (z.re + z.re, -R::broadcast(lens.e2));
    let zero = R::constant(0.0);
    let (mut b1, mut b2) = ([zero; M], [zero; M]);
    for n in (1..lens.terms.min(MAX_TERMS)).rev() {
        for m in 0..M {
            let c = minus_r.mul_add(b2[m], R::broadcast(coefficients[m][n]));
            (b1[m], b2[m]) = (s.mul_add(b1[m], c), b1[m]);
        }
    }
    let mut out = [complex(zero, zero); M];
    for m in 0..M {
        let c = minus_r.mul_add(b2[m], R::broadcast(coefficients[m][0]));
        out[m] = complex(z.re.mul_add(b1[m], c), z.im * b1[m]);
    }
    out
}
