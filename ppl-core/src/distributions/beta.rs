//! Beta: a number between zero and one.

use super::family::{Partials, family};
use super::gamma::ln_draw;
use super::incomplete;
use super::stirling::{beside, digamma_error, ln_beta_kernel, ln_ratio};
use crate::support::Support;
use crate::autodiff::sigmoid;
use crate::rng::Rng;

family! {
    /// log p(x) = (a - 1) ln x + (b - 1) ln(1 - x) - ln B(a, b), a = concentration1, b = concentration0
    pub Beta: "beta", [concentration1: positive, concentration0: positive], Support::UNIT;

    fn log_prob(x: f64, [a, b]: [f64; 2]) -> Partials<2> {
        let y = 1.0 - x;
        if x == 0.0 || y == 0.0 {
            return at_end(x, a, b);
        }
        let n = a + b;
        // a y - b x, and what the rounding of y leaves out.
        let (rough, rest) = (beside(a, b, x, y), 1.0 - y - x);
        let beside = rough + a * rest;
        let both = digamma_error(n);
        Partials {
            value: ln_beta_kernel(a, b, x, y, beside) - x.ln() - (-x).ln_1p(),
            dx: (rough + (x - y) + (a - 1.0) * rest) / x / y,
            dparams: [
                ln_ratio(a, (n * x).ln(), beside) + both - digamma_error(a),
                ln_ratio(b, (n * y).ln(), -beside) + both - digamma_error(b),
            ],
        }
    }

    fn sample(rng: &mut Rng, [a, b]: [f64; 2]) -> f64 {
        let (one, zero) = (ln_draw(rng, a), ln_draw(rng, b));
        // Kept off the ends, where most concentrations have no finite density.
        sigmoid(one - zero).clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON)
    }

    fn pathwise(x: f64, [a, b]: [f64; 2]) -> [Option<f64>; 2] {
        let density = Self::log_prob(x, [a, b]).value.exp();
        let slopes = [incomplete::implicit(a, density, |a| masses(x, a, b)), incomplete::implicit(b, density, |b| masses(x, a, b))];
        slopes.map(Some)
    }

    fn cdf(x: f64, [a, b]: [f64; 2]) -> Option<f64> {
        Some(masses(x, a, b).0)
    }

    fn icdf(p: f64, [a, b]: [f64; 2]) -> Option<f64> {
        if p <= 0.0 || p >= 1.0 {
            return Some(p);
        }
        let logit = incomplete::quantile(p, (a / b).ln(), |u| {
            let (x, y) = (sigmoid(u), sigmoid(-u));
            incomplete::beta(a, b, x, y, beside(a, b, x, y))
        });
        Some(sigmoid(logit))
    }

    fn mean([a, b]: [f64; 2]) -> Option<f64> {
        Some(a / (a + b))
    }

    fn variance([a, b]: [f64; 2]) -> Option<f64> {
        let n = a + b;
        Some(a / n * (b / n) / (n + 1.0))
    }
}

/// The mass below and above x.
fn masses(x: f64, a: f64, b: f64) -> (f64, f64) {
    let y = 1.0 - x;
    incomplete::beta(a, b, x, y, beside(a, b, x, y) + a * (1.0 - y - x))
}

/// The limit of the density at zero or one.
fn at_end(x: f64, a: f64, b: f64) -> Partials<2> {
    let (near, far) = if x == 0.0 { (a, b) } else { (b, a) };
    let value = match near {
        n if n < 1.0 => f64::INFINITY,
        n if n > 1.0 => f64::NEG_INFINITY,
        _ => far.ln(),
    };
    Partials { value, ..Partials::IMPOSSIBLE }
}
