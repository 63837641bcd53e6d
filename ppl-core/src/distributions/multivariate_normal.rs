//! MultivariateNormal: correlated numbers around a centre.

use std::rc::Rc;

use rand_distr::Distribution as _;
use serde_json::{Map, Value as Json, json};

use super::cholesky::{cholesky, factor, is_factor, side, solve, solve_transposed};
use super::normal::LN_SQRT_2PI;
use super::support::Support;
use super::{Distribution, SampledIn, json as reader};
use crate::autodiff::{Data, Dims, FusedOp, Gradient, IntoVar, Operand, Rank, Shape, Value, record};
use crate::error::{Error, Result};
use crate::rng::Rng;

pub(super) const NAME: &str = "multivariate_normal";

/// log p(x) = -|y|^2 / 2 - sum_i ln L_ii - n ln(2 pi) / 2, y = L^-1 (x - loc), covariance = L L^T
///
/// One draw is a vector of n numbers; a plate goes to the left of it. A covariance without a Cholesky factor is an error
/// where it is constant, and makes its lane impossible (-inf) where it is traced.
pub struct MultivariateNormal {
    loc: Value,
    spread: Value,
    form: Form,
    scale_tril: Result<Value>,
}

/// How the spread was given.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Covariance,
    ScaleTril,
}

impl Form {
    /// The parameter's name in JSON and in messages.
    fn parameter(self) -> &'static str {
        match self {
            Form::Covariance => "covariance_matrix",
            Form::ScaleTril => "scale_tril",
        }
    }
}

impl MultivariateNormal {
    /// By its centre `[n]` and covariance `[n, n]`.
    pub fn new(loc: impl IntoVar<Rank = (usize,)>, covariance: impl IntoVar<Rank = (usize, usize)>) -> Self {
        MultivariateNormal::of(loc.into_var().as_value(), covariance.into_var().as_value(), Form::Covariance)
    }

    /// By its centre `[n]` and the lower-triangular factor of its covariance `[n, n]`.
    pub fn with_scale_tril(loc: impl IntoVar<Rank = (usize,)>, factor: impl IntoVar<Rank = (usize, usize)>) -> Self {
        MultivariateNormal::of(loc.into_var().as_value(), factor.into_var().as_value(), Form::ScaleTril)
    }

    fn of(loc: &Value, spread: &Value, form: Form) -> Self {
        let scale_tril = match form {
            Form::Covariance => cholesky(spread),
            Form::ScaleTril => Ok(spread.clone()),
        };
        MultivariateNormal { loc: loc.clone(), spread: spread.clone(), form, scale_tril }
    }

    fn bad_row(&self, place: &str, row: usize) -> Error {
        let parameter = self.form.parameter();
        Error::NotPositiveDefinite { place: place.to_owned(), distribution: NAME, parameter, row }
    }

    /// The first row of a constant spread that is not as it must be.
    fn check_spread(&self, place: &str, n: usize) -> Result<()> {
        for lane in 0..self.spread.lanes() {
            let a = self.spread.lane(lane);
            for i in 0..n {
                for j in 0..i {
                    let mirrored = match self.form {
                        // Rounding in a product such as B B^T is no asymmetry.
                        Form::Covariance => {
                            (a[i * n + j] - a[j * n + i]).abs() <= 1e-9 * (a[i * n + i] * a[j * n + j]).abs().sqrt()
                        }
                        Form::ScaleTril => a[j * n + i] == 0.0,
                    };
                    if !mirrored {
                        return Err(self.bad_row(place, i));
                    }
                }
            }
            match self.form {
                Form::Covariance => factor(a, n).map(drop).map_err(|row| self.bad_row(place, row))?,
                Form::ScaleTril if !is_factor(a, n) => {
                    let row = (0..n)
                        .find(|i| a[i * n + i] <= 0.0 || a[i * n..=i * n + i].iter().any(|x| !x.is_finite()))
                        .unwrap_or(0);
                    return Err(self.bad_row(place, row));
                }
                Form::ScaleTril => {}
            }
        }
        Ok(())
    }
}

/// Reads it from JSON, its spread in either form.
pub(super) fn read(place: &str, given: &Map<String, Json>) -> Result<Rc<dyn Distribution>> {
    let form = if given.contains_key("scale_tril") { Form::ScaleTril } else { Form::Covariance };
    let values = reader::read_parameters(place, NAME, &[("loc", None), (form.parameter(), None)], given)?;
    let [loc, spread] = values.try_into().unwrap_or_else(|_| unreachable!("one value was read per name"));
    if loc.dims().rank() != 1 || spread.dims().rank() != 2 {
        let expected = format!("`loc` of `{NAME}` must be an array and `{}` an array of arrays", form.parameter());
        return Err(Error::PriorForm { place: place.to_owned(), expected });
    }
    let dist = MultivariateNormal::of(&loc, &spread, form);
    dist.check(place)?;
    Ok(Rc::new(dist))
}

