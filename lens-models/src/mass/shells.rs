//! Shells: the deflection of a convergence that falls as exp(-x), x = (R / scale)^(1/n), as an integral over its ellipses.
//!
//! In the coordinates of [`ellipse`](super::ellipse) all ellipses within R deflect by (Bourassa & Kantowski 1975, doi:10.1086/153300)
//!
//! ```text
//! conj(alpha) = 2 int_0^R kappa(m) m dm / sqrt(w^2 - 2 h m^2),   d conj(alpha) / dw = kappa conj(rho) / rho - w 2 int kappa m dm / (..)^(3/2)
//! ```
//!
//! in m^2 by the double exponential rule of Takahasi & Mori (1974): its nodes crowd at both ends, where a cuspy kappa and a flat ellipse
//! are steep. Beyond the ellipse where kappa is 1e-13 of its scale there is nothing to integrate.

use super::ellipse::{At, Deflector, Parts};
use crate::number::{Complex, Real, Scalar, Series, complex};

/// The deflector of such an integral.
pub struct Shells;

/// What is computed once for a lens: kappa = strength exp(-x).
#[derive(Clone, Debug)]
pub struct Of<S> {
    strength: S,
    /// 1 / (2 n), and the logarithm of scale^2.
    half_inv_n: S,
    ln_scale2: S,
    /// R^2 of the last ellipse that counts.
    last2: S,
    /// d ln kappa / dn = slope - x c + x ln(x) / n: slope and c.
    by_n: [S; 2],
    inv_n: S,
    /// Of each node t of m^2 = t M^2: its weight, t, t^(1 / (2 n)) and ln t / (2 n).
    nodes: Series<S, 4>,
}

/// |w|^2 below which a point is the centre.
const CORE: f64 = 1e-12;

/// A convergence strength exp(-(R / scale)^(1/n)), with d ln kappa / dn by `slope` and `c` as [`Of`] has them.
pub fn of<S: Scalar>(strength: f64, scale: f64, n: f64, [slope, c]: [f64; 2]) -> Of<S> {
    use std::f64::consts::PI;
    let s = S::from_f64;
    // For 1e-10 and for 1e-6: what is left out at the ends is exp(-digits), and at the lower one kappa is exp(2 n) times what it is at the scale.
    let (step, digits) = if S::ROUNDING < 1e-10 { (0.115, 30.0) } else { (0.2, 15.0) };
    let [low, high] = [digits + 2.0 * n.max(0.0), digits].map(|digits| (digits / PI).asinh());
    let count = ((low + high) / step) as usize + 2;
    let half_inv_n = 0.5 / n;
    // x^(2n) exp(-x) is 1e-13 of its largest there.
    let x_last = 2.0 * n + 20.0 + 6.0 * (2.0 * n).sqrt();
    Of {
        strength: s(strength),
        half_inv_n: s(half_inv_n),
        ln_scale2: s(2.0 * scale.ln()),
        last2: s(scale * scale * x_last.powf(2.0 * n)),
        by_n: [s(slope), s(c)],
        inv_n: s(1.0 / n),
        nodes: Series::new(count, |i| {
            let xi = step * i as f64 - low;
            let (odds, rate) = ((PI * xi.sinh()).exp(), PI * xi.cosh());
            // t = odds / (1 + odds), and dt = rate t (1 - t) d xi.
            let t = odds / (1.0 + odds);
            let ln_t = -(1.0 / odds).ln_1p();
            [step * rate * t / (1.0 + odds), t, (half_inv_n * ln_t).exp(), half_inv_n * ln_t]
        }),
    }
}

/// What all nodes have in common.
struct Ray<R> {
    /// x at M, its logarithm, and M^2.
    x: R,
    ln_x: R,
    last2: R,
    /// 1 / w, and 2 h M^2 / w^2.
    inv_w: Complex<R>,
    c: Complex<R>,
    /// 1 outside the centre, 0 in it.
    outside: R,
}

#[inline(always)]
fn ray<R: Real>(of: &Of<R::Scalar>, at: &At<R>) -> Ray<R> {
    let core = R::constant(CORE);
    let inv_w = at.w.conj().scale(R::constant(1.0) / at.r2.at_least(core));
    // The smaller of R^2 and that of the last ellipse.
    let last2 = -((-at.big_r2.at_least(core)).at_least(-R::broadcast(of.last2)));
    let ln_x = R::broadcast(of.half_inv_n) * (last2.ln() - R::broadcast(of.ln_scale2));
    let c = (at.h * inv_w.square()).scale(last2 + last2);
    Ray { x: ln_x.exp(), ln_x, last2, inv_w, c, outside: at.r2.above(core, R::constant(1.0)) }
}

