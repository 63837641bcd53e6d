//! Incomplete gamma and beta functions with both tails, and the quantiles found from them.

use std::f64::consts::PI;

use libm::erfc;

use super::stirling::{deviance, ln_beta_kernel, ln_poisson};

/// Terms of a series or fraction; about sqrt(a) are needed, so this serves parameters up to 1e10.
const MOST_TERMS: usize = 1_000_000;

/// From this shape on the incomplete gamma functions are by their uniform expansion, which has the last digit with two terms.
const UNIFORM_FROM: f64 = 1e8;

/// The regularised incomplete gamma functions (P, Q) of shape `a > 0` at `x >= 0`, where excess = a - x; P + Q = 1.
///
/// The series below a + 1 and the continued fraction above (Numerical Recipes 6.2), under Loader's prefactor.
pub(super) fn gamma(a: f64, x: f64, excess: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if a >= UNIFORM_FROM {
        return uniform_gamma(a, x, excess);
    }
    let front = ln_poisson(a, x, x.ln(), excess).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0, 1.0);
        for n in 1..MOST_TERMS {
            term *= x / (a + n as f64);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let lower = front * sum;
        (lower, 1.0 - lower)
    } else {
        let upper = front * a * fraction(x + 1.0 - a, |n| (-n * (n - a), x + 1.0 - a + 2.0 * n));
        (1.0 - upper, upper)
    }
}

/// d x / d a of a draw x that keeps its place among all draws, -(dF / da) / p(x) (Figurnov et al. 2018, arXiv:1805.08498), for the
/// masses below and above x as functions of `a`, and the density at x.
///
/// dF / da is the difference at five points of the smaller mass, good to 1e-9 of the slope: a thousandth of the width that F has in
/// `a` is far enough from rounding and near enough for a fourth-order rule.
pub(super) fn implicit(a: f64, density: f64, masses: impl Fn(f64) -> (f64, f64)) -> f64 {
    let h = 1e-3 * a / (1.0 + a).sqrt();
    let (below, above) = masses(a);
    let mass = |a: f64| if below < above { masses(a).0 } else { -masses(a).1 };
    let slope = (8.0 * (mass(a + h) - mass(a - h)) - (mass(a + 2.0 * h) - mass(a - 2.0 * h))) / (12.0 * h);
    -slope / density
}

/// The incomplete gamma functions for large `a`, around x = a (Temme 1979; DLMF 8.12).
fn uniform_gamma(a: f64, x: f64, excess: f64) -> (f64, f64) {
    let fall = deviance(a, x, excess);
    let eta = -(2.0 * fall / a).sqrt().copysign(excess);
    let c0 = -1.0 / 3.0 + eta * (1.0 / 12.0 - eta * (2.0 / 135.0 - eta * (1.0 / 864.0 + eta / 2835.0)));
    let c1 = -1.0 / 540.0 - eta / 288.0;
    let rest = (-fall).exp() / (2.0 * PI * a).sqrt() * (c0 + c1 / a);
    let beyond = 0.5 * erfc(fall.sqrt());
    if eta < 0.0 { (beyond - rest, 1.0 - beyond + rest) } else { (1.0 - beyond - rest, beyond + rest) }
}

/// The regularised incomplete beta functions (I_x(a, b), I_y(b, a)) for y = 1 - x and beside = a y - b x; they add up to one.
pub(super) fn beta(a: f64, b: f64, x: f64, y: f64, beside: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if beside < 0.0 {
        let (lower, upper) = beta(b, a, y, x, -beside);
        return (upper, lower);
    }
    // DiDonato & Morris 1992, eq. 10 (BFRAC): it keeps the digits of y where x is nearly one.
    let (numerator, denominator) = (
        |n: f64| (a + n - 1.0) * (a + b + n - 1.0) * n * (b - n) * (x / (a + 2.0 * n - 1.0)).powi(2),
        |n: f64| {
            let slope = (a + n) * (beside + 1.0 + n * (1.0 + y)) / (a + 2.0 * n + 1.0);
            if n == 0.0 { slope } else { n + n * (b - n) * x / (a + 2.0 * n - 1.0) + slope }
        },
    );
    let lower =
        ln_beta_kernel(a, b, x, y, beside).exp() * fraction(denominator(0.0), |n| (numerator(n), denominator(n)));
    (lower, 1.0 - lower)
}

