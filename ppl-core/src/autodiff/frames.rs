//! Frames: the buffers of a workspace, and its operations with the places in them that they read and write.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::arena::{Constants, Slot};
use super::inputs::{Gradients, Inputs};
use super::op::AnyOp;
use super::operand::Out;
use super::place::{Place, Sinks};
use super::storage::Element;

/// Buffers, and operations on places in them. The buffers stay where they are for as long as this lives.
pub(super) struct Frames {
    frames: Vec<Frame>,
    constants: Constants,
    values: Fixed,
    gradients: Fixed,
}

// SAFETY: all pointers lead into the buffers beside them or into the shared constants, which nobody writes; operations are `Send`.
unsafe impl Send for Frames {}

/// One operation. The lifetime of its places is that of the buffers beside it.
struct Frame {
    op: Box<dyn AnyOp>,
    inputs: Box<[Place<'static>]>,
    /// Where the gradients of the inputs are added.
    sinks: Box<[Place<'static>]>,
    out: Place<'static>,
    cotangent: Place<'static>,
}

impl Frames {
    /// Buffers of so many numbers and pixels, without operations.
    pub(super) fn new(numbers: usize, pixels: usize, constants: Constants) -> Self {
        Frames {
            frames: vec![],
            constants,
            values: Fixed::new(numbers, pixels),
            gradients: Fixed::new(numbers, pixels),
        }
    }

    /// Where the host numbers of a slot are read; no pixels are.
    #[cfg(feature = "cuda")]
    pub(super) fn reader(&self, slot: &Slot) -> Place<'static> {
        match (slot.element, slot.traced) {
            (Element::F32, _) => Place::new(slot.shape, false),
            (Element::F64, true) => self.values.place(slot),
            (Element::F64, false) => constant(&self.constants, slot),
        }
    }

    /// Adds an operation on values in these slots; its output lies apart from its inputs.
    pub(super) fn push(&mut self, op: Box<dyn AnyOp>, inputs: &[Slot], out: &Slot) {
        let read = |slot: &Slot| if slot.traced { self.values.place(slot) } else { constant(&self.constants, slot) };
        let sink = |slot: &Slot| if slot.traced { self.gradients.place(slot) } else { Place::new(slot.shape, false) };
        assert!(inputs.iter().all(|slot| !slot.traced || slot.element != out.element || slot.end <= out.offset));
        let frame = Frame {
            op,
            inputs: inputs.iter().map(read).collect(),
            sinks: inputs.iter().map(sink).collect(),
            out: self.values.place(out),
            cotangent: self.gradients.place(out),
        };
        self.frames.push(frame);
    }

    /// How many operations there are.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Computes the output of one.
    #[inline]
    pub(super) fn forwards(&mut self, frame: usize) {
        let Frame { op, inputs, out, .. } = &mut self.frames[frame];
        // SAFETY: the output lies apart from the inputs (see `push`), and `self` is borrowed, so nobody else reads or writes it.
        let (numbers, pixels) = unsafe { (out.numbers_mut(), out.pixels_mut()) };
        op.value(Inputs(inputs), &mut Out { shape: &out.shape, numbers, pixels });
    }

    /// Carries the cotangent of its output to its inputs.
    #[inline]
    pub(super) fn backwards(&mut self, frame: usize) {
        let Frame { op, inputs, sinks, out, cotangent } = &mut self.frames[frame];
        op.vjp(Inputs(inputs), out.operand(), cotangent.operand(), &mut Gradients(Sinks(sinks)));
    }

    /// All values, while no operation works on them.
    pub(super) fn values_mut(&mut self) -> (&mut [f64], &mut [f32]) {
        self.values.all_mut()
    }

    /// All gradients, while no operation works on them.
    pub(super) fn gradients_mut(&mut self) -> (&mut [f64], &mut [f32]) {
        self.gradients.all_mut()
    }

    /// The host numbers of a value.
    pub(super) fn numbers(&self, slot: &Slot) -> &[f64] {
        if slot.traced { &self.values.numbers()[slot.range()] } else { &self.constants.numbers[slot.range()] }
    }

    /// The host numbers of a gradient.
    pub(super) fn gradient(&self, slot: &Slot) -> &[f64] {
        &self.gradients.numbers()[slot.range()]
    }
}

/// Numbers and pixels on the heap that never move and are reached by pointers.
struct Fixed {
    numbers: NonNull<[f64]>,
    pixels: NonNull<[f32]>,
}

impl Fixed {
    fn new(numbers: usize, pixels: usize) -> Self {
        let numbers = Box::leak(vec![0.0; numbers].into_boxed_slice());
        let pixels = Box::leak(vec![0.0; pixels].into_boxed_slice());
        Fixed { numbers: NonNull::from(numbers), pixels: NonNull::from(pixels) }
    }

    fn place(&self, slot: &Slot) -> Place<'static> {
        let length = if slot.element == Element::F64 { self.numbers.len() } else { self.pixels.len() };
        assert!(slot.end <= length, "a place that ends at {} of {length}", slot.end);
        // SAFETY: it lies within the buffer, which the frames that use the place live beside.
        unsafe { placed(slot, slot.traced, self.numbers.cast(), self.pixels.cast()) }
    }

    fn numbers(&self) -> &[f64] {
        // SAFETY: it lives as long as `self`; an operation that writes has `Frames` borrowed for itself.
        unsafe { self.numbers.as_ref() }
    }

    fn all_mut(&mut self) -> (&mut [f64], &mut [f32]) {
        // SAFETY: they live as long as `self`, which is borrowed; no slice of a place outlives the call of an operation.
        unsafe { (self.numbers.as_mut(), self.pixels.as_mut()) }
    }
}

impl Drop for Fixed {
    fn drop(&mut self) {
        // SAFETY: both came from boxes in `new`, and nothing else frees them.
        unsafe {
            drop(Box::from_raw(self.numbers.as_ptr()));
            drop(Box::from_raw(self.pixels.as_ptr()));
        }
    }
}

fn constant(constants: &Constants, slot: &Slot) -> Place<'static> {
    let length = if slot.element == Element::F64 { constants.numbers.len() } else { constants.pixels.len() };
    assert!(slot.end <= length, "a constant that ends at {} of {length}", slot.end);
    let (numbers, pixels) = (NonNull::from(&constants.numbers[..]), NonNull::from(&constants.pixels[..]));
    // SAFETY: it lies within the constants, which the frames hold on to and nobody writes: the place is not traced.
    unsafe { placed(slot, false, numbers.cast(), pixels.cast()) }
}

/// # Safety
/// The slot lies within the buffers that the pointers lead to.
unsafe fn placed(slot: &Slot, traced: bool, numbers: NonNull<f64>, pixels: NonNull<f32>) -> Place<'static> {
    // SAFETY: the caller vouches for it.
    unsafe {
        match slot.element {
            Element::F64 => {
                Place::from_raw(slot.shape, traced, slot.element, numbers.add(slot.offset), NonNull::dangling())
            }
            Element::F32 => {
                Place::from_raw(slot.shape, traced, slot.element, NonNull::dangling(), pixels.add(slot.offset))
            }
        }
    }
}
