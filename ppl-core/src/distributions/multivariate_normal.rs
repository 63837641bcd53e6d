//! MultivariateNormal: correlated numbers around a centre.

use std::rc::Rc;

use rand_distr::Distribution as _;
use serde_json::{Map, Value as Json};

use super::multivariate::{Multivariate, read as read_family};
use super::normal::LN_SQRT_2PI;
use crate::support::Support;
use super::vector_family::{Flaw, VectorFamily, VectorParameter, parameter, unfit};
use super::{Distribution, json_parameters as reader};
use crate::autodiff::{
    Dims, IntoVar, Rank, Reduce, Value, cholesky, factor, side, solve, solve_transposed,
};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// log p(x) = -|y|^2 / 2 - sum_i ln L_ii - n ln(2 pi) / 2, y = L^-1 (x - loc), covariance = L L^T
///
/// One draw is a vector of n numbers; centres `[.., n]` may differ from draw to draw. A covariance without a Cholesky factor is
/// an error where it is constant, and makes its lane impossible (-inf) where it is traced.
#[derive(Clone, Copy, Debug)]
pub struct MultivariateNormal;

/// By centres of rank `L`, a batch of one dimension less.
type Around<L> = Multivariate<MultivariateNormal, <<L as IntoVar>::Rank as Reduce>::Down>;

impl MultivariateNormal {
    /// By its centre `[.., n]` and covariance `[n, n]`.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<L: IntoVar>(loc: L, covariance: impl IntoVar<Rank = (usize, usize)>) -> Around<L>
    where
        L::Rank: Reduce,
    {
        Multivariate::of(vec![loc.into_var().as_value().clone(), scale_tril(covariance.into_var().as_value())])
    }

    /// By its centre `[.., n]` and the lower-triangular factor of its covariance `[n, n]`.
    pub fn with_scale_tril<L: IntoVar>(loc: L, factor: impl IntoVar<Rank = (usize, usize)>) -> Around<L>
    where
        L::Rank: Reduce,
    {
        Multivariate::of(vec![loc.into_var().as_value().clone(), factor.into_var().as_value().clone()])
    }
}

/// The factor of a covariance; of a constant one that has none, a value that stands for the mistake.
fn scale_tril(covariance: &Value) -> Value {
    let checked = if covariance.is_traced() { Ok(()) } else { check_covariance(covariance) };
    let result = checked.and_then(|()| cholesky(covariance));
    result.unwrap_or_else(|error| Value::faulty(covariance.dims(), error))
}

/// Refuses a constant matrix that is no covariance.
fn check_covariance(covariance: &Value) -> Result<()> {
    let n = side(covariance.dims())?;
    let bad = |row| Error::NotPositiveDefinite {
        place: String::new(),
        distribution: MultivariateNormal::NAME,
        parameter: "covariance_matrix",
        row,
    };
    for lane in 0..covariance.lanes() {
        let a = covariance.lane(lane);
        // Rounding in a product such as B B^T is no asymmetry.
        let even = |i: usize, j: usize| {
            (a[i * n + j] - a[j * n + i]).abs() <= 1e-9 * (a[i * n + i] * a[j * n + j]).abs().sqrt()
        };
        if let Some(row) = (0..n).find(|i| !(0..*i).all(|j| even(*i, j))) {
            return Err(bad(row));
        }
        factor(a, n).map_err(bad)?;
    }
    Ok(())
}

impl VectorFamily for MultivariateNormal {
    const NAME: &'static str = "multivariate_normal";
    const PARAMS: &'static [VectorParameter] = &[parameter("loc", 1), parameter("scale_tril", 2)];
    const EVENT_RANK: usize = 1;
    type Draw<B: Rank> = B::Up;

    fn support(_: &[Dims]) -> Support {
        Support::REAL
    }

    fn event(params: &[Dims]) -> Result<Dims> {
        let n = side(params[1])?;
        if n == 0 || params[0] != Dims::new(&[n]) {
            return Err(Error::Broadcast { left: params[0], right: params[1] });
        }
        Ok(params[0])
    }

