//! Operands: what an operation reads, and where it writes.

use crate::shape::Shape;

/// One input or output as an operation sees it.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    /// Lanes and dimensions.
    pub shape: &'a Shape,
    /// Whether gradients flow to it.
    pub traced: bool,
    numbers: &'a [f64],
    pixels: &'a [f32],
}

impl<'a> Operand<'a> {
    #[inline]
    pub(super) fn new(shape: &'a Shape, traced: bool, numbers: &'a [f64], pixels: &'a [f32]) -> Self {
        Operand { shape, traced, numbers, pixels }
    }

    /// All host numbers, `[lanes, dims]`; none for pixels.
    #[inline]
    pub fn numbers(&self) -> &'a [f64] {
        self.numbers
    }

    /// All pixels, `[lanes, dims]`; none for host numbers.
    #[inline]
    pub fn pixels(&self) -> &'a [f32] {
        self.pixels
    }

    /// The host numbers of one lane.
    #[inline]
    pub fn lane(&self, lane: usize) -> &'a [f64] {
        &self.numbers[self.shape.lane(lane)]
    }

    /// The pixels of one lane.
    #[inline]
    pub fn lane_pixels(&self, lane: usize) -> &'a [f32] {
        &self.pixels[self.shape.lane(lane)]
    }
}

/// Where an operation writes its output. The buffer holds anything before.
pub struct Out<'a> {
    /// Lanes and dimensions.
    pub shape: &'a Shape,
    pub(super) numbers: &'a mut [f64],
    pub(super) pixels: &'a mut [f32],
}

impl Out<'_> {
    /// All host numbers, `[lanes, dims]`; none where the output is pixels.
    #[inline]
    pub fn numbers(&mut self) -> &mut [f64] {
        self.numbers
    }

    /// All pixels, `[lanes, dims]`; none where the output is host numbers.
    #[inline]
    pub fn pixels(&mut self) -> &mut [f32] {
        self.pixels
    }

    /// The host numbers of one lane.
    #[inline]
    pub fn lane(&mut self, lane: usize) -> &mut [f64] {
        &mut self.numbers[self.shape.lane(lane)]
    }

    /// The pixels of one lane.
    #[inline]
    pub fn lane_pixels(&mut self, lane: usize) -> &mut [f32] {
        &mut self.pixels[self.shape.lane(lane)]
    }
}
