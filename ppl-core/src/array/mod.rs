//! Arrays: f32 pixels with lanes that take part in the tape.

use crate::autodiff::{
    Dims, Element, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Tape, Value, common_lanes, record,
};
pub use crate::device::Device;
use crate::error::{Error, Result};

/// Pixels on a device, `[lanes, dims]`, lanes invisible. Cloning is cheap.
#[derive(Clone)]
pub struct Array(Value);

impl Array {
    /// Constant pixels that all lanes share.
    ///
    /// # Errors
    /// Where `pixels` do not fill `dims`.
    pub fn constant(dims: &[usize], pixels: Vec<f32>) -> Result<Self> {
        Array::with_lanes(1, dims, pixels)
    }

    /// Constant pixels with a leading axis of lanes (each lane its own image).
    ///
    /// # Errors
    /// Where `pixels` do not fill `[lanes, dims]`.
    pub fn with_lanes(lanes: usize, dims: &[usize], pixels: Vec<f32>) -> Result<Self> {
        let shape = Shape::new(lanes, Dims::new(dims));
        if shape.len() != pixels.len() {
            return Err(Error::ArrayLength { expected: shape.len(), got: pixels.len() });
        }
        Ok(Array(Value::constant(shape, pixels)))
    }

    /// Pixels whose gradient is wanted.
    pub fn leaf(tape: &Tape, lanes: usize, dims: &[usize], pixels: Vec<f32>) -> Self {
        Array(Value::leaf(tape, Shape::new(lanes, Dims::new(dims)), pixels))
    }

    /// Where the pixels are.
    pub fn device(&self) -> Device {
        self.0.device()
    }

    /// Dimensions without lanes.
    pub fn dims(&self) -> Dims {
        self.0.dims()
    }

    /// The pixels of one lane.
    pub fn lane(&self, lane: usize) -> &[f32] {
        &self.0.data().pixels()[self.0.shape().lane(lane)]
    }

    /// The value under it, for operations.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The array over a value that an operation made.
    ///
    /// # Panics
    /// Where the value holds host numbers, which is a bug in the calling operation.
    pub fn from_value(value: Value) -> Self {
        assert!(value.element() == Element::F32, "an Array holds pixels");
        Array(value)
    }

    /// The sum of images of one shape; lanes broadcast.
    ///
    /// # Errors
    /// Where the shapes differ.
    pub fn sum_of(images: &[Array]) -> Result<Array> {
        match images {
            [one] => Ok(one.clone()),
            _ => Ok(Array(record(SumOf, &images.iter().map(|a| &a.0).collect::<Vec<_>>())?)),
        }
    }
}

#[derive(Clone)]
struct SumOf;

impl FusedOp for SumOf {
    const NAME: &'static str = "sum_of_images";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let first = inputs.first().map_or(Dims::SCALAR, |shape| shape.dims);
        match inputs.iter().find(|shape| shape.dims != first) {
            Some(other) => Err(Error::Broadcast { left: first, right: other.dims }),
            None => Ok(Output::pixels(Shape::new(common_lanes(inputs), first))),
        }
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        out.pixels().fill(0.0);
        for input in inputs.iter() {
            for lane in 0..out.shape.lanes {
                out.lane_pixels(lane).iter_mut().zip(input.lane_pixels(lane)).for_each(|(o, i)| *o += i);
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for i in 0..gradients.len() {
            for lane in 0..out.shape.lanes {
                let Some(into) = gradients.lane_pixels(i, lane) else { break };
                into.iter_mut().zip(cotangent.lane_pixels(lane)).for_each(|(g, c)| *g += c);
            }
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut crate::autodiff::Places<'_>) -> Result<Box<dyn crate::autodiff::Body>> {
        let weights = vec![1.0; places.len()];
        crate::autodiff::weighted_sum_body(places, &weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_a_sum_of_images_is_right() {
        for lanes in [1, 3] {
            let input = |l: usize| Value::constant(Shape::new(l, Dims::new(&[2, 2])), vec![0.5_f32; 4 * l]);
            check::vjp(|| SumOf, &[input(lanes), input(1)], 1e-2, 1e-5);
        }
    }
}
