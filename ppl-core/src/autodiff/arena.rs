//! Slots: where every value of a plan lies in one arena of numbers and one of pixels, laid out once.

use std::ops::Range;
use std::sync::Arc;

use super::storage::Element;
use crate::shape::Shape;

/// Where a value of a plan is.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) shape: Shape,
    pub(super) element: Element,
    /// Its place among the constants, or among what is computed.
    pub(super) offset: usize,
    /// The end of it.
    pub(super) end: usize,
    /// Whether it is computed: gradients flow to it.
    pub(super) traced: bool,
}

impl Slot {
    #[inline]
    pub(super) fn range(&self) -> Range<usize> {
        self.offset..self.end
    }
}

/// Numbers and pixels, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    pub(super) numbers: Vec<f64>,
    pub(super) pixels: Vec<f32>,
}

/// Constants, which all workspaces of a plan share.
pub(super) type Constants = Arc<Buffers>;
