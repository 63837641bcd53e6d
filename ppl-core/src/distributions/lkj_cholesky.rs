//! LKJCholesky: the factor of a random correlation matrix.

use rand_distr::Distribution as _;

use super::multivariate::Multivariate;
use crate::support::{Support, VectorSupport};
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// log p(L) = sum_i (n - i + 2 eta - 2) ln L_ii + ln c_n(eta), rows i = 2 .. n, eta the concentration
/// (Lewandowski, Kurowicka & Joe 2009)
///
/// The density of L L^T is det^(eta - 1): eta = 1 is uniform over correlation matrices. `n` (the dimension) is a number.
#[derive(Clone, Copy, Debug)]
pub struct LkjCholesky;

impl LkjCholesky {
    /// Factors `[n, n]` by the concentration.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<C: IntoVar>(n: usize, concentration: C) -> Multivariate<LkjCholesky, C::Rank> {
        // The dimension goes along as the length of a vector, which shapes can depend on.
        let size = crate::autodiff::Value::shared(Dims::new(&[n]), vec![0.0; n]);
        Multivariate::of(vec![concentration.into_var().as_value().clone(), size])
    }
}

/// ln c_n(eta): minus the logarithm of the integral of the rest. Row i + 1 (i = 1 .. n - 1) is a vector in i dimensions with the
/// density (1 - |v|^2)^(eta + (n - 3 - i) / 2) over the ball, of integral pi^(i/2) Gamma(eta + (n-1-i)/2) / Gamma(eta + (n-1)/2).
fn ln_norm(n: usize, eta: f64) -> f64 {
    let n = n as f64;
    let ln_pi = std::f64::consts::PI.ln();
    let row = |i: usize| {
        let i = i as f64;
        0.5 * i * ln_pi + libm::lgamma(eta + 0.5 * (n - 1.0 - i)) - libm::lgamma(eta + 0.5 * (n - 1.0))
    };
    -(1..n as usize).map(row).sum::<f64>()
}

impl VectorFamily for LkjCholesky {
    const NAME: &'static str = "lkj_cholesky";
    const PARAMS: &'static [VectorParameter] = &[parameter("concentration", 0), parameter("dimension", 1)];
    const EVENT_RANK: usize = 2;
    type Draw<B: Rank> = <B::Up as Rank>::Up;

    fn support(_: &[Dims]) -> Support {
        Support::Vector(VectorSupport::CorrelationCholesky)
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        match params[1].len() {
            0 => Err(Error::Axis { axis: 0, dims: params[1] }),
            n => Ok(Dims::new(&[n, n])),
        }
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        unfit(0, params[0], "positive and finite", |eta| eta > 0.0 && eta.is_finite())
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        let (n, eta) = (params[1].len(), params[0][0]);
        if x.iter().step_by(n + 1).any(|d| *d <= 0.0) {
            return f64::NEG_INFINITY;
        }
        (1..n).map(|i| power(n, i, eta) * x[i * n + i].ln()).sum::<f64>() + ln_norm(n, eta)
    }

    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        use statrs::function::gamma::digamma;
        let (n, eta) = (params[1].len(), params[0][0]);
        for i in 1..n {
            slopes[0][i * n + i] += power(n, i, eta) / x[i * n + i];
            let half = |k: f64| digamma(eta + 0.5 * k);
            let m = n as f64 - 1.0;
            slopes[1][0] += 2.0 * x[i * n + i].ln() - half(m - i as f64) + half(m);
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        // Row i + 1 is a direction in i dimensions times the root of a Beta (the onion method).
        let (n, eta) = (params[1].len(), params[0][0]);
        out.fill(0.0);
        out[0] = 1.0;
        for i in 1..n {
            let beta = rand_distr::Beta::new(0.5 * i as f64, eta + 0.5 * (n - 1 - i) as f64);
            let y: f64 = beta.map_or(f64::NAN, |b| b.sample(rng));
            let row = &mut out[i * n..=i * n + i];
            row[..i].iter_mut().for_each(|z| *z = rand_distr::StandardNormal.sample(rng));
            let length = row[..i].iter().map(|z| z * z).sum::<f64>().sqrt();
            row[..i].iter_mut().for_each(|z| *z *= y.sqrt() / length);
            row[i] = (1.0 - y).sqrt();
        }
    }
}

/// The power of L_ii, `i` counted from zero.
fn power(n: usize, i: usize, eta: f64) -> f64 {
    (n - 1 - i) as f64 + 2.0 * eta - 2.0
}
