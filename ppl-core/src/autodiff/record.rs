//! Recording: an operation computed at once, and left on the tape for the way back and for a plan.

use std::rc::Rc;

use dfdx::tensor::Tape as _;

use super::inputs::Inputs;
use super::op::{FusedOp, Output};
use super::operand::Out;
use super::place::Place;
use super::step::Step;
use super::storage::{Element, Storage};
use super::tape::Tape;
use super::value::Value;
use crate::error::Result;
use crate::shape::Shape;

/// Computes `op` and records it on the tape of its inputs, if one of them is on a tape.
///
/// # Errors
/// Shapes that do not fit the operation, and a mistake that an input stands for.
pub fn record(mut op: impl FusedOp, inputs: &[&Value]) -> Result<Value> {
    inputs.iter().try_for_each(|v| v.check())?;
    let shapes: Vec<Shape> = inputs.iter().map(|v| v.shape()).collect();
    let Output { shape, element } = op.shape(&shapes)?;
    let mut data = Storage::unwritten(element, shape.len());
    {
        let places: Vec<_> = inputs.iter().map(|v| Place::of(v.shape(), v.is_traced(), &v.node.data)).collect();
        op.value(Inputs(&places), &mut out_of(&shape, &mut data));
    }
    let Some(tape) = inputs.iter().map(|v| &v.tape).find(|tape| tape.is_recording()) else {
        return Ok(Value::constant(shape, data));
    };
    let output = Value::on(tape.clone(), shape, data);
    let inputs = inputs.iter().map(|v| (v.node.clone(), v.is_traced())).collect();
    let step = Rc::new(Step::new(op, inputs, output.node.clone()));
    tape.push(step.clone());
    tape.clone().add_backward_op(move |_| {
        step.backward();
        Ok(())
    });
    Ok(output)
}

fn out_of<'a>(shape: &'a Shape, data: &'a mut Storage) -> Out<'a> {
    match data.element() {
        Element::F64 => Out { shape, numbers: data.numbers_mut(), pixels: &mut [] },
        Element::F32 => Out { shape, numbers: &mut [], pixels: data.pixels_mut() },
    }
}

impl Tape {
    /// Runs the recorded operations backwards from `output`, whose cotangent is one in every lane, and forgets them.
    ///
    /// # Errors
    /// What a dfdx operation says.
    pub fn backward(&self, output: &Value) -> Result<()> {
        output.seed_cotangent();
        self.run_backward()
    }
}