/// 1 / (b0 + a1 / (b1 + a2 / (b2 + ..))) by Lentz's method; `next(n)` gives (an, bn).
fn fraction(b0: f64, next: impl Fn(f64) -> (f64, f64)) -> f64 {
    let tiny = 1e-300;
    let away = |x: f64| if x.abs() < tiny { tiny } else { x };
    let (mut value, mut c, mut d) = (away(b0), away(b0), 0.0);
    for n in 1..MOST_TERMS {
        let (a, b) = next(n as f64);
        d = 1.0 / away(b + a * d);
        c = away(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    1.0 / value
}

/// Where the lower of the two `tails(u)` is `p`, found in the logarithm of the smaller tail, from `start` outwards.
pub(super) fn quantile(p: f64, start: f64, tails: impl Fn(f64) -> (f64, f64)) -> f64 {
    let excess = |u: f64| {
        let (lower, upper) = tails(u);
        let ln = |x: f64| x.max(f64::MIN_POSITIVE).ln();
        if p <= 0.5 { ln(lower) - ln(p) } else { ln(1.0 - p) - ln(upper) }
    };
    let (mut low, mut high, mut step) = (start, start, 1.0);
    while excess(low) > 0.0 && step < 1e9 {
        low -= step;
        step *= 2.0;
    }
    step = 1.0;
    while excess(high) < 0.0 && step < 1e9 {
        high += step;
        step *= 2.0;
    }
    root(low, high, excess)
}

/// The smallest whole number with a fraction of at least `p` at or below it, from `start` on: between two powers of two from there, then
/// by halving. `tails` are the mass up to and including a number, and the mass above; no number is enough for a `p` of one.
pub(super) fn count_quantile(p: f64, start: f64, tails: impl Fn(f64) -> (f64, f64)) -> f64 {
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let enough = |count: f64| {
        let (below, above) = tails(count);
        if p < 0.5 { below >= p } else { above <= 1.0 - p }
    };
    let (mut few, mut many, mut step) = (-1.0, start, 1.0);
    while many < f64::MAX && !enough(many) {
        (few, many, step) = (many, many + step, 2.0 * step);
    }
    while many - few > 1.0 {
        let middle = (0.5 * (few + many)).floor();
        if middle <= few || middle >= many {
            // Beyond 2^53 not every whole number is a double.
            break;
        }
        if enough(middle) { many = middle } else { few = middle }
    }
    many
}

/// A root between two ends of opposite sign (Chandrupatla 1997: inverse quadratic steps where they are safe, else bisection).
fn root(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut b, mut a) = (low, high);
    let (mut fb, mut fa) = (f(b), f(a));
    let mut t = 0.5;
    for _ in 0..200 {
        let x = a + t * (b - a);
        let fx = f(x);
        // a is the newest point, b lies across the root, c is the one before.
        let (c, fc);
        if (fx > 0.0) == (fa > 0.0) {
            (c, fc) = (a, fa);
        } else {
            (c, b, fc, fb) = (b, a, fb, fa);
        }
        (a, fa) = (x, fx);
        let best = if fa.abs() < fb.abs() { a } else { b };
        let tolerance = 4e-16 * (1.0 + best.abs()) / (b - a).abs();
        // Not a number where the ends are not: then there is no better one.
        if tolerance.is_nan() || tolerance > 0.5 || fa == 0.0 || fb == 0.0 {
            return best;
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        t = if phi * phi < xi && (1.0 - phi).powi(2) < 1.0 - xi {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        t = t.clamp(tolerance, 1.0 - tolerance);
    }
    a
}
