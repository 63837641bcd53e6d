//! scan: a recurrence over the elements of vectors, as one operation.

use super::dual::Dual;
use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output, broadcast_all, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::Var;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// Runs a recurrence and returns the first of its states after each step: autoregressions, local trends, GARCH.
///
/// `step` is given one array: the `S` states, then the element of each of `inputs` that belongs to this step, then
/// `parameters`; it returns the next states. It is written once, on [`Dual`] numbers, which bring its derivatives with them.
///
/// ```
/// use ppl_core::Var;
/// use ppl_core::autodiff::scan;
///
/// // x_t = phi x_(t-1) + scale shock_t, from 0.
/// let (phi, scale, shock) = (Var::scalar(0.5), Var::scalar(2.0), Var::vector([1.0, 0.0, 1.0]));
/// let x = scan([&Var::scalar(0.0)], &[&shock], &[&phi, &scale], |[x, shock, phi, scale]| [phi * x + scale * shock])?;
/// assert_eq!(x.lane(0), [2.0, 1.0, 2.5]);
///
/// // Two states: x_t = a x_(t-1) + b x_(t-2) + shock_t.
/// let (a, b, zero) = (Var::scalar(1.0), Var::scalar(-0.5), Var::scalar(0.0));
/// let x = scan([&zero, &zero], &[&shock], &[&a, &b], |[now, before, shock, a, b]| [a * now + b * before + shock, now])?;
/// assert_eq!(x.lane(0), [1.0, 1.0, 1.5]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// No input, or inputs of unequal lengths; a step that takes another number of numbers than it is given.
pub fn scan<const N: usize, const S: usize>(
    states: [&Var<()>; S],
    inputs: &[&Var<(usize,)>],
    parameters: &[&Var<()>],
    step: impl Fn([Dual<N>; N]) -> [Dual<N>; S] + Clone + Send + 'static,
) -> Result<Var<(usize,)>> {
    let given = S + inputs.len() + parameters.len();
    if given != N || inputs.is_empty() || S == 0 {
        return Err(Error::Scan { takes: N, states: S, inputs: inputs.len(), parameters: parameters.len() });
    }
    let states = states.iter().map(|v| v.as_value());
    let values = states.chain(inputs.iter().map(|v| v.as_value())).chain(parameters.iter().map(|v| v.as_value()));
    let op = Scan { step, inputs: inputs.len(), steps: 0, visited: Vec::new() };
    Ok(Var::from_value(record(op, &values.collect::<Vec<&Value>>())?))
}

#[derive(Clone)]
struct Scan<const N: usize, const S: usize, F> {
    step: F,
    inputs: usize,
    steps: usize,
    /// The states before each step, `[lanes, steps, S]`, for the way back.
    visited: Vec<[f64; S]>,
}

impl<const N: usize, const S: usize, F: Fn([Dual<N>; N]) -> [Dual<N>; S]> Scan<N, S, F> {
    /// What a step of this lane is given, its states and inputs still to be filled in; and the inputs.
    fn constants<'a>(&self, inputs: Inputs<'a>, lane: usize) -> ([f64; N], [&'a [f64]; N]) {
        let rows: [&[f64]; N] = std::array::from_fn(|i| inputs.at(i).lane(lane));
        (std::array::from_fn(|i| rows[i].first().copied().unwrap_or_default()), rows)
    }

    #[inline(always)]
    fn gather(&self, numbers: &mut [f64; N], rows: &[&[f64]; N], states: [f64; S], t: usize) {
        numbers[..S].copy_from_slice(&states);
        for (number, row) in numbers[S..].iter_mut().zip(&rows[S..]).take(self.inputs) {
            *number = row[t];
        }
    }
}

