//! LowRankMultivariateNormal: correlated numbers around a centre, most of their covariance along a few directions.

use rand_distr::Distribution as _;

use super::multivariate::Multivariate;
use super::normal::LN_SQRT_2PI;
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use crate::autodiff::{Dims, IntoVar, Rank, Reduce, factor, solve, solve_transposed};
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::support::Support;

/// log p(x) = -r^T S^-1 r / 2 - ln det S / 2 - n ln(2 pi) / 2, r = x - loc, S = W W^T + diag(d)
///
/// One draw is a vector of n numbers; W is `cov_factor` `[n, k]`, d is `cov_diag` `[n]`. By Woodbury's identity nothing larger
/// than k x k is factored: S^-1 = D^-1 - D^-1 W C^-1 W^T D^-1 and det S = det C det D, with C = 1 + W^T D^-1 W.
#[derive(Clone, Copy, Debug)]
pub struct LowRankMultivariateNormal;

impl LowRankMultivariateNormal {
    /// By its centre `[.., n]`, its directions `[n, k]` and the variances `[n]` beside them.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<L: IntoVar>(
        loc: L,
        cov_factor: impl IntoVar<Rank = (usize, usize)>,
        cov_diag: impl IntoVar<Rank = (usize,)>,
    ) -> Multivariate<LowRankMultivariateNormal, <L::Rank as Reduce>::Down>
    where
        L::Rank: Reduce,
    {
        let (loc, cov_factor, cov_diag) = (loc.into_var(), cov_factor.into_var(), cov_diag.into_var());
        Multivariate::of(vec![loc.as_value().clone(), cov_factor.as_value().clone(), cov_diag.as_value().clone()])
    }
}

/// What the density is made of, for one draw.
struct Woodbury {
    /// S^-1 r
    pull: Vec<f64>,
    /// The factor of C.
    l: Vec<f64>,
}

/// `None` where C has no factor, which is so of numbers that are not finite alone.
fn woodbury(x: &[f64], [loc, w, d]: [&[f64]; 3]) -> Option<Woodbury> {
    let (n, k) = (x.len(), w.len() / x.len());
    let mut c = vec![0.0; k * k];
    let mut v = vec![0.0; k];
    for i in 0..n {
        let row = &w[i * k..(i + 1) * k];
        for a in 0..k {
            v[a] += row[a] * (x[i] - loc[i]) / d[i];
            (0..=a).for_each(|b| c[a * k + b] += row[a] * row[b] / d[i]);
        }
    }
    (0..k).for_each(|a| c[a * k + a] += 1.0);
    let l = factor(&c, k).ok()?;
    solve(&l, &mut v);
    solve_transposed(&l, &mut v);
    let along = |i: usize| w[i * k..(i + 1) * k].iter().zip(&v).map(|(w, v)| w * v).sum::<f64>();
    let pull = (0..n).map(|i| (x[i] - loc[i] - along(i)) / d[i]).collect();
    Some(Woodbury { pull, l })
}

fn three<'a>(params: &[&'a [f64]]) -> [&'a [f64]; 3] {
    [params[0], params[1], params[2]]
}

impl VectorFamily for LowRankMultivariateNormal {
    const NAME: &'static str = "low_rank_multivariate_normal";
    const PARAMS: &'static [VectorParameter] =
        &[parameter("loc", 1), parameter("cov_factor", 2), parameter("cov_diag", 1)];
    const EVENT_RANK: usize = 1;
    type Draw<B: Rank> = B::Up;

    fn support(_: &[Dims]) -> Support {
        Support::REAL
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        let n = params[0].len();
        let fits = n > 0 && params[1].sizes()[0] == n && params[1].sizes()[1] > 0;
        let other = if fits { params[2] } else { params[1] };
        if fits && params[2] == params[0] { Ok(params[0]) } else { Err(Error::Broadcast { left: params[0], right: other }) }
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        unfit(0, params[0], "finite", f64::is_finite)
            .or_else(|| unfit(1, params[1], "finite", f64::is_finite))
            .or_else(|| unfit(2, params[2], "positive and finite", |d| d > 0.0 && d.is_finite()))
    }

    fn log_prob(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>) -> f64 {
        let [loc, w, d] = three(params);
        let Some(Woodbury { pull, l }) = woodbury(x, [loc, w, d]) else { return f64::NAN };
        let k = w.len() / x.len();
        let square: f64 = pull.iter().zip(x).zip(loc).map(|((p, x), m)| p * (x - m)).sum();
        let half_log_det =
            l.iter().step_by(k + 1).map(|l| l.ln()).sum::<f64>() + 0.5 * d.iter().map(|d| d.ln()).sum::<f64>();
        -0.5 * square - half_log_det - x.len() as f64 * LN_SQRT_2PI
    }

    /// With p = S^-1 r: by x it is -p, by loc p, by S the matrix (p p^T - S^-1) / 2.
    fn vjp(x: &[f64], params: &[&[f64]], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let [loc, w, d] = three(params);
        let Some(Woodbury { pull, l }) = woodbury(x, [loc, w, d]) else { return };
        let k = w.len() / x.len();
        let mut along = vec![0.0; k];
        for (row, p) in w.chunks_exact(k).zip(&pull) {
            along.iter_mut().zip(row).for_each(|(a, w)| *a += w * p);
        }
        let mut row_of_inverse = vec![0.0; k];
        for (i, p) in pull.iter().enumerate() {
            slopes[0][i] -= p;
            slopes[1][i] += p;
            let row = &w[i * k..(i + 1) * k];
            // A row of S^-1 W = D^-1 W C^-1, and with it the diagonal of S^-1.
            row_of_inverse.copy_from_slice(row);
            solve(&l, &mut row_of_inverse);
            solve_transposed(&l, &mut row_of_inverse);
            row_of_inverse.iter_mut().for_each(|u| *u /= d[i]);
            let beside: f64 = row.iter().zip(&row_of_inverse).map(|(w, u)| w * u).sum();
            slopes[3][i] += 0.5 * (p * p - (1.0 - beside) / d[i]);
            let into = slopes[2][i * k..(i + 1) * k].iter_mut();
            into.zip(&along).zip(&row_of_inverse).for_each(|((g, a), u)| *g += p * a - u);
        }
    }

