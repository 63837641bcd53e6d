//! Transforms on the tape: from a stretch of the unconstrained vector to a site's value, and its log Jacobian.

use super::{Image, biject_to};
use crate::autodiff::{Data, Dims, FusedOp, Gradient, Operand, Shape, Slice, Value, Walk, record};
use crate::error::Result;

/// What of the image an operation gives.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Value,
    LogJacobian,
}

/// Elements `start ..` of q, taken to the support between two bounds; or the sum of their log Jacobians.
struct Constrain {
    start: usize,
    dims: Dims,
    part: Part,
}

impl Constrain {
    /// Calls `f` with the lane, the element, the indices of its inputs and its image, for every element of every lane.
    fn each(&self, inputs: &[Operand<'_>], lanes: usize, mut f: impl FnMut(usize, usize, [usize; 3], Image)) {
        let walks: [Walk; 2] = [1, 2].map(|i| self.dims.walk(inputs[i].shape.dims));
        for lane in 0..lanes {
            let (q, low, high) = (inputs[0].lane(lane), inputs[1].lane(lane), inputs[2].lane(lane));
            for e in 0..self.dims.len() {
                let at = [self.start + e, walks[0].at(e), walks[1].at(e)];
                let (low, high) = (low[at[1]], high[at[2]]);
                f(lane, e, at, biject_to(low, high).forward(q[at[0]], low, high));
            }
        }
    }
}

impl FusedOp for Constrain {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let lanes = inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1);
        let dims = if self.part == Part::Value { self.dims } else { Dims::SCALAR };
        let n = dims.len();
        let mut out = vec![0.0; lanes * n];
        match self.part {
            Part::Value => self.each(inputs, lanes, |lane, e, _, image| out[lane * n + e] = image.x),
            Part::LogJacobian => self.each(inputs, lanes, |lane, _, _, image| out[lane] += image.log_jacobian),
        }
        Ok((Shape::new(lanes, dims), Data::F64(out)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let c = cotangent.numbers();
        let n = out.shape.dims.len();
        let wanted: [bool; 3] = std::array::from_fn(|i| gradients[i].is_wanted());
        self.each(inputs, out.shape.lanes, |lane, e, at, image| {
            let (c, slopes) = match self.part {
                Part::Value => (c[lane * n + e], image.dx),
                Part::LogJacobian => (c[lane], image.dlog_jacobian),
            };
            for i in (0..3).filter(|i| wanted[*i]) {
                if let Some(into) = gradients[i].lane(lane) {
                    into[at[i]] += c * slopes[i];
                }
            }
        });
    }
}

fn is_real([low, high]: [&Value; 2]) -> bool {
    low.numbers().iter().all(|x| *x == f64::NEG_INFINITY) && high.numbers().iter().all(|x| *x == f64::INFINITY)
}

/// Elements `start .. start + dims.len()` of `q` as a value between `bounds`.
pub(crate) fn constrain(q: &Value, start: usize, dims: Dims, bounds: [&Value; 2]) -> Result<Value> {
    if is_real(bounds) {
        return record(Slice { start, dims }, &[q]);
    }
    record(Constrain { start, dims, part: Part::Value }, &[q, bounds[0], bounds[1]])
}

/// ln |dx / dq| of the same elements, summed in each lane; `None` where it is zero.
pub(crate) fn log_jacobian(q: &Value, start: usize, dims: Dims, bounds: [&Value; 2]) -> Result<Option<Value>> {
    if is_real(bounds) {
        return Ok(None);
    }
    record(Constrain { start, dims, part: Part::LogJacobian }, &[q, bounds[0], bounds[1]]).map(Some)
}

/// The unconstrained numbers, `[lanes, dims]`, of a value between `bounds`; not finite where it is outside.
pub(crate) fn unconstrain(x: &Value, lanes: usize, bounds: [&Value; 2]) -> Vec<f64> {
    let walks: [Walk; 2] = [0, 1].map(|i| x.dims().walk(bounds[i].dims()));
    let mut out = Vec::with_capacity(lanes * x.dims().len());
    for lane in 0..lanes {
        let (low, high) = (bounds[0].lane(lane), bounds[1].lane(lane));
        out.extend(x.lane(lane).iter().enumerate().map(|(e, &x)| {
            let (low, high) = (low[walks[0].at(e)], high[walks[1].at(e)]);
            biject_to(low, high).inverse(x, low, high)
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_both_parts_is_right_for_bounds_that_move() {
        let value = |lanes, dims: &[usize], numbers: &[f64]| {
            Value::constant(Shape::new(lanes, Dims::new(dims)), Data::F64(numbers.to_vec()))
        };
        let q = value(2, &[3], &[0.3, -0.7, 1.1, 0.2, 0.9, -1.4]);
        let (low, high) = (value(2, &[], &[-1.0, -2.0]), value(1, &[2], &[0.5, 1.5]));
        for part in [Part::Value, Part::LogJacobian] {
            let op = || Constrain { start: 1, dims: Dims::new(&[2]), part };
            check::vjp(op, &[q.clone(), low.clone(), high.clone()], 1e-5, 1e-8);
        }
    }
}
