//! StudentT: a Normal whose precision was drawn from a Gamma; heavier tails for fewer degrees of freedom.

use super::family::{Partials, family};
use super::gamma::ln_draw;
use super::incomplete;
use super::normal::Normal;
use super::stirling::{beside, deviance, digamma_half_step, ln_gamma_half_step};
use crate::support::Support;
use crate::rng::Rng;

family! {
    /// log p(x) = ln Gamma((df + 1) / 2) - ln Gamma(df / 2) - ln(pi df) / 2 - ln scale - (df + 1) / 2 ln(1 + z^2 / df)
    pub StudentT: "student_t", [df: positive, loc: real = 0.0, scale: positive = 1.0], Support::REAL;

    fn log_prob(x: f64, params: [f64; 3]) -> Partials<3> {
        Self::log_kernel(x, params).plus(Self::log_constant(x, params))
    }

    const CONSTANT_OF: &'static [usize] = &[1, 3];

    fn log_constant(_: f64, [df, _, scale]: [f64; 3]) -> f64 {
        ln_gamma_half_step(0.5 * df) - 0.5 * (std::f64::consts::PI * df).ln() - scale.ln()
    }

    fn log_kernel(x: f64, [df, loc, scale]: [f64; 3]) -> Partials<3> {
        let d = x - loc;
        let root = df.sqrt();
        let t = d / scale / root;
        // w = z^2 / df and its fraction of 1 + w; from t = 1e8 on the one in 1 + w is below the last digit.
        let w = t * t;
        let fraction = 1.0 / (1.0 + 1.0 / w);
        let ln_1p_w = if t.abs() < 1e8 { w.ln_1p() } else { 2.0 * (d.abs().ln() - (scale * root).ln()) };
        // (df + 1) z / (df + z^2) / scale, without the square where it may overflow.
        let pull = (df + 1.0) * if w < 1.0 { t / (1.0 + w) / root / scale } else { fraction / d };
        // w / (1 + w) - ln(1 + w), of order w^2.
        let curve = if fraction < 0.1 { -deviance(1.0, 1.0 - fraction, fraction) } else { fraction - ln_1p_w };
        Partials {
            value: -0.5 * (df + 1.0) * ln_1p_w,
            dx: -pull,
            dparams: [
                0.5 * (digamma_half_step(0.5 * df) + curve + fraction / df),
                pull,
                ((df + 1.0) * fraction - 1.0) / scale,
            ],
        }
    }

    fn sample(rng: &mut Rng, [df, loc, scale]: [f64; 3]) -> f64 {
        let ln_precision = ln_draw(rng, 0.5 * df) - (0.5 * df).ln();
        loc + scale * Normal::sample(rng, [0.0, 1.0]) * (-0.5 * ln_precision).exp()
    }

    fn pathwise(x: f64, [_, loc, scale]: [f64; 3]) -> [Option<f64>; 3] {
        [None, Some(1.0), Some((x - loc) / scale)]
    }

    fn cdf(x: f64, [df, loc, scale]: [f64; 3]) -> Option<f64> {
        let (beyond, rest) = tails((x - loc).abs() / scale, df);
        Some(if x < loc { beyond } else { rest })
    }

    fn icdf(p: f64, [df, loc, scale]: [f64; 3]) -> Option<f64> {
        let distance = match p.min(1.0 - p) {
            0.5 => 0.0,
            0.0 => f64::INFINITY,
            // The nearer z is to zero, the more lies beyond it.
            beyond => (-incomplete::quantile(beyond, 0.0, |u| tails((-u).exp(), df))).exp(),
        };
        Some(loc + scale * if p < 0.5 { -distance } else { distance })
    }

    fn mean([df, loc, _]: [f64; 3]) -> Option<f64> {
        (df > 1.0).then_some(loc)
    }

    fn variance([df, _, scale]: [f64; 3]) -> Option<f64> {
        (df > 2.0).then(|| scale * scale * df / (df - 2.0))
    }
}

/// The mass above z >= 0, and the rest.
fn tails(z: f64, df: f64) -> (f64, f64) {
    let t = z / df.sqrt();
    if t > 1e8 {
        // The first term of the series: t^-df / (df B(df / 2, 1/2)), also where t^2 has overflowed.
        let ln_front = ln_gamma_half_step(0.5 * df) - 0.5 * (std::f64::consts::PI).ln();
        let beyond = (ln_front - df * t.ln()).exp() / df;
        return (beyond, 1.0 - beyond);
    }
    let w = t * t;
    let (x, y) = (1.0 / (1.0 + w), 1.0 / (1.0 + 1.0 / w));
    let (beyond, within) = incomplete::beta(0.5 * df, 0.5, x, y, beside(0.5 * df, 0.5, x, y));
    (0.5 * beyond, 0.5 + 0.5 * within)
}
