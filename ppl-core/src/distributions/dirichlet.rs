//! Dirichlet: proportions that sum to one.

use rand_distr::Distribution as _;
use statrs::function::gamma::digamma;

use super::multivariate::Multivariate;
use crate::support::{Support, VectorSupport};
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank, Reduce};
use crate::error::Result;
use crate::rng::Rng;

/// log p(x) = sum_i [(a_i - 1) ln x_i - ln Gamma(a_i)] + ln Gamma(sum_i a_i), a the concentration
#[derive(Clone, Copy, Debug)]
pub struct Dirichlet;

impl Dirichlet {
    /// By its concentration `[.., n]`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<C: IntoVar>(concentration: C) -> Multivariate<Dirichlet, <C::Rank as Reduce>::Down>
    where
        C::Rank: Reduce,
    {
        Multivariate::of(vec![concentration.into_var().as_value().clone()])
    }
}

impl VectorFamily for Dirichlet {
    const NAME: &'static str = "dirichlet";
    const PARAMS: &'static [VectorParameter] = &[parameter("concentration", 1)];
    const EVENT_RANK: usize = 1;
    type Draw<B: Rank> = B::Up;

    fn support(_: &[Dims]) -> Support {
        Support::Vector(VectorSupport::Simplex)
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        Ok(params[0])
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        unfit(0, params[0], "positive and finite", |a| a > 0.0 && a.is_finite())
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        if x.iter().any(|x| *x < 0.0) || (x.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
            return f64::NEG_INFINITY;
        }
        // 0 ln 0 is no density lost: x_i = 0 with a_i = 1.
        let term = |(x, a): (&f64, &f64)| if *a == 1.0 { 0.0 } else { (a - 1.0) * x.ln() - libm::lgamma(*a) };
        x.iter().zip(params[0]).map(term).sum::<f64>() + libm::lgamma(params[0].iter().sum())
    }

    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let of_sum = digamma(params[0].iter().sum());
        for (i, (x, a)) in x.iter().zip(params[0]).enumerate() {
            slopes[0][i] += (a - 1.0) / x;
            slopes[1][i] += x.ln() - digamma(*a) + of_sum;
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        // Gammas over their sum, as logarithms: Gamma(a) = Gamma(a + 1) U^(1/a) does not vanish for small a.
        for (x, a) in out.iter_mut().zip(params[0]) {
            let gamma = rand_distr::Gamma::new(a + 1.0, 1.0).map_or(f64::NAN, |g| g.sample(rng));
            let u: f64 = rand_distr::Open01.sample(rng);
            *x = gamma.ln() + u.ln() / a;
        }
        let max = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().for_each(|x| *x = (*x - max).exp());
        let sum: f64 = out.iter().sum();
        out.iter_mut().for_each(|x| *x /= sum);
    }
}
