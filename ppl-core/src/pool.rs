//! Buffers of pixels that one evaluation leaves for the next: after the first, the gradient path allocates no image.

use std::cell::RefCell;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// The most buffers a thread keeps; an evaluation of a lens has about twenty alive.
const KEPT: usize = 64;

/// A zeroed buffer, reused where one of the same length is free.
pub fn zeros(len: usize) -> Vec<f32> {
    let mut buffer = take(len);
    buffer.fill(0.0);
    buffer
}

/// A buffer of `len` pixels with arbitrary contents.
pub fn take(len: usize) -> Vec<f32> {
    FREE.with_borrow_mut(|free| free.iter().position(|b| b.len() == len).map(|at| free.swap_remove(at)))
        .unwrap_or_else(|| vec![0.0; len])
}

/// Leaves a buffer for the next call of its length.
pub fn give_back(buffer: Vec<f32>) {
    if buffer.is_empty() {
        return;
    }
    // A thread that is ending has no pool any more; its buffer is simply freed.
    let _ = FREE.try_with(|free| {
        if let Ok(mut free) = free.try_borrow_mut() {
            if free.len() == KEPT {
                free.remove(0);
            }
            free.push(buffer);
        }
    });
}
