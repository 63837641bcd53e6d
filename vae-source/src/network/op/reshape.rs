//! Other shapes and kinds of the same numbers: pixels to pixels, host numbers to pixels and back.

use ppl_core::autodiff::{Dims, Element, FusedOp, Gradients, Inputs, Operand, Out, Output, Rank, Shape, record};
use ppl_core::{Array, Error, Result, Var};

/// The same pixels with other dimensions.
///
/// # Errors
/// Dimensions of another number of pixels.
pub fn reshaped(x: &Array, dims: &[usize]) -> Result<Array> {
    record(Reshape::to(dims, Element::F32), &[x.as_value()]).map(Array::from_value)
}

/// Host numbers of any rank as pixels of these dimensions.
///
/// # Errors
/// Dimensions of another number of pixels.
pub fn to_pixels<S: Rank>(x: &Var<S>, dims: &[usize]) -> Result<Array> {
    record(Reshape::to(dims, Element::F32), &[x.as_value()]).map(Array::from_value)
}

/// A matrix of pixels `[rows, columns]` as host numbers.
///
/// # Errors
/// Pixels of another rank.
pub fn to_numbers(x: &Array) -> Result<Var<(usize, usize)>> {
    let dims = x.dims();
    if dims.rank() != 2 {
        return Err(Error::Axis { axis: 1, dims });
    }
    record(Reshape::to(dims.sizes(), Element::F64), &[x.as_value()]).map(Var::from_value)
}

#[derive(Clone)]
pub(super) struct Reshape {
    dims: Dims,
    element: Element,
}

impl Reshape {
    pub(super) fn to(dims: &[usize], element: Element) -> Self {
        Reshape { dims: Dims::new(dims), element }
    }
}

impl FusedOp for Reshape {
    const NAME: &'static str = "reshape";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let Shape { lanes, dims } = inputs[0];
        if dims.len() != self.dims.len() {
            return Err(Error::Broadcast { left: dims, right: self.dims });
        }
        Ok(Output { shape: Shape::new(lanes, self.dims), element: self.element })
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let x = inputs.at(0);
        // One of the two kinds is empty on either side.
        out.pixels().iter_mut().zip(x.pixels()).for_each(|(y, x)| *y = *x);
        out.pixels().iter_mut().zip(x.numbers()).for_each(|(y, x)| *y = *x as f32);
        out.numbers().iter_mut().zip(x.pixels()).for_each(|(y, x)| *y = f64::from(*x));
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (pixels, numbers) = (cotangent.pixels(), cotangent.numbers());
        if let Some(into) = gradients.pixels(0) {
            into.iter_mut().zip(pixels).for_each(|(g, c)| *g += c);
            into.iter_mut().zip(numbers).for_each(|(g, c)| *g += *c as f32);
        }
        if let Some(into) = gradients.numbers(0) {
            into.iter_mut().zip(pixels).for_each(|(g, c)| *g += f64::from(*c));
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::reshape_cuda::reshape(self.element, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::op::tests_data::pixels;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_another_shape_or_kind_is_right() {
        for lanes in [1, 3] {
            // Linear: rounding of f32 alone.
            check::vjp(|| Reshape::to(&[6], Element::F32), &[pixels(lanes, &[2, 3])], 0.1, 1e-5);
            check::vjp(|| Reshape::to(&[3, 2], Element::F64), &[pixels(lanes, &[2, 3])], 0.1, 1e-5);
            let numbers = Value::constant(Shape::new(lanes, Dims::new(&[4])), vec![0.5; 4 * lanes]);
            check::vjp(|| Reshape::to(&[4, 1, 1], Element::F32), &[numbers], 0.1, 1e-5);
        }
    }

    #[test]
    fn another_number_of_pixels_is_an_error_with_both_shapes() {
        let error = reshaped(&Array::from_value(pixels(1, &[2, 3])), &[5]).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("[2, 3]") && error.to_string().contains("[5]"), "{error}");
    }
}
