//! The mass of the standard normal between two ends, without loss in the far tails or in narrow intervals.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use libm::{erf, erfc};
use statrs::function::erf::erfc_inv;

use super::normal::LN_SQRT_2PI;

/// e^(u^2) erfc(u) for u >= 0.
fn erfcx(u: f64) -> f64 {
    if u < 3.0 {
        return (u * u).exp() * erfc(u);
    }
    // Laplace's continued fraction, which has converged after 40 levels from u = 3 on.
    let tail = (1..=40).rev().fold(u, |t, k| u + 0.5 * f64::from(k) / t);
    1.0 / (PI.sqrt() * tail)
}

/// ln of the mass below z.
fn ln_cdf(z: f64) -> f64 {
    if z < 0.0 {
        -0.5 * z * z + (0.5 * erfcx(-z * FRAC_1_SQRT_2)).ln()
    } else {
        (-0.5 * erfc(z * FRAC_1_SQRT_2)).ln_1p()
    }
}

/// Gauss-Legendre nodes and weights on (0, 1), to be mirrored.
const NODES: [[f64; 2]; 5] = [
    [0.148_874_338_981_631_2, 0.295_524_224_714_752_9],
    [0.433_395_394_129_247_2, 0.269_266_719_309_996_4],
    [0.679_409_568_299_024_4, 0.219_086_362_515_982_04],
    [0.865_063_366_688_984_5, 0.149_451_349_150_580_6],
    [0.973_906_528_517_171_7, 0.066_671_344_308_688_14],
];

/// The integral of f over (from, to) by ten nodes: exact to the last digit where ln f changes by about one.
fn gauss_legendre<const K: usize>(from: f64, to: f64, f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    let (m, h) = (0.5 * (from + to), 0.5 * (to - from));
    NODES.iter().fold([0.0; K], |sums, [t, w]| {
        let (left, right) = (f(m - h * t), f(m + h * t));
        std::array::from_fn(|k| sums[k] + h * w * (left[k] + right[k]))
    })
}

/// ln of the mass between a and b, either of which may be infinite.
pub(super) fn ln_mass(a: f64, b: f64) -> f64 {
    if a > 0.0 {
        return ln_mass(-b, -a);
    }
    let (m, h) = (0.5 * (a + b), 0.5 * (b - a));
    if h < 1.0 && (m * h).abs() < 1.0 {
        // So narrow that a difference of two tails would lose digits.
        let [integral] = gauss_legendre(-h, h, |t| [(-m * t - 0.5 * t * t).exp()]);
        return -0.5 * m * m - LN_SQRT_2PI + integral.ln();
    }
    if b <= 0.0 {
        let ratio = (0.5 * (b - a) * (b + a)).exp();
        let difference = erfcx(-b * FRAC_1_SQRT_2) - erfcx(-a * FRAC_1_SQRT_2) * ratio;
        return -0.5 * b * b + (0.5 * difference).ln();
    }
    (0.5 * (erf(b * FRAC_1_SQRT_2) + erf(-a * FRAC_1_SQRT_2))).ln()
}

/// phi(end) / mass: minus the derivative of `ln_mass` by its lower end, or the derivative by its upper.
pub(super) fn hazard(end: f64, ln_mass: f64) -> f64 {
    (-0.5 * end * end - LN_SQRT_2PI - ln_mass).exp()
}

/// Mean and variance of the standard normal between a and b, by quadrature around the highest point between them.
pub(super) fn moments(a: f64, b: f64) -> (f64, f64) {
    let top = 0.0_f64.clamp(a, b);
    // The density falls by a factor e per panel or faster, so nothing is left beyond 45 of them.
    let panel = 1.0 / top.abs().max(1.0);
    let (from, to) = ((a - top).max(-45.0 * panel), (b - top).min(45.0 * panel));
    let panels = ((to - from) / panel).ceil().max(1.0);
    let edge = |i: f64| from + (to - from) * i / panels;
    let mut sums = [0.0; 3];
    for i in 0..panels as usize {
        let part = gauss_legendre(edge(i as f64), edge(i as f64 + 1.0), |t| {
            let weight = (-top * t - 0.5 * t * t).exp();
            [weight, weight * t, weight * t * t]
        });
        sums = std::array::from_fn(|k| sums[k] + part[k]);
    }
    let mean = sums[1] / sums[0];
    (top + mean, sums[2] / sums[0] - mean * mean)
}

/// The point between a and b with the fraction p of their mass below it.
pub(super) fn quantile(p: f64, a: f64, b: f64) -> f64 {
    if a > 0.0 {
        return -quantile(1.0 - p, -b, -a);
    }
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { a } else { b };
    }
    let ln_mass = ln_mass(a, b);
    let lower = 0.5 * erfc(-a * FRAC_1_SQRT_2) + p * ln_mass.exp();
    let upper = 0.5 * erfc(b * FRAC_1_SQRT_2) + (1.0 - p) * ln_mass.exp();
    let z = if upper < lower {
        SQRT_2 * erfc_inv(2.0 * upper)
    } else if lower > 1e-290 {
        -SQRT_2 * erfc_inv(2.0 * lower)
    } else {
        // ln(mass below a + p mass), in logarithms; a = -inf contributes nothing.
        let (below, inside) = (ln_cdf(a), p.ln() + ln_mass);
        let most = below.max(inside);
        inverse_ln_cdf(most + ((below - most).exp() + (inside - most).exp()).ln())
    };
    z.clamp(a, b)
}

/// z with ln_cdf(z) = t, far in the lower tail (t < -600): Newton's method on a function that is almost a parabola there.
fn inverse_ln_cdf(t: f64) -> f64 {
    let mut z = -(-2.0 * t).sqrt();
    for _ in 0..6 {
        let ln = ln_cdf(z);
        z -= (ln - t) / hazard(z, ln);
    }
    z
}