/// 1 / sqrt(1 - t c), with the root of positive real part.
#[inline(always)]
fn inverse_root<R: Real>(t: R, c: Complex<R>) -> Complex<R> {
    let (one, half) = (R::constant(1.0), R::constant(0.5));
    let z = complex((-t).mul_add(c.re, one), -(t * c.im));
    let inv = one / z.norm_sqr().sqrt();
    // conj(z) / |z| on the unit circle: its root is that of half its angle.
    let (cos, sin) = (z.re * inv, -(z.im * inv));
    let re = half.mul_add(cos, half).sqrt();
    complex(re, half * sin / re).scale(inv.sqrt())
}

impl Deflector for Shells {
    type Of<S: Scalar> = Of<S>;

    #[inline(always)]
    fn alpha<R: Real>(of: &Of<R::Scalar>, at: &At<R>) -> Complex<R> {
        let zero = R::constant(0.0);
        let Ray { x, last2, inv_w, c, outside, .. } = ray(of, at);
        let [re, im] = R::fold_back(&of.nodes, [zero; 2], |[re, im], [weight, t, power, _]| {
            let share = weight * (-(x * power)).exp();
            let root = inverse_root(t, c);
            [share.mul_add(root.re, re), share.mul_add(root.im, im)]
        });
        (complex(re, im) * inv_w).conj().scale(outside * R::broadcast(of.strength) * last2)
    }

    #[inline(always)]
    fn parts<R: Real>(of: &Of<R::Scalar>, at: &At<R>, g: Complex<R>) -> Parts<R> {
        let zero = R::constant(0.0);
        let [strength, slope, by_x, inv_n] = [of.strength, of.by_n[0], of.by_n[1], of.inv_n].map(R::broadcast);
        let Ray { x, ln_x, last2, inv_w, c, outside } = ray(of, at);
        let At { w, rho, r2, .. } = *at;
        // int kappa m / S, the same of d kappa / dn, and int kappa m / S^3 without and with m^2.
        let sums = R::fold_back(&of.nodes, [zero; 8], |sums, [weight, t, power, ln_power]| {
            let [a_re, a_im, n_re, n_im, b_re, b_im, j_re, j_im] = sums;
            let x = x * power;
            let share = weight * (-x).exp();
            let root = inverse_root(t, c);
            let term = root.scale(share);
            let cube = term * root.square();
            let far = cube.scale(t);
            // d ln kappa / dn.
            let of_n = x.mul_add(inv_n * (ln_x + ln_power) - by_x, slope);
            [
                a_re + term.re,
                a_im + term.im,
                term.re.mul_add(of_n, n_re),
                term.im.mul_add(of_n, n_im),
                b_re + cube.re,
                b_im + cube.im,
                j_re + far.re,
                j_im + far.im,
            ]
        });
        let [a_re, a_im, n_re, n_im, b_re, b_im, j_re, j_im] = sums;
        let unit = outside * strength * last2;
        let (alpha, by_n) = (complex(a_re, a_im) * inv_w, complex(n_re, n_im) * inv_w);
        let inv_w3 = inv_w * inv_w.square();
        // Beyond the last ellipse kappa is not 0 but does not count.
        let ln_x =
            R::broadcast(of.half_inv_n) * (at.big_r2.at_least(R::constant(CORE)).ln() - R::broadcast(of.ln_scale2));
        let kappa = strength * (-ln_x.exp()).exp();
        let inv_rho = rho.conj().scale(R::constant(1.0) / rho.norm_sqr().at_least(R::constant(CORE)));
        let shear_conj = (rho.conj() * inv_rho).scale(outside * kappa) - (w * complex(b_re, b_im) * inv_w3).scale(unit);
        let position = g.scale(kappa) + g.conj() * shear_conj.conj();
        // d conj(alpha) = kappa dR^2 / rho + dh J, dR^2 = dk |w|^2 - dh . w^2; and g . alpha is Re(g conj(alpha)).
        let by_r2 = kappa * (g * inv_rho).re;
        let by_h = (g * complex(j_re, j_im) * inv_w3).conj().scale(unit * last2) - w.square().scale(by_r2);
        Parts {
            value: unit * (g * alpha).re,
            by_ln_r: position.dot(w),
            position,
            by_k: by_r2 * r2,
            by_h,
            share: unit * (g * by_n).re,
            width: zero,
        }
    }

    fn potential(of: &Of<f64>, at: &At<f64>) -> f64 {
        let Ray { x, last2, inv_w, c, outside, .. } = ray(of, at);
        if outside <= 0.0 {
            return 0.0 * of.strength;
        }
        // 2 int kappa m ln(|w + S| / [sqrt(2 + 2 k) m]) dm: within an ellipse its potential is that on it.
        let one = |&[weight, t, power, _]: &[f64; 4]| {
            let root = inverse_root(t, c);
            // |w| |1 + S / w|.
            let s = root.conj().scale(1.0 / root.norm_sqr());
            let sum = complex(1.0 + s.re, s.im).norm_sqr() / inv_w.norm_sqr();
            weight * (-(x * power)).exp() * 0.5 * (sum / ((2.0 + 2.0 * at.k) * t * last2)).ln()
        };
        of.strength * last2 * of.nodes.rows().iter().map(one).sum::<f64>()
    }
}
