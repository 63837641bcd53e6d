//! The checker that every operation passes: its vjp against central differences, on buffers that held anything before.

use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output};
use super::operand::{Operand, Out};
use super::plan::Plan;
use super::record::record;
use super::storage::Element;
use super::tape::Tape;
use super::value::Value;
use super::workspace::Workspace;
use crate::shape::{Dims, Shape};

/// Holds the vjp of an operation against central differences of step `h` at `inputs`, and a second use of the operation and a
/// replay of it against the first.
///
/// # Panics
/// Where an element of a gradient is off by more than `tolerance`, relative to the largest of its input's gradient; where the
/// gradient of every input vanishes, so that nothing would have been tested; where a replay has other bits.
pub fn vjp<O: FusedOp>(make: impl Fn() -> O, inputs: &[Value], h: f64, tolerance: f64) {
    let run = |values: &[Value]| match record(make(), &values.iter().collect::<Vec<_>>()) {
        Ok(value) => value,
        Err(error) => panic!("{}: the operation under check failed: {error}", O::NAME),
    };
    function(run, inputs, h, tolerance);
}

/// A constant of that shape whose numbers all differ, of either sign and below one.
pub fn example(lanes: usize, dims: &[usize]) -> Value {
    let shape = Shape::new(lanes, Dims::new(dims));
    Value::constant(shape, (0..shape.len()).map(|i| (1.3 * i as f64).sin()).collect::<Vec<f64>>())
}

/// Holds the gradient of a function built of recorded operations against central differences.
///
/// # Panics
/// As [`vjp`].
pub fn function(f: impl Fn(&[Value]) -> Value, inputs: &[Value], h: f64, tolerance: f64) {
    let tape = Tape::recording();
    let leaves: Vec<Value> = inputs.iter().map(|v| Value::leaf(&tape, v.shape(), v.peek().clone())).collect();
    let output = f(&leaves);
    let cotangent: Vec<f64> = (0..output.shape().len()).map(|i| (1.0 + 0.7 * i as f64).cos()).collect();
    // The cotangent enters through a weighted sum, so that the operation sees an uneven one.
    let weighted = weigh(&output, &cotangent);
    if let Err(error) = tape.backward(&weighted) {
        panic!("the backward pass failed: {error}");
    }
    let mut largest = 0.0_f64;
    for (which, leaf) in leaves.iter().enumerate() {
        let analytic = leaf.take_gradient().map_or_else(|| vec![0.0; leaf.shape().len()], |g| g.to_f64());
        let at = |element: usize, step: f64| {
            let mut moved: Vec<Value> = inputs.to_vec();
            moved[which] = nudged(&inputs[which], element, step);
            f(&moved).peek().to_f64().iter().zip(&cotangent).map(|(y, c)| y * c).sum::<f64>()
        };
        let numeric: Vec<f64> = (0..analytic.len()).map(|i| (at(i, h) - at(i, -h)) / (2.0 * h)).collect();
        let scale = numeric.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
        for (i, (a, n)) in analytic.iter().zip(&numeric).enumerate() {
            assert!((a - n).abs() <= tolerance * scale, "input {which}, element {i}: vjp {a}, central difference {n}");
        }
        largest = analytic.iter().fold(largest, |m, g| m.max(g.abs()));
    }
    assert!(largest > 0.0, "the gradient of every input vanishes: choose inputs where it does not");
    replays(f, inputs, &cotangent);
}

/// Holds the plan of the function, each of its float inputs a leaf in turn, against the recorded run, twice in the same buffers.
fn replays(f: impl Fn(&[Value]) -> Value, inputs: &[Value], cotangent: &[f64]) {
    for (which, input) in inputs.iter().enumerate().filter(|(_, v)| v.element() == Element::F64) {
        let tape = Tape::recording();
        let leaf = Value::leaf(&tape, input.shape(), input.peek().clone());
        let mut values = inputs.to_vec();
        values[which] = leaf.clone();
        let total = weigh(&f(&values), cotangent);
        let Some(plan) = Plan::of(&tape, &leaf, &total, &[]).filter(|plan| plan.allows(input.lanes())) else {
            continue;
        };
        if let Err(error) = tape.backward(&total) {
            panic!("the backward pass failed: {error}");
        }
        let expected = leaf.take_gradient().map_or_else(|| vec![0.0; input.shape().len()], |g| g.to_f64());
        let mut workspace = Workspace::new(&plan, input.lanes()).unwrap_or_else(|e| panic!("no room for a plan: {e}"));
        let mut y = vec![0.0; total.shape().len()];
        for _ in 0..2 {
            workspace.poison();
            let mut gradient = vec![f64::NAN; expected.len()];
            if let Err(error) = workspace.evaluate(input.peek().numbers(), &mut y, &mut gradient) {
                panic!("the plan failed: {error}");
            }
            let same = gradient.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "input {which}: a replay gives {gradient:?}, the recorded run {expected:?}");
        }
    }
}

fn nudged(value: &Value, element: usize, step: f64) -> Value {
    match value.element() {
        Element::F64 => {
            let mut numbers = value.peek().numbers().to_vec();
            numbers[element] += step;
            Value::constant(value.shape(), numbers)
        }
        Element::F32 => {
            let mut pixels = value.peek().pixels().to_vec();
            pixels[element] += step as f32;
            Value::constant(value.shape(), pixels)
        }
    }
}

/// Its gradient is that of sum_i c_i y_i over everything, lanes included; its value is of no interest.
#[derive(Clone)]
struct Weigh(Vec<f64>);

impl FusedOp for Weigh {
    const NAME: &'static str = "weigh";

    fn shape(&mut self, inputs: &[Shape]) -> crate::Result<Output> {
        Ok(Output::numbers(inputs[0]))
    }

    fn value(&mut self, _: Inputs<'_>, out: &mut Out<'_>) {
        out.numbers().fill(0.0);
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, _: Operand<'_>, gradients: &mut Gradients<'_>) {
        if let Some(into) = gradients.pixels(0) {
            into.iter_mut().zip(&self.0).for_each(|(g, w)| *g += *w as f32);
        }
        if let Some(into) = gradients.numbers(0) {
            into.iter_mut().zip(&self.0).for_each(|(g, w)| *g += w);
        }
    }
}

fn weigh(output: &Value, weights: &[f64]) -> Value {
    match record(Weigh(weights.to_vec()), &[output]) {
        Ok(value) => value,
        Err(error) => panic!("the weighted sum failed: {error}"),
    }
}
