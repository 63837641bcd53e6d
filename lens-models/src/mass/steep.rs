//! Steep: sums of cored steep ellipsoids, which most halos are exactly.
//!
//! The ellipsoid kappa = (s^2 + R^2)^(-3/2) / 2 of core s deflects without any transcendental function (Keeton & Kochanek 1998,
//! doi:10.1086/305272; Oguri 2021, arXiv:2106.11464). In the coordinates of [`ellipse`](super::ellipse), with W^2 = s^2 + R^2,
//!
//! ```text
//! D = |w|^2 + 2 s W + 2 k s^2,   psi = ln{D / [2 (1 + k) s^2]} / (2 s),   alpha = (w / s + rho / W) / D
//! ```
//!
//! A density whose values at imaginary radii are known is a sum of such: rho(r) = int B(s) (r^2 + s^2)^-2 2 s ds, and B is, over pi, the
//! integral of the imaginary part of rho(i s) 2 s from 0 to s. B is positive for all halos here, and smooth in ln s for |Im ln s| < pi / 2: the
//! trapezium in ln s converges as exp(-pi^2 / step). (Oguri fits 44 ellipsoids to 1e-4 instead.)

use super::ellipse::{At, Deflector, Parts};
use crate::number::{Complex, Real, Scalar, Series};

/// The deflector of a sum of cored steep ellipsoids.
pub struct Steep;

/// Of each ellipsoid: its core s; A / s, where kappa = A (s^2 + R^2)^(-3/2) / 2; the derivative of that by a number of the profile; and the
/// derivative of ln s by another (0 for most), times A / s.
pub type Rows<S> = Series<S, 4>;

/// A row with the core and A.
pub fn row(s: f64, [a, by_share, by_width]: [f64; 3]) -> [f64; 4] {
    [s, a / s, by_share / s, by_width / s]
}

/// Radii, arcsec, between which a sum is as good as the numbers.
pub const NEAR: f64 = 1e-3;
pub const FAR: f64 = 100.0;

/// Cores evenly spaced in their logarithm.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    first: f64,
    step: f64,
    pub len: usize,
}

impl Ladder {
    /// Cores for the radii that matter and for the `scale` of a halo, whose masses A / s rise as s^`rise` from the centre.
    ///
    /// What is below the first or above the last is given to these: it looks like one of them from the radii in between, but for a part
    /// (s / r)^(rise + 1) of it.
    pub fn new<S: Scalar>(scale: f64, rise: f64) -> Self {
        let (step, margin) = Self::fineness::<S>();
        let below = margin.powf((3.0 / (1.0 + rise)).max(1.0));
        Self::between(NEAR.min(scale) / below, 0.3 * FAR.max(scale) * margin, step)
    }

    /// The squares of cores, for radii from `near` to `far`: what is added to the square of one that all have.
    pub fn squares<S: Scalar>(near: f64, far: f64) -> Self {
        let (step, margin) = Self::fineness::<S>();
        Self::between((near / margin).powi(2), (3.0 * far * margin).powi(2), 2.0 * step)
    }

    /// The step in ln s, and how far beyond the radii the cores go.
    fn fineness<S: Scalar>() -> (f64, f64) {
        let tolerance = (20.0 * S::ROUNDING).max(1e-12);
        // The trapezium is off by 400 exp(-pi^2 / step) or less.
        (std::f64::consts::PI.powi(2) / (400.0 / tolerance).ln(), tolerance.powf(-0.25))
    }

    fn between(first: f64, last: f64, step: f64) -> Self {
        Self { first, step, len: ((last / first).ln() / step).ceil() as usize + 1 }
    }

    /// The core of a rung.
    pub fn rung(&self, i: usize) -> f64 {
        self.first * (self.step * i as f64).exp()
    }

    /// What a rung stands for where the masses A / s rise as s^`rise` below the first, and the convergences A / s^3 fall as s^-`fall` above the
    /// last: what is near the centre deflects by its mass, and what is far by its convergence.
    pub fn weight(&self, i: usize, rise: f64, fall: f64) -> f64 {
        let beyond = |power: f64| self.step / -(-power * self.step).exp_m1();
        match i {
            0 => beyond(rise),
            i if i + 1 == self.len => beyond(fall),
            _ => self.step,
        }
    }

    /// The derivative of the logarithm of [`weight`](Self::weight), where `rise` and `fall` change by these.
    pub fn weight_slope(&self, i: usize, [rise, d_rise]: [f64; 2], [fall, d_fall]: [f64; 2]) -> f64 {
        let of = |power: f64, d: f64| -d * self.step / (power * self.step).exp_m1();
        match i {
            0 => of(rise, d_rise),
            i if i + 1 == self.len => of(fall, d_fall),
            _ => 0.0,
        }
    }
}

