//! Inputs: what an operation reads, and where it adds the gradients of it.

use super::operand::Operand;
use super::place::{Place, Sinks};
use crate::shape::Shape;

/// The inputs of an operation.
#[derive(Clone, Copy)]
pub struct Inputs<'a>(pub(super) &'a [Place<'a>]);

impl<'a> Inputs<'a> {
    /// Input `i`.
    #[inline]
    pub fn at(&self, i: usize) -> Operand<'a> {
        self.0[i].operand()
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = Operand<'a>> + use<'a> {
        self.0.iter().map(Place::operand)
    }
}

/// Where an operation adds the gradients of its inputs.
pub struct Gradients<'a>(pub(super) Sinks<'a>);

impl Gradients<'_> {
    /// How many inputs there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.0.len()
    }

    /// Whether there is no input.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether input `i` wants a gradient.
    #[inline]
    pub fn is_wanted(&self, i: usize) -> bool {
        self.0.0[i].traced
    }

    /// Whether any input wants one.
    pub fn any_wanted(&self) -> bool {
        (0..self.len()).any(|i| self.is_wanted(i))
    }

    /// Lanes and dimensions of input `i`.
    #[inline]
    pub fn shape(&self, i: usize) -> &Shape {
        &self.0.0[i].shape
    }

    /// The gradient of all host numbers of input `i`, `[lanes, dims]`; `None` where it is not wanted.
    #[inline]
    pub fn numbers(&mut self, i: usize) -> Option<&mut [f64]> {
        self.0.numbers(i)
    }

    /// The gradient of all pixels of input `i`, `[lanes, dims]`; `None` where it is not wanted.
    #[inline]
    pub fn pixels(&mut self, i: usize) -> Option<&mut [f32]> {
        self.0.pixels(i)
    }

    /// The gradient of one lane of host numbers (lanes that share the input share the gradient, which is their sum);
    /// `None` where it is not wanted.
    #[inline]
    pub fn lane(&mut self, i: usize, lane: usize) -> Option<&mut [f64]> {
        let range = self.shape(i).lane(lane);
        self.numbers(i).map(|all| &mut all[range])
    }

    /// The gradient of host numbers of an input by lanes: that of lane `l` of the output at `l` times the step that comes with it
    /// (zero where all lanes share the input). `None` where it is not wanted.
    #[inline]
    pub fn lanes(&mut self, i: usize) -> Option<(&mut [f64], usize)> {
        let step = self.shape(i).step();
        self.numbers(i).map(|all| (all, step))
    }

    /// The gradient of one lane of pixels; `None` where it is not wanted.
    #[inline]
    pub fn lane_pixels(&mut self, i: usize, lane: usize) -> Option<&mut [f32]> {
        let range = self.shape(i).lane(lane);
        self.pixels(i).map(|all| &mut all[range])
    }
}
