//! The checker that every operation passes: its vjp against central differences.

use super::op::{FusedOp, record};
use super::shape::Shape;
use super::tape::Tape;
use super::value::{Data, Value};

/// Holds the vjp of an operation against central differences of step `h` at `inputs`.
///
/// # Panics
/// Where an element of a gradient is off by more than `tolerance`, relative to the largest of its input's gradient (or 1).
pub fn vjp<O: FusedOp>(make: impl Fn() -> O, inputs: &[Value], h: f64, tolerance: f64) {
    let run = |values: &[Value]| match record(make(), &values.iter().collect::<Vec<_>>()) {
        Ok(value) => value,
        Err(error) => panic!("the operation under check failed: {error}"),
    };
    function(run, inputs, h, tolerance);
}

/// Holds the gradient of a function built of recorded operations against central differences.
///
/// # Panics
/// As [`vjp`].
pub fn function(f: impl Fn(&[Value]) -> Value, inputs: &[Value], h: f64, tolerance: f64) {
    let tape = Tape::recording();
    let leaves: Vec<Value> = inputs.iter().map(|v| Value::leaf(&tape, v.shape(), copy(v))).collect();
    let output = f(&leaves);
    let cotangent: Vec<f64> = (0..output.shape().len()).map(|i| (1.0 + 0.7 * i as f64).cos()).collect();
    // The cotangent enters through a weighted sum, so that the operation sees an uneven one.
    let weighted = weigh(&output, &cotangent);
    if let Err(error) = tape.backward(&weighted) {
        panic!("the backward pass failed: {error}");
    }
    for (which, leaf) in leaves.iter().enumerate() {
        let analytic = leaf.take_gradient().map_or_else(|| vec![0.0; leaf.shape().len()], |g| as_f64(&g));
        let at = |element: usize, step: f64| {
            let mut moved: Vec<Value> = inputs.to_vec();
            moved[which] = nudged(&inputs[which], element, step);
            as_f64(f(&moved).data()).iter().zip(&cotangent).map(|(y, c)| y * c).sum::<f64>()
        };
        let numeric: Vec<f64> = (0..analytic.len()).map(|i| (at(i, h) - at(i, -h)) / (2.0 * h)).collect();
        let scale = numeric.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
        for (i, (a, n)) in analytic.iter().zip(&numeric).enumerate() {
            assert!((a - n).abs() <= tolerance * scale, "input {which}, element {i}: vjp {a}, central difference {n}");
        }
    }
}

fn copy(value: &Value) -> Data {
    match value.data() {
        Data::F64(v) => Data::F64(v.clone()),
        Data::F32(v) => Data::F32(v.clone()),
    }
}

fn as_f64(data: &Data) -> Vec<f64> {
    match data {
        Data::F64(v) => v.clone(),
        Data::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
    }
}

fn nudged(value: &Value, element: usize, step: f64) -> Value {
    let mut data = copy(value);
    match &mut data {
        Data::F64(v) => v[element] += step,
        Data::F32(v) => v[element] += step as f32,
    }
    Value::constant(value.shape(), data)
}

/// sum_i c_i y_i over everything, lanes included.
struct Weigh(Vec<f64>);

impl FusedOp for Weigh {
    fn value(&mut self, inputs: &[super::Operand<'_>]) -> crate::Result<(Shape, Data)> {
        Ok((inputs[0].shape, Data::F64(vec![0.0; inputs[0].shape.len()])))
    }

    fn vjp(
        &mut self,
        inputs: &[super::Operand<'_>],
        _: super::Operand<'_>,
        _: super::Operand<'_>,
        gradients: &mut [super::Gradient],
    ) {
        let n = inputs[0].shape.dims.len();
        for (lane, weights) in self.0.chunks_exact(n.max(1)).enumerate() {
            if gradients[0].holds_pixels() {
                let pixels = gradients[0].pixels().map(|g| &mut g[lane * n..(lane + 1) * n]);
                pixels.into_iter().flatten().zip(weights).for_each(|(g, w)| *g += *w as f32);
            } else {
                gradients[0].lane(lane).into_iter().flatten().zip(weights).for_each(|(g, w)| *g += w);
            }
        }
    }
}

fn weigh(output: &Value, weights: &[f64]) -> Value {
    match record(Weigh(weights.to_vec()), &[output]) {
        Ok(value) => value,
        Err(error) => panic!("the weighted sum failed: {error}"),
    }
}