impl<const N: usize, const S: usize, F> FusedOp for Scan<N, S, F>
where
    F: Fn([Dual<N>; N]) -> [Dual<N>; S] + Clone + Send + 'static,
{
    const NAME: &'static str = "scan";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        // A vector of one element would broadcast; a recurrence has as many steps as each of its inputs has elements.
        let dims = broadcast_all(&inputs[S..S + self.inputs])?;
        if let Some(short) = inputs[S..S + self.inputs].iter().find(|shape| shape.dims != dims) {
            return Err(Error::Broadcast { left: dims, right: short.dims });
        }
        let lanes = common_lanes(inputs);
        self.steps = dims.len();
        self.visited.resize(lanes * self.steps, [0.0; S]);
        Ok(Output::numbers(Shape::new(lanes, Dims::new(&[self.steps]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (mut numbers, rows) = self.constants(inputs, lane);
            let mut states: [f64; S] = std::array::from_fn(|i| numbers[i]);
            for (t, out) in out.lane(lane).iter_mut().enumerate() {
                self.visited[lane * self.steps + t] = states;
                self.gather(&mut numbers, &rows, states, t);
                states = (self.step)(numbers.map(Dual::constant)).map(|state| state.value);
                *out = states[0];
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..cotangent.shape.lanes {
            let (mut numbers, rows) = self.constants(inputs, lane);
            let (mut adjoint, mut sums) = ([0.0; S], [0.0; N]);
            for (t, c) in cotangent.lane(lane).iter().enumerate().rev() {
                self.gather(&mut numbers, &rows, self.visited[lane * self.steps + t], t);
                adjoint[0] += c;
                let next = (self.step)(Dual::variables(numbers));
                let mut by = [0.0; N];
                for (state, a) in next.iter().zip(adjoint) {
                    by.iter_mut().zip(&state.slopes).for_each(|(by, slope)| *by += a * slope);
                }
                adjoint.copy_from_slice(&by[..S]);
                for (i, by) in by.iter().enumerate().skip(S).take(self.inputs) {
                    if let Some(into) = gradients.lane(i, lane) {
                        into[t] += by;
                    }
                }
                sums.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
            }
            sums[..S].copy_from_slice(&adjoint);
            for i in (0..S).chain(S + self.inputs..N) {
                if let Some([into]) = gradients.lane(i, lane) {
                    *into += sums[i];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_a_recurrence_is_right() {
        for lanes in [1, 3] {
            let one = || check::example(lanes, &[]);
            let series = || check::example(lanes, &[5]);
            let autoregression = |v: &[Value]| {
                let scalar = |i: usize| Var::<()>::from_value(v[i].clone());
                let step = |[x, shock, phi, scale]: [Dual<4>; 4]| [phi * x + scale.exp() * shock];
                let shock = Var::from_value(v[1].clone());
                scan([&scalar(0)], &[&shock], &[&scalar(2), &scalar(3)], step).unwrap().as_value().clone()
            };
            check::function(autoregression, &[one(), series(), check::example(1, &[]), one()], 1e-5, 1e-8);
            let trend = |v: &[Value]| {
                let scalar = |i: usize| Var::<()>::from_value(v[i].clone());
                let inputs = [Var::from_value(v[2].clone()), Var::from_value(v[3].clone())];
                let step = |[level, slope, a, b, damping]: [Dual<5>; 5]| [level + slope * a, damping * slope + b.sin()];
                let [a, b] = &inputs;
                scan([&scalar(0), &scalar(1)], &[a, b], &[&scalar(4)], step).unwrap().as_value().clone()
            };
            check::function(trend, &[one(), one(), series(), check::example(1, &[5]), one()], 1e-5, 1e-8);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_in_one_line() {
        let (zero, two, three) = (Var::scalar(0.0), Var::vector([1.0, 2.0]), Var::vector([1.0, 2.0, 3.0]));
        let add = |[x, a, b]: [Dual<3>; 3]| [x + a + b];
        let error = scan([&zero], &[&two], &[], add).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the step of this scan takes 3 numbers, but is given 1 + 1 + 0 (states, inputs, parameters); it needs a state and an input at least"
        );
        assert!(matches!(scan([&zero], &[&two, &three], &[], add), Err(Error::Broadcast { .. })));
        let single = Var::vector([1.0]);
        assert!(matches!(scan([&zero], &[&single, &three], &[], add), Err(Error::Broadcast { .. })));
    }
}
