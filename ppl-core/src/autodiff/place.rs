//! Places: where an operation finds an input, or adds its gradient, as pointers that are made once and used again and again.
//!
//! A plan calls each of its operations millions of times on the same buffers; to find them by index each time costs as much as
//! a small operation itself. All that is unsafe about it is in this file.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::operand::Operand;
use super::storage::{Element, Storage};
use crate::shape::Shape;

/// The buffer of one value. Whoever makes one says for how long it may be used, and that nothing else writes there meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) shape: Shape,
    /// Whether gradients flow to the value.
    pub(super) traced: bool,
    numbers: NonNull<f64>,
    pixels: NonNull<f32>,
    /// Lengths of the two; one of them is zero.
    lengths: [usize; 2],
    marker: PhantomData<&'a mut [f64]>,
}

impl<'a> Place<'a> {
    /// A place of no length.
    pub(super) fn new(shape: Shape, traced: bool) -> Self {
        let (numbers, pixels) = (NonNull::dangling(), NonNull::dangling());
        Place { shape, traced, numbers, pixels, lengths: [0, 0], marker: PhantomData }
    }

    /// A place to read.
    pub(super) fn of(shape: Shape, traced: bool, data: &'a Storage) -> Self {
        let (numbers, pixels) = (data.numbers(), data.pixels());
        Place {
            numbers: NonNull::from(numbers).cast(),
            pixels: NonNull::from(pixels).cast(),
            lengths: [numbers.len(), pixels.len()],
            ..Place::new(shape, traced)
        }
    }

    /// A place to add to.
    pub(super) fn of_mut(shape: Shape, data: &'a mut Storage) -> Self {
        let place = Place::new(shape, true);
        match data.element() {
            Element::F64 => {
                let numbers = data.numbers_mut();
                Place { lengths: [numbers.len(), 0], numbers: NonNull::from(numbers).cast(), ..place }
            }
            Element::F32 => {
                let pixels = data.pixels_mut();
                Place { lengths: [0, pixels.len()], pixels: NonNull::from(pixels).cast(), ..place }
            }
        }
    }

    /// `shape.len()` numbers of the kind from a pointer on.
    ///
    /// # Safety
    /// They are there for as long as the place is used.
    pub(super) unsafe fn from_raw(
        shape: Shape,
        traced: bool,
        element: Element,
        numbers: NonNull<f64>,
        pixels: NonNull<f32>,
    ) -> Self {
        let lengths = if element == Element::F64 { [shape.len(), 0] } else { [0, shape.len()] };
        Place { numbers, pixels, lengths, ..Place::new(shape, traced) }
    }

    /// What is there, to read.
    #[inline(always)]
    pub(super) fn operand(&self) -> Operand<'_> {
        // SAFETY: the pointers are those of slices of these lengths, which live for 'a, and nothing writes there while an
        // operand is alive: an operation writes to its output and to gradients alone, which are other buffers.
        let (numbers, pixels) = unsafe {
            (
                std::slice::from_raw_parts(self.numbers.as_ptr(), self.lengths[0]),
                std::slice::from_raw_parts(self.pixels.as_ptr(), self.lengths[1]),
            )
        };
        Operand::new(&self.shape, self.traced, numbers, pixels)
    }

    /// The host numbers there, to add to.
    ///
    /// # Safety
    /// The place was made to be written, and no other slice of it is in use.
    #[inline(always)]
    pub(super) unsafe fn numbers_mut<'b>(&self) -> &'b mut [f64] {
        // SAFETY: as above; the caller vouches for the rest.
        unsafe { std::slice::from_raw_parts_mut(self.numbers.as_ptr(), self.lengths[0]) }
    }

    /// The pixels there, to add to.
    ///
    /// # Safety
    /// As [`Place::numbers_mut`].
    #[inline(always)]
    pub(super) unsafe fn pixels_mut<'b>(&self) -> &'b mut [f32] {
        // SAFETY: as above; the caller vouches for the rest.
        unsafe { std::slice::from_raw_parts_mut(self.pixels.as_ptr(), self.lengths[1]) }
    }
}

/// The gradients of the inputs of one operation. Inputs that are one value have one place.
pub(super) struct Sinks<'a>(pub(super) &'a [Place<'a>]);

impl Sinks<'_> {
    /// The gradient of all host numbers of an input, for as long as nobody asks for another.
    #[inline(always)]
    pub(super) fn numbers(&mut self, i: usize) -> Option<&mut [f64]> {
        let place = &self.0[i];
        // SAFETY: `self` is borrowed for as long as the slice is in use, and nothing but an operation's vjp writes to gradients.
        (place.traced && place.lengths[1] == 0).then(|| unsafe { place.numbers_mut() })
    }

    /// The gradient of all pixels of an input, for as long as nobody asks for another.
    #[inline(always)]
    pub(super) fn pixels(&mut self, i: usize) -> Option<&mut [f32]> {
        let place = &self.0[i];
        // SAFETY: as above.
        (place.traced && place.lengths[0] == 0).then(|| unsafe { place.pixels_mut() })
    }
}
