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
    /// The slope of every element by u, low and high; empty where nobody wants it.
    slopes: [Vec<f64>; 3],
}

impl Constrain {
    fn new(start: usize, dims: Dims, part: Part) -> Self {
        Constrain { start, dims, part, walks: [Walk::Along, Walk::Along], slopes: [const { vec![] }; 3] }
    }

    /// Where the inputs of element `e` are in a lane.
    #[inline(always)]
    fn places(&self, e: usize) -> [usize; 3] {
        [self.start + e, self.walks[0].at(e), self.walks[1].at(e)]
    }
}

/// What [`super::biject_to`] gives, inlined, so that what of the image is not used is not computed.
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
        let (lanes, n) = (out.shape.lanes, self.dims.len());
        for (i, slopes) in self.slopes.iter_mut().enumerate() {
            let length = if inputs.at(i).traced { lanes * n } else { 0 };
            if slopes.len() != length {
                slopes.resize(length, 0.0);
            }
        }
        let (q, low, high) = (inputs.at(0), inputs.at(1), inputs.at(2));
        let moves = low.traced || high.traced;
        let out = out.numbers();
        if self.part == Part::LogJacobian {
            out.fill(0.0);
        }
        for lane in 0..lanes {
            let (q, low, high) = (q.lane(lane), low.lane(lane), high.lane(lane));
            if n == 1 && !moves {
                // The most usual site, without a loop.
                let image = image(q[self.start], low[0], high[0]);
                let (value, slope) = match self.part {
                    Part::Value => (image.x, image.dx[0]),
                    Part::LogJacobian => (image.log_jacobian, image.dlog_jacobian[0]),
                };
                out[lane] = value;
                if let Some(kept) = self.slopes[0].get_mut(lane) {
                    *kept = slope;
                }
                continue;
            }
            for e in 0..n {
                let [u, l, h] = self.places(e);
                let image = image(q[u], low[l], high[h]);
                let slopes = match self.part {
                    Part::Value => {
                        out[lane * n + e] = image.x;
                        image.dx
                    }
                    Part::LogJacobian => {
                        out[lane] += image.log_jacobian;
                        image.dlog_jacobian
                    }
                };
                // The bounds seldom move.
                for (kept, slope) in self.slopes.iter_mut().zip(slopes).take(if moves { 3 } else { 1 }) {
                    if let Some(kept) = kept.get_mut(lane * n + e) {
                        *kept = slope;
                    }
                }
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.dims.len();
        for i in 0..3 {
            let slopes = &self.slopes[i];
            if slopes.is_empty() {
                continue;
            }
            let Some((into, step)) = gradients.lanes(i) else { continue };
            if n == 1 && i == 0 {
                let c = cotangent.numbers();
                for lane in 0..out.shape.lanes {
                    into[lane * step + self.start] += c[lane] * slopes[lane];
                }
                continue;
            }
            for lane in 0..out.shape.lanes {
                let (c, slopes, into) =
                    (cotangent.lane(lane), &slopes[lane * n..(lane + 1) * n], &mut into[lane * step..]);
                for (e, slope) in slopes.iter().enumerate() {
                    into[self.places(e)[i]] += c[if self.part == Part::Value { e } else { 0 }] * slope;
                }
            }
        }
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