impl Distribution for MultivariateNormal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn dims(&self) -> Dims {
        self.loc.dims()
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support<Value> {
        let end = |x| Value::shared(Dims::SCALAR, vec![x]);
        Support::Interval { low: end(f64::NEG_INFINITY), high: end(f64::INFINITY) }
    }

    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value> {
        let scale_tril = self.scale_tril.clone()?;
        let n = self.loc.dims().len();
        let mut draws = Vec::with_capacity(rngs.len() * dims.len());
        for (lane, rng) in rngs.iter_mut().enumerate() {
            let (loc, l) = (self.loc.lane(lane), scale_tril.lane(lane));
            let valid = is_factor(l, n);
            for _ in 0..dims.len() / n.max(1) {
                let z: Vec<f64> = (0..n).map(|_| rand_distr::StandardNormal.sample(rng)).collect();
                draws.extend((0..n).map(|i| {
                    let moved: f64 = l[i * n..=i * n + i].iter().zip(&z).map(|(l, z)| l * z).sum();
                    if valid { loc[i] + moved } else { f64::NAN }
                }));
            }
        }
        Ok(Value::constant(Shape::new(rngs.len(), dims), Data::F64(draws)))
    }

    fn log_prob(&self, x: &Value) -> Result<Value> {
        record(LogProb { pulls: vec![] }, &[x, &self.loc, &self.scale_tril.clone()?])
    }

    fn check(&self, place: &str) -> Result<()> {
        let n = side(self.scale_tril.clone()?.dims())?;
        if self.loc.dims() != Dims::new(&[n]) {
            return Err(Error::Broadcast { left: self.loc.dims(), right: self.spread.dims() });
        }
        if let Some(&value) = self.loc.numbers().iter().find(|x| !self.loc.is_traced() && !x.is_finite()) {
            let (place, constraint) = (place.to_owned(), "finite");
            return Err(Error::Parameter { place, distribution: NAME, parameter: "loc", value, constraint });
        }
        if self.spread.is_traced() { Ok(()) } else { self.check_spread(place, n) }
    }

    fn to_json(&self) -> Option<Json> {
        let plain = |v: &Value| !v.is_traced() && v.lanes() == 1;
        (plain(&self.loc) && plain(&self.spread)).then(|| {
            json!({ NAME: { "loc": reader::numbers(&self.loc), self.form.parameter(): reader::numbers(&self.spread) } })
        })
    }
}

impl<Depth: Rank> SampledIn<Depth> for MultivariateNormal {
    type Value = Depth::Up;
}

/// The log density of `x [.., n]` under `loc [n]` and `L [n, n]`, summed over all but the lanes.
struct LogProb {
    /// y = L^-1 (x - loc) and w = L^-T y of every vector, one after the other; empty for a lane without density.
    pulls: Vec<Vec<f64>>,
}

