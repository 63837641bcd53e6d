//! Pixels for the tests of the operations.

use ppl_core::autodiff::{Dims, Shape, Value};

/// Pixels of some shape between -1 and 1, all different.
pub(in crate::network) fn pixels(lanes: usize, dims: &[usize]) -> Value {
    let shape = Shape::new(lanes, Dims::new(dims));
    Value::constant(shape, (0..shape.len()).map(|i| (1.3 * i as f32 + dims.len() as f32).sin()).collect::<Vec<f32>>())
}
