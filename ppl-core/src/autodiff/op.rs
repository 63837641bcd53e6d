//! Fused operations: what a differentiable function says of itself to stand on the tape as one node.

#[cfg(feature = "cuda")]
use super::body::{Body, Places};
use super::inputs::{Gradients, Inputs};
use super::operand::{Operand, Out};
use super::storage::Element;
#[cfg(feature = "cuda")]
use crate::device::Device;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// A differentiable function of values: its shape, its value, and its vector-Jacobian product.
///
/// Lane `l` of the output depends on lane `l` of each input alone (inputs with one lane serve all), and has the same bits
/// whatever lanes are beside it. An operation may keep in `self` whatever its vjp can reuse; it resizes what it keeps instead
/// of making it anew, as a [plan](super::Plan) calls it again and again. Every implementation stands under
/// [`super::check::vjp`].
///
/// ```
/// use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, check, record};
/// use ppl_core::{Result, autodiff::Dims};
///
/// /// y = x^3, element by element.
/// #[derive(Clone)]
/// struct Cube;
///
/// impl FusedOp for Cube {
///     const NAME: &'static str = "cube";
///
///     fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
///         Ok(Output::numbers(inputs[0]))
///     }
///
///     fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
///         out.numbers().iter_mut().zip(inputs.at(0).numbers()).for_each(|(y, x)| *y = x * x * x);
///     }
///
///     fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
///         let Some(into) = gradients.numbers(0) else { return };
///         for ((g, x), c) in into.iter_mut().zip(inputs.at(0).numbers()).zip(cotangent.numbers()) {
///             *g += 3.0 * x * x * c;
///         }
///     }
/// }
///
/// let x = Value::shared(Dims::new(&[2]), vec![1.0, 2.0]);
/// assert_eq!(record(Cube, &[&x])?.numbers(), [1.0, 8.0]);
/// check::vjp(|| Cube, &[x], 1e-5, 1e-9);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub trait FusedOp: Clone + Send + 'static {
    /// Its name, in messages and in what `explain` prints.
    const NAME: &'static str;

    /// The shape and kind of the output for inputs of these shapes, which it may prepare itself for. Shapes that do not fit
    /// are an error that says both.
    fn shape(&mut self, inputs: &[Shape]) -> Result<Output>;

    /// Writes the output, whose buffer holds anything.
    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>);

    /// Adds `cotangent * d output / d input` to the gradient of each input that wants one.
    fn vjp(&mut self, inputs: Inputs<'_>, output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>);

    /// Bytes of its own, weights say, that an evaluation reads once however many lanes it has.
    fn shared_bytes(&self) -> usize {
        0
    }

    /// What it does on a GPU, on the places laid out for it; an operation on host numbers alone needs none.
    ///
    /// # Errors
    /// `no cuda implementation for NAME`, unless an operation says otherwise; no memory, no compiler.
    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
        let _ = places;
        Err(Error::NoDeviceBody { operation: Self::NAME, device: Device::Cuda(0) })
    }
}

/// What an operation says of its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Output {
    /// Lanes and dimensions.
    pub shape: Shape,
    /// The kind of its numbers.
    pub element: Element,
}

impl Output {
    /// Host numbers of this shape.
    pub fn numbers(shape: Shape) -> Self {
        Output { shape, element: Element::F64 }
    }

    /// Pixels of this shape.
    pub fn pixels(shape: Shape) -> Self {
        Output { shape, element: Element::F32 }
    }
}

/// The lanes of an output: as many as the inputs have, where one lane serves all.
pub fn common_lanes(inputs: &[Shape]) -> usize {
    inputs.iter().map(|shape| shape.lanes).max().unwrap_or(1)
}

/// An operation whose type is forgotten.
pub(super) trait AnyOp: Send {
    fn name(&self) -> &'static str;
    fn shape(&mut self, inputs: &[Shape]) -> Result<Output>;
    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>);
    fn vjp(&mut self, inputs: Inputs<'_>, output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>);
    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut Places<'_>) -> Result<Box<dyn Body>>;
    fn shared_bytes(&self) -> usize;
    fn boxed(&self) -> Box<dyn AnyOp>;
}

impl<O: FusedOp> AnyOp for O {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        FusedOp::shape(self, inputs)
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        FusedOp::value(self, inputs, out);
    }

    fn vjp(&mut self, inputs: Inputs<'_>, output: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        FusedOp::vjp(self, inputs, output, cotangent, gradients);
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
        FusedOp::body(self, places)
    }

    fn shared_bytes(&self) -> usize {
        FusedOp::shared_bytes(self)
    }

    fn boxed(&self) -> Box<dyn AnyOp> {
        Box::new(self.clone())
    }
}

/// NumPy's broadcast of the dimensions of several inputs, and how to walk along each: what an operation that broadcasts needs.
///
/// # Errors
/// Two shapes that do not fit, both said.
pub fn broadcast_all(inputs: &[Shape]) -> Result<Dims> {
    inputs.iter().try_fold(Dims::SCALAR, |dims, shape| {
        dims.broadcast(shape.dims).ok_or(Error::Broadcast { left: dims, right: shape.dims })
    })
}