impl FusedOp for LogProb {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let [x, loc, l] = [0, 1, 2].map(|i| inputs[i].shape.dims);
        let n = side(l)?;
        if loc.len() != n {
            return Err(Error::Broadcast { left: loc, right: l });
        }
        if x.sizes().last() != Some(&n) {
            return Err(Error::Broadcast { left: x, right: loc });
        }
        let lanes = inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1);
        let mut totals = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let (x, loc, l) = (inputs[0].lane(lane), inputs[1].lane(lane), inputs[2].lane(lane));
            let (mut total, mut pulls) = (0.0, Vec::with_capacity(2 * x.len()));
            if is_factor(l, n) {
                let constant = l.iter().step_by(n + 1).map(|d| d.ln()).sum::<f64>() + n as f64 * LN_SQRT_2PI;
                for x in x.chunks_exact(n) {
                    let mut y: Vec<f64> = x.iter().zip(loc).map(|(x, m)| x - m).collect();
                    solve(l, &mut y);
                    total -= constant + 0.5 * y.iter().map(|y| y * y).sum::<f64>();
                    pulls.extend_from_slice(&y);
                    solve_transposed(l, &mut y);
                    pulls.extend_from_slice(&y);
                }
            } else {
                let unknown = [x, loc, l].into_iter().flatten().any(|x| x.is_nan());
                total = if unknown { f64::NAN } else { f64::NEG_INFINITY };
            }
            if !total.is_finite() {
                pulls.clear();
            }
            totals.push(total);
            self.pulls.push(pulls);
        }
        Ok((Shape::new(lanes, Dims::SCALAR), Data::F64(totals)))
    }

    /// d by x is -w, by loc w, by L the lower triangle of w y^T less 1 / L_ii on the diagonal.
    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let n = inputs[1].shape.dims.len();
        for lane in 0..out.shape.lanes {
            let (c, l) = (cotangent.lane(lane)[0], inputs[2].lane(lane));
            for (vector, pulls) in self.pulls[lane].chunks_exact(2 * n).enumerate() {
                let (y, w) = pulls.split_at(n);
                if let Some(into) = gradients[0].lane(lane) {
                    into[vector * n..].iter_mut().zip(w).for_each(|(g, w)| *g -= c * w);
                }
                if let Some(into) = gradients[1].lane(lane) {
                    into.iter_mut().zip(w).for_each(|(g, w)| *g += c * w);
                }
                if let Some(into) = gradients[2].lane(lane) {
                    for i in 0..n {
                        into[i * n..=i * n + i].iter_mut().zip(y).for_each(|(g, y)| *g += c * w[i] * y);
                        into[i * n + i] -= c / l[i * n + i];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Tape, Var, check};
    use crate::rng::keyed;

    const LOC: [f64; 2] = [1.0, -2.0];
    const COVARIANCE: [f64; 4] = [2.0, 0.6, 0.6, 0.5];

    fn value(lanes: usize, dims: &[usize], numbers: &[f64]) -> Value {
        Value::constant(Shape::new(lanes, Dims::new(dims)), Data::F64(numbers.to_vec()))
    }

    fn correlated() -> MultivariateNormal {
        MultivariateNormal::new(LOC, Var::matrix(2, 2, COVARIANCE).unwrap())
    }

    fn covariance(numbers: [f64; 4]) -> MultivariateNormal {
        MultivariateNormal::new(LOC, Var::matrix(2, 2, numbers).unwrap())
    }

    #[test]
    fn the_vjp_is_right_for_both_forms_with_lanes_and_many_draws() {
        let x = value(2, &[3, 2], &[0.3, -1.0, 1.2, -2.5, 2.0, 0.1, 0.7, -1.3, -0.4, -3.0, 1.9, -2.2]);
        let loc = value(1, &[2], &LOC);
        let spread = value(2, &[2, 2], &[2.0, 0.6, 0.6, 0.5, 1.0, -0.3, -0.3, 0.8]);
        for form in [Form::Covariance, Form::ScaleTril] {
            let log_prob = |i: &[Value]| MultivariateNormal::of(&i[1], &i[2], form).log_prob(&i[0]).unwrap();
            check::function(log_prob, &[x.clone(), loc.clone(), spread.clone()], 1e-5, 1e-8);
        }
    }

    #[test]
    fn a_plate_of_draws_has_the_sum_of_their_log_densities() {
        let dist = correlated();
        let one = |x: &[f64]| dist.log_prob(&value(1, &[2], x)).unwrap().numbers()[0];
        let both = dist.log_prob(&value(1, &[2, 2], &[0.3, -1.0, 1.2, -2.5])).unwrap().numbers()[0];
        assert!((both - one(&[0.3, -1.0]) - one(&[1.2, -2.5])).abs() < 1e-13);
    }

    #[test]
    fn draws_have_the_mean_and_the_covariance() {
        let n = 20_000;
        let draws = correlated().sample(&mut [keyed(3, "x", 0)], Dims::new(&[n, 2])).unwrap();
        let mean = |f: &dyn Fn(&[f64]) -> f64| draws.numbers().chunks_exact(2).map(f).sum::<f64>() / n as f64;
        for i in 0..2 {
            let z = (mean(&|x| x[i]) - LOC[i]) / (COVARIANCE[3 * i] / n as f64).sqrt();
            assert!(z.abs() < 4.5, "mean {i}: {z}");
            for j in 0..2 {
                let got = mean(&|x| (x[i] - LOC[i]) * (x[j] - LOC[j]));
                // The variance of a product of two normals with known mean is s_ii s_jj + s_ij^2.
                let error = ((COVARIANCE[3 * i] * COVARIANCE[3 * j] + COVARIANCE[2 * i + j].powi(2)) / n as f64).sqrt();
                assert!((got - COVARIANCE[2 * i + j]).abs() < 4.5 * error, "covariance {i} {j}: {got}");
            }
        }
    }

    #[test]
    fn the_draws_of_a_lane_are_its_own() {
        let dims = Dims::new(&[3, 2]);
        let draw = |lanes: std::ops::Range<usize>| {
            correlated().sample(&mut lanes.map(|l| keyed(5, "x", l)).collect::<Vec<_>>(), dims).unwrap()
        };
        assert_eq!(draw(0..3).lane(2), draw(2..3).numbers());
    }

    #[test]
    fn a_constant_covariance_without_a_factor_is_an_error_that_names_the_place() {
        for (numbers, row) in [([1.0, 2.0, 2.0, 1.0], 1), ([-1.0, 0.0, 0.0, 1.0], 0), ([1.0, 0.2, 0.3, 1.0], 1)] {
            let error = covariance(numbers).check("site `x`").unwrap_err();
            assert!(
                matches!(&error, Error::NotPositiveDefinite { place, row: r, .. } if place == "site `x`" && *r == row),
                "{error}"
            );
        }
        assert!(matches!(
            MultivariateNormal::with_scale_tril(LOC, Var::matrix(2, 2, COVARIANCE).unwrap()).check("x"),
            Err(Error::NotPositiveDefinite { parameter: "scale_tril", .. })
        ));
        assert!(MultivariateNormal::new([1.0; 3], Var::matrix(2, 2, COVARIANCE).unwrap()).check("x").is_err());
        assert!(MultivariateNormal::new([1.0; 3], Var::matrix(3, 2, [0.0; 6]).unwrap()).check("x").is_err());
        assert!(matches!(
            MultivariateNormal::new([f64::NAN, 0.0], Var::matrix(2, 2, COVARIANCE).unwrap()).check("x"),
            Err(Error::Parameter { parameter: "loc", .. })
        ));
    }

    #[test]
    fn a_traced_covariance_without_a_factor_is_impossible_in_its_lane_alone() {
        let tape = Tape::recording();
        let numbers = [COVARIANCE, [1.0, 2.0, 2.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0]].concat();
        let spread = Value::leaf(&tape, Shape::new(3, Dims::new(&[2, 2])), Data::F64(numbers));
        let loc = Value::leaf(&tape, Shape::new(1, Dims::new(&[2])), Data::F64(LOC.to_vec()));
        let dist = MultivariateNormal::of(&loc, &spread, Form::Covariance);
        dist.check("x").unwrap();
        let x = value(1, &[2], &[0.3, -1.0]);
        let log_prob = dist.log_prob(&x).unwrap();
        assert_eq!(log_prob.numbers()[0], correlated().log_prob(&x).unwrap().numbers()[0]);
        assert_eq!(log_prob.numbers()[1], f64::NEG_INFINITY);
        assert!(log_prob.numbers()[2].is_nan());
        tape.backward(&log_prob).unwrap();
        for leaf in [loc, spread] {
            assert!(matches!(leaf.take_gradient().as_ref(), Some(Data::F64(g)) if g.iter().all(|x| x.is_finite())));
        }
        let draws = dist.sample(&mut [1, 2, 3].map(|l| keyed(1, "x", l)), Dims::new(&[2])).unwrap();
        assert!(draws.lane(0).iter().all(|x| x.is_finite()) && draws.lane(1).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn a_value_of_another_length_is_an_error_with_both_shapes() {
        let error = correlated().log_prob(&value(1, &[3], &[0.0; 3])).err().unwrap().to_string();
        assert!(error.contains("[3]") && error.contains("[2]"), "{error}");
    }

    #[test]
    fn json_gives_both_forms_back() {
        let x = value(1, &[2], &[0.3, -1.0]);
        let tril = MultivariateNormal::with_scale_tril(LOC, Var::matrix(2, 2, [1.5, 0.0, 0.4, 0.7]).unwrap());
        for dist in [correlated(), tril] {
            let written = dist.to_json().unwrap();
            let back = reader::read("here", &written).unwrap();
            assert_eq!(back.to_json(), Some(written));
            assert_eq!(back.log_prob(&x).unwrap().numbers(), dist.log_prob(&x).unwrap().numbers());
        }
        let bad = json!({ NAME: { "loc": 1.0, "covariance_matrix": [[1.0]] } });
        assert!(matches!(reader::read("here", &bad), Err(Error::PriorForm { .. })));
        let empty = json!({ NAME: { "loc": [], "covariance_matrix": [[]] } });
        assert!(reader::read("here", &empty).is_err());
    }
}
