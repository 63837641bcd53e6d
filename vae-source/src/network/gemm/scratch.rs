//! Scratch: pixels from the pool of the thread, given back when dropped, so that a step after the first allocates none.

use std::ops::{Deref, DerefMut};

use ppl_core::pool;

/// Pixels to work in.
pub(in crate::network) struct Scratch(Vec<f32>);

impl Scratch {
    /// So many pixels that hold anything.
    pub(in crate::network) fn any(len: usize) -> Self {
        Scratch(pool::take(len))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        pool::give_back(std::mem::take(&mut self.0));
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}
