//! The buffers of a plan: every value has its place in one arena of numbers and one of pixels, laid out once.

use std::ops::Range;
use std::sync::Arc;

use super::operand::Operand;
use super::storage::Element;
use crate::shape::Shape;

/// Where a value of a plan is.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) shape: Shape,
    pub(super) element: Element,
    /// Its place among the constants, or among what is computed.
    pub(super) offset: usize,
    /// Whether it is computed: gradients flow to it.
    pub(super) traced: bool,
}

impl Slot {
    #[inline]
    pub(super) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.len()
    }
}

/// Numbers and pixels, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    pub(super) numbers: Vec<f64>,
    pub(super) pixels: Vec<f32>,
}

impl Buffers {
    /// The parts before and after the place of a value that is computed; all inputs of an operation lie before its output.
    #[inline]
    pub(super) fn split(&mut self, slot: &Slot) -> (View<'_>, &mut [f64], &mut [f32]) {
        match slot.element {
            Element::F64 => {
                let (before, rest) = self.numbers.split_at_mut(slot.offset);
                (View { numbers: before, pixels: &self.pixels }, &mut rest[..slot.shape.len()], &mut [])
            }
            Element::F32 => {
                let (before, rest) = self.pixels.split_at_mut(slot.offset);
                (View { numbers: &self.numbers, pixels: before }, &mut [], &mut rest[..slot.shape.len()])
            }
        }
    }

    #[inline]
    pub(super) fn view(&self) -> View<'_> {
        View { numbers: &self.numbers, pixels: &self.pixels }
    }

    /// The same, to add to what lies before the place of a value.
    #[inline]
    pub(super) fn split_mut(&mut self, slot: &Slot) -> (&mut [f64], &mut [f32], &[f64], &[f32]) {
        match slot.element {
            Element::F64 => {
                let (before, rest) = self.numbers.split_at_mut(slot.offset);
                (before, &mut self.pixels, &rest[..slot.shape.len()], &[])
            }
            Element::F32 => {
                let (before, rest) = self.pixels.split_at_mut(slot.offset);
                (&mut self.numbers, before, &[], &rest[..slot.shape.len()])
            }
        }
    }
}

/// Numbers and pixels to read.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    numbers: &'a [f64],
    pixels: &'a [f32],
}

impl<'a> View<'a> {
    #[inline]
    pub(super) fn operand(&self, slot: &'a Slot) -> Operand<'a> {
        match slot.element {
            Element::F64 => Operand::new(&slot.shape, slot.traced, &self.numbers[slot.range()], &[]),
            Element::F32 => Operand::new(&slot.shape, slot.traced, &[], &self.pixels[slot.range()]),
        }
    }
}

/// The inputs of one operation of a plan.
#[derive(Clone, Copy)]
pub(super) struct Arena<'a> {
    pub(super) inputs: &'a [usize],
    pub(super) slots: &'a [Slot],
    pub(super) constants: View<'a>,
    pub(super) computed: View<'a>,
}

impl<'a> Arena<'a> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.inputs.len()
    }

    #[inline]
    pub(super) fn operand(&self, i: usize) -> Operand<'a> {
        let slot = &self.slots[self.inputs[i]];
        if slot.traced { self.computed.operand(slot) } else { self.constants.operand(slot) }
    }
}

/// Where the gradients of the inputs of one operation of a plan are added.
pub(super) struct GradientArena<'a> {
    pub(super) inputs: &'a [usize],
    pub(super) slots: &'a [Slot],
    pub(super) numbers: &'a mut [f64],
    pub(super) pixels: &'a mut [f32],
}

impl GradientArena<'_> {
    #[inline]
    fn slot(&self, i: usize) -> &Slot {
        &self.slots[self.inputs[i]]
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.inputs.len()
    }

    #[inline]
    pub(super) fn is_wanted(&self, i: usize) -> bool {
        self.slot(i).traced
    }

    #[inline]
    pub(super) fn shape(&self, i: usize) -> Shape {
        self.slot(i).shape
    }

    #[inline]
    pub(super) fn numbers(&mut self, i: usize) -> Option<&mut [f64]> {
        let slot = &self.slots[self.inputs[i]];
        (slot.traced && slot.element == Element::F64).then(|| &mut self.numbers[slot.range()])
    }

    #[inline]
    pub(super) fn pixels(&mut self, i: usize) -> Option<&mut [f32]> {
        let slot = &self.slots[self.inputs[i]];
        (slot.traced && slot.element == Element::F32).then(|| &mut self.pixels[slot.range()])
    }
}

/// Constants, which all workspaces of a plan share.
pub(super) type Constants = Arc<Buffers>;