    const PATHWISE: bool = true;

    /// x = loc + W e + sqrt(d) f with standard normal e and f. Many e and f give one x; the slopes are their means given x, E[e | x] =
    /// W^T p and E[f | x] = sqrt(d) p: the same on average, and with less noise.
    fn pathwise(x: &[f64], params: &[&[f64]], cotangent: &[f64], _: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let [loc, w, d] = three(params);
        let Some(Woodbury { pull, .. }) = woodbury(x, [loc, w, d]) else { return };
        let k = w.len() / x.len();
        let mut e = vec![0.0; k];
        for (row, p) in w.chunks_exact(k).zip(&pull) {
            e.iter_mut().zip(row).for_each(|(e, w)| *e += w * p);
        }
        for (i, (c, p)) in cotangent.iter().zip(&pull).enumerate() {
            slopes[0][i] += c;
            slopes[1][i * k..(i + 1) * k].iter_mut().zip(&e).for_each(|(g, e)| *g += c * e);
            slopes[2][i] += 0.5 * c * p;
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        let [loc, w, d] = three(params);
        let k = w.len() / loc.len();
        let mut normal = || -> f64 { rand_distr::StandardNormal.sample(rng) };
        let e: Vec<f64> = (0..k).map(|_| normal()).collect();
        for (i, x) in out.iter_mut().enumerate() {
            let along: f64 = w[i * k..(i + 1) * k].iter().zip(&e).map(|(w, e)| w * e).sum();
            *x = loc[i] + along + d[i].sqrt() * normal();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Var, check};
    use crate::distributions::{Distribution, MultivariateNormal};
    use crate::rng::keyed;

    const LOC: [f64; 3] = [0.3, -0.2, 1.0];
    const W: [[f64; 2]; 3] = [[1.0, 0.2], [-0.7, 0.5], [0.1, 0.9]];
    const D: [f64; 3] = [0.5, 1.5, 0.8];

    fn covariance() -> [[f64; 3]; 3] {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| (0..2).map(|a| W[i][a] * W[j][a]).sum::<f64>() + if i == j { D[i] } else { 0.0 })
        })
    }

    #[test]
    fn it_is_the_multivariate_normal_of_its_covariance() {
        let (low, full) = (LowRankMultivariateNormal::new(LOC, W, D), MultivariateNormal::new(LOC, covariance()));
        for x in [[0.0, 0.5, -1.0], [2.0, -3.0, 0.7]] {
            let x = Var::vector(x);
            let density = |dist: &dyn Distribution| dist.log_prob_sum(x.as_value()).unwrap().numbers()[0];
            assert!((density(&low) - density(&full)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_gradient_is_right_by_the_draw_and_every_parameter() {
        let values = [Var::vector([0.2, 0.5, -1.0]), Var::vector(LOC), Var::vector(W.concat()), Var::vector(D)];
        let f = |v: &[crate::autodiff::Value]| {
            let of = |i: usize| Var::<(usize,)>::from_value(v[i].clone());
            let w = of(2);
            let rows: Vec<_> = (0..3).map(|i| w.at(&[2 * i, 2 * i + 1])).collect();
            LowRankMultivariateNormal::new(of(1), Var::stack(&rows), of(3)).log_prob_sum(&v[0]).unwrap()
        };
        check::function(f, &values.map(|v| v.as_value().clone()), 1e-5, 1e-8);
    }

    #[test]
    fn pathwise_slopes_have_the_mean_that_the_covariance_gives() {
        // E[x_i x_j] = loc_i loc_j + W_i . W_j + (i = j) d_i, so that by W_ia it is W_ja (twice that for i = j), and by d_i one.
        let params: [&[f64]; 3] = [&LOC, &W.concat(), &D];
        let (n, mut rng) = (40_000, keyed(1, "low rank", 0));
        let mut mean = [vec![0.0; 3], vec![0.0; 6], vec![0.0; 3]];
        for _ in 0..n {
            let mut x = [0.0; 3];
            LowRankMultivariateNormal::sample(&mut rng, &params, &mut x);
            // f = x_0 x_1 + x_2^2
            let cotangent = [x[1], x[0], 2.0 * x[2]];
            let mut slopes = vec![vec![0.0; 3], vec![0.0; 6], vec![0.0; 3]];
            LowRankMultivariateNormal::pathwise(&x, &params, &cotangent, &mut vec![], &mut slopes);
            for (mean, slopes) in mean.iter_mut().zip(&slopes) {
                mean.iter_mut().zip(slopes).for_each(|(m, s)| *m += s / f64::from(n));
            }
        }
        let expected = [
            vec![LOC[1], LOC[0], 2.0 * LOC[2]],
            [W[1], W[0], [2.0 * W[2][0], 2.0 * W[2][1]]].concat(),
            vec![0.0, 0.0, 1.0],
        ];
        for (mean, expected) in mean.iter().zip(&expected) {
            // Five standard errors of slopes whose deviation is about 3.
            mean.iter().zip(expected).for_each(|(m, e)| assert!((m - e).abs() < 0.075, "{m} {e}"));
        }
    }
}