/// alpha / r of one round ellipsoid with A = 1.
pub fn round(s: f64, r: f64) -> f64 {
    let w = s.hypot(r);
    1.0 / (s * w * (w + s))
}

/// Of one ellipsoid: 1 / D, 1 / W and D's parts.
#[inline(always)]
fn inverses<R: Real>(s: R, at: &At<R>) -> (R, R, R) {
    let w = s.mul_add(s, at.big_r2).sqrt();
    let d = (s + s).mul_add(at.k.mul_add(s, w), at.r2);
    let both = R::constant(1.0) / (d * w);
    (both * w, both * d, w)
}

impl Deflector for Steep {
    type Of<S: Scalar> = Rows<S>;

    #[inline(always)]
    fn alpha<R: Real>(rows: &Rows<R::Scalar>, at: &At<R>) -> Complex<R> {
        let zero = R::constant(0.0);
        let [p, q] = R::fold_back(rows, [zero; 2], |[p, q], [s, a_s, _, _]| {
            let (inv_d, inv_w, _) = inverses(s, at);
            let term = a_s * inv_d;
            [p + term, (term * s).mul_add(inv_w, q)]
        });
        at.w.scale(p) + at.rho.scale(q)
    }

    #[inline(always)]
    fn parts<R: Real>(rows: &Rows<R::Scalar>, at: &At<R>, g: Complex<R>) -> Parts<R> {
        let (zero, one, two, half) = (R::constant(0.0), R::constant(1.0), R::constant(2.0), R::constant(0.5));
        let At { w, rho, k, h, r2, .. } = *at;
        let (g_w, g_rho) = (g.dot(w), g.dot(rho));
        // P = sum A / (s D) and Q = sum A / (W D), their derivatives by |w|^2, by R^2 and by k: P_v is Q_u.
        let sums = R::fold_back(rows, [zero; 9], |sums, [s, a_s, by_share, by_width]| {
            let [p, q, p_u, q_u, q_v, p_k, q_k, share, width] = sums;
            let (inv_d, inv_w, big_w) = inverses(s, at);
            let term = a_s * inv_d;
            let s_w = s * inv_w;
            let over_w = term * s_w;
            let squared = over_w * inv_d;
            // s d/ds of 1 / (s D) and of 1 / (W D), over these: D s' = 2 s (W + s^2 / W + 2 k s).
            let fall = two * s * (s.mul_add(s_w, big_w) + two * k * s) * inv_d;
            let moved = (one + fall) * g_w + s_w * (s_w.mul_add(s_w, fall)) * g_rho;
            [
                p + term,
                q + over_w,
                term.mul_add(inv_d, p_u),
                q_u + squared,
                q_v + over_w * (half * inv_w).mul_add(inv_w, s_w * inv_d),
                (term * s * s).mul_add(inv_d, p_k),
                (squared * s).mul_add(s, q_k),
                (by_share * inv_d).mul_add(s_w.mul_add(g_rho, g_w), share),
                (by_width * inv_d).mul_add(moved, width),
            ]
        });
        let [p, q, p_u, q_u, q_v, p_k, q_k, share, width] = sums;
        let [p_u, q_u, q_v] = [-p_u, -q_u, -q_v];
        let [p_k, q_k] = [-(two * p_k), -(two * q_k)];
        // d alpha = P dw + Q d rho + w dP + rho dQ, d|w|^2 = 2 w . dw, dR^2 = 2 rho . dw.
        let by_u = g_w.mul_add(p_u, g_rho * q_u);
        let by_v = g_w.mul_add(q_u, g_rho * q_v);
        let across = g.scale(k) - h * g.conj();
        let position = g.scale(p) + across.scale(q) + w.scale(two * by_u) + rho.scale(two * by_v);
        // d rho = dk w - dh conj(w), dR^2 = dk |w|^2 - dh . w^2.
        let by_k = (q * g_w) + by_v * r2 + g_w * p_k + g_rho * q_k;
        let by_h = -((g * w).scale(q) + w.square().scale(by_v));
        let value = g_w.mul_add(p, g_rho * q);
        Parts { value, by_ln_r: position.dot(w), position, by_k, by_h, share, width: -width }
    }

    fn potential(rows: &Rows<f64>, at: &At<f64>) -> f64 {
        let one = |[s, a_s, ..]: &[f64; 4]| {
            let w = (s * s + at.big_r2).sqrt();
            // D less its value at the centre; W - s = R^2 / (W + s).
            let rise = at.r2 + 2.0 * s * at.big_r2 / (w + s);
            0.5 * a_s * (rise / (2.0 * (1.0 + at.k) * s * s)).ln_1p()
        };
        rows.rows().iter().map(one).sum()
    }
}
