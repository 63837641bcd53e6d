//! Transforms of numbers on the tape: from a stretch of the unconstrained vector to a site's value, and its log Jacobian.

use super::{Identity, Image, Interval, Lower, Transform, Upper, biject_to};
use crate::autodiff::{
    Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Slice, Value, Walk, common_lanes, record,
};
use crate::error::Result;

/// What of the image an operation gives.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Value,
    LogJacobian,
}

/// Elements `start ..` of q, taken to the support between two bounds; or the sum of their log Jacobians.
#[derive(Clone)]
struct Constrain {
    start: usize,
    dims: Dims,
    part: Part,
    walks: [Walk; 2],
}

impl Constrain {
    fn new(start: usize, dims: Dims, part: Part) -> Self {
        Constrain { start, dims, part, walks: [Walk::Along, Walk::Along] }
    }

    /// Calls `f` with the lane, the element, the indices of its inputs and its image, for every element of every lane.
    #[inline(always)]
    fn each(&self, inputs: Inputs<'_>, lanes: usize, mut f: impl FnMut(usize, usize, [usize; 3], Image)) {
        let (q, low, high) = (inputs.at(0), inputs.at(1), inputs.at(2));
        for lane in 0..lanes {
            let (q, low, high) = (q.lane(lane), low.lane(lane), high.lane(lane));
            for e in 0..self.dims.len() {
                let at = [self.start + e, self.walks[0].at(e), self.walks[1].at(e)];
                let (low, high) = (low[at[1]], high[at[2]]);
                f(lane, e, at, image(q[at[0]], low, high));
            }
        }
    }
}

/// What [`biject_to`] gives, inlined, so that what of the image is not used is not computed.
#[inline(always)]
fn image(u: f64, low: f64, high: f64) -> Image {
    match (low.is_finite(), high.is_finite()) {
        (false, false) => Identity.forward(u, low, high),
        (true, false) => Lower.forward(u, low, high),
        (false, true) => Upper.forward(u, low, high),
        (true, true) => Interval.forward(u, low, high),
    }
}

impl FusedOp for Constrain {
    const NAME: &'static str = "constrain";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.walks = [self.dims.walk(inputs[1].dims), self.dims.walk(inputs[2].dims)];
        let dims = if self.part == Part::Value { self.dims } else { Dims::SCALAR };
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (lanes, n) = (out.shape.lanes, out.shape.dims.len());
        let out = out.numbers();
        match self.part {
            Part::Value => self.each(inputs, lanes, |lane, e, _, image| out[lane * n + e] = image.x),
            Part::LogJacobian => {
                out.fill(0.0);
                self.each(inputs, lanes, |lane, _, _, image| out[lane] += image.log_jacobian);
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let c = cotangent.numbers();
        let n = out.shape.dims.len();
        let wanted: [bool; 3] = std::array::from_fn(|i| gradients.is_wanted(i));
        self.each(inputs, out.shape.lanes, |lane, e, at, image| {
            let (c, slopes) = match self.part {
                Part::Value => (c[lane * n + e], image.dx),
                Part::LogJacobian => (c[lane], image.dlog_jacobian),
            };
            for i in (0..3).filter(|i| wanted[*i]) {
                if let Some(into) = gradients.lane(i, lane) {
                    into[at[i]] += c * slopes[i];
                }
            }
        });
    }
}

fn is_real([low, high]: [&Value; 2]) -> bool {
    let all = |end: &Value, x: f64| !end.is_traced() && end.peek().numbers().iter().all(|e| *e == x);
    all(low, f64::NEG_INFINITY) && all(high, f64::INFINITY)
}

/// Elements `start .. start + dims.len()` of `q` as a value between `bounds`.
pub(crate) fn constrain(q: &Value, start: usize, dims: Dims, bounds: [&Value; 2]) -> Result<Value> {
    if is_real(bounds) {
        return record(Slice { start, dims }, &[q]);
    }
    record(Constrain::new(start, dims, Part::Value), &[q, bounds[0], bounds[1]])
}

/// ln |dx / dq| of the same elements, summed in each lane; `None` where it is zero.
pub(crate) fn log_jacobian(q: &Value, start: usize, dims: Dims, bounds: [&Value; 2]) -> Result<Option<Value>> {
    if is_real(bounds) {
        return Ok(None);
    }
    record(Constrain::new(start, dims, Part::LogJacobian), &[q, bounds[0], bounds[1]]).map(Some)
}

/// The unconstrained numbers, `[lanes, dims]`, of a value between `bounds`; not finite where it is outside.
pub(crate) fn unconstrain(x: &Value, lanes: usize, bounds: [&Value; 2]) -> Vec<f64> {
    let walks: [Walk; 2] = [0, 1].map(|i| x.dims().walk(bounds[i].dims()));
    let mut out = Vec::with_capacity(lanes * x.dims().len());
    for lane in 0..lanes {
        let (low, high) = (bounds[0].peek_lane(lane), bounds[1].peek_lane(lane));
        out.extend(x.peek_lane(lane).iter().enumerate().map(|(e, &x)| {
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
            Value::constant(Shape::new(lanes, Dims::new(dims)), numbers.to_vec())
        };
        let q = value(2, &[3], &[0.3, -0.7, 1.1, 0.2, 0.9, -1.4]);
        let (low, high) = (value(2, &[], &[-1.0, -2.0]), value(1, &[2], &[0.5, 1.5]));
        for part in [Part::Value, Part::LogJacobian] {
            let op = || Constrain::new(1, Dims::new(&[2]), part);
            check::vjp(op, &[q.clone(), low.clone(), high.clone()], 1e-5, 1e-8);
        }
    }
}
