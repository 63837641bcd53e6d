//! Arrays: f32 pixels with lanes that take part in the tape.

mod device;
pub mod pool;

pub use device::Device;

use crate::autodiff::{Data, Dims, FusedOp, Gradient, Operand, Shape, Tape, Value, record};
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
        Ok(Array(Value::constant(shape, Data::F32(pixels))))
    }

    /// Pixels whose gradient is wanted.
    pub fn leaf(tape: &Tape, lanes: usize, dims: &[usize], pixels: Vec<f32>) -> Self {
        Array(Value::leaf(tape, Shape::new(lanes, Dims::new(dims)), Data::F32(pixels)))
    }

    /// Where the pixels are.
    pub fn device(&self) -> Device {
        Device::Cpu
    }

    /// Dimensions without lanes.
    pub fn dims(&self) -> Dims {
        self.0.dims()
    }

    /// The pixels of one lane.
    pub fn lane(&self, lane: usize) -> &[f32] {
        let n = self.dims().len();
        let at = if self.0.lanes() == 1 { 0 } else { lane };
        match self.0.data() {
            Data::F32(pixels) => &pixels[at * n..(at + 1) * n],
            Data::F64(_) => unreachable!("an Array holds pixels"),
        }
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
        assert!(matches!(value.data(), Data::F32(_)), "an Array holds pixels");
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

struct SumOf;

impl FusedOp for SumOf {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let first = inputs.first().map_or(Dims::SCALAR, |i| i.shape.dims);
        let lanes = inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1);
        let shape = Shape::new(lanes, first);
        let mut sum = pool::zeros(shape.len());
        for input in inputs {
            if input.shape.dims != first {
                return Err(Error::Broadcast { left: first, right: input.shape.dims });
            }
            for lane in 0..lanes {
                let out = &mut sum[lane * first.len()..(lane + 1) * first.len()];
                out.iter_mut().zip(input.lane_pixels(lane)).for_each(|(o, i)| *o += i);
            }
        }
        Ok((shape, Data::F32(sum)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let n = output.shape.dims.len();
        for (input, gradient) in inputs.iter().zip(gradients) {
            let Some(pixels) = gradient.pixels() else { continue };
            for lane in 0..output.shape.lanes {
                let at = if input.shape.lanes == 1 { 0 } else { lane };
                let into = &mut pixels[at * n..(at + 1) * n];
                into.iter_mut().zip(cotangent.lane_pixels(lane)).for_each(|(g, c)| *g += c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_a_sum_of_images_is_right() {
        for lanes in [1, 3] {
            let input = |l: usize| Value::constant(Shape::new(l, Dims::new(&[2, 2])), Data::F32(vec![0.5; 4 * l]));
            check::vjp(|| SumOf, &[input(lanes), input(1)], 1e-2, 1e-5);
        }
    }
}