    fn flaw(params: &[&[f64]]) -> Option<Flaw> {
        let (loc, l) = (params[0], params[1]);
        let n = loc.len();
        let bad = |i: &usize| {
            let (below, above) = l[i * n..(i + 1) * n].split_at(i + 1);
            below[*i] <= 0.0 || below.iter().any(|x| !x.is_finite()) || above.iter().any(|x| *x != 0.0)
        };
        let row = (0..n).find(bad).map(|row| Flaw::Row { parameter: 1, row });
        unfit(0, loc, "finite", f64::is_finite).or(row)
    }

    fn log_prob(x: &[f64], params: &[&[f64]], room: &mut Vec<f64>) -> f64 {
        let (loc, l, n) = (params[0], params[1], x.len());
        room.clear();
        room.extend(x.iter().zip(loc).map(|(x, m)| x - m));
        solve(l, room);
        let square: f64 = room.iter().map(|y| y * y).sum();
        -0.5 * square - l.iter().step_by(n + 1).map(|d| d.ln()).sum::<f64>() - n as f64 * LN_SQRT_2PI
    }

    /// With w = L^-T y: by x it is -w, by loc w, by L the lower triangle of w y^T less 1 / L_ii on the diagonal.
    fn vjp(x: &[f64], params: &[&[f64]], room: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let (loc, l, n) = (params[0], params[1], x.len());
        room.clear();
        room.extend(x.iter().zip(loc).map(|(x, m)| x - m));
        room.extend_from_within(..);
        let (y, w) = room.split_at_mut(n);
        solve(l, y);
        w.copy_from_slice(y);
        solve_transposed(l, w);
        for i in 0..n {
            slopes[0][i] -= w[i];
            slopes[1][i] += w[i];
            slopes[2][i * n..=i * n + i].iter_mut().zip(&*y).for_each(|(g, y)| *g += w[i] * y);
            slopes[2][i * n + i] -= 1.0 / l[i * n + i];
        }
    }

    const PATHWISE: bool = true;

    /// x = loc + L z: by loc the cotangent c, by L the lower triangle of c z^T.
    fn pathwise(x: &[f64], params: &[&[f64]], cotangent: &[f64], room: &mut Vec<f64>, slopes: &mut [Vec<f64>]) {
        let (loc, l, n) = (params[0], params[1], x.len());
        room.clear();
        room.extend(x.iter().zip(loc).map(|(x, m)| x - m));
        solve(l, room);
        for (i, c) in cotangent.iter().enumerate() {
            slopes[0][i] += c;
            slopes[1][i * n..=i * n + i].iter_mut().zip(&*room).for_each(|(g, z)| *g += c * z);
        }
    }

    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]) {
        let (loc, l, n) = (params[0], params[1], params[0].len());
        let z: Vec<f64> = (0..n).map(|_| rand_distr::StandardNormal.sample(rng)).collect();
        for (i, x) in out.iter_mut().enumerate() {
            *x = loc[i] + l[i * n..=i * n + i].iter().zip(&z).map(|(l, z)| l * z).sum::<f64>();
        }
    }
}

/// Reads it from JSON, its spread as a covariance or as a factor.
pub(super) fn read(place: &str, given: &Map<String, Json>) -> Result<Rc<dyn Distribution>> {
    if !given.contains_key("covariance_matrix") {
        return read_family::<MultivariateNormal>(place, given);
    }
    let names = [("loc", None), ("covariance_matrix", None)];
    let values = reader::read_parameters(place, MultivariateNormal::NAME, &names, given)?;
    let [loc, covariance] = &values[..] else { unreachable!("one value was read per name") };
    if loc.dims().rank() == 0 || covariance.dims().rank() != 2 {
        let expected = "`loc` of `multivariate_normal` must be an array and `covariance_matrix` an array of arrays".to_owned();
        return Err(Error::PriorForm { place: place.to_owned(), expected });
    }
    let dist = Multivariate::<MultivariateNormal>::of(vec![loc.clone(), scale_tril(covariance)]);
    dist.check(place)?;
    Ok(Rc::new(dist))
}
