//! Nodes: the numbers of a value and the gradient beside them.

use std::cell::RefCell;

use super::storage::Storage;
use crate::error::Error;
use crate::shape::Shape;

/// What a tape holds: the numbers and their gradient, without the tape (which would be a cycle).
pub(crate) struct Node {
    pub(super) shape: Shape,
    pub(super) data: Storage,
    gradient: RefCell<Option<Storage>>,
    /// The mistake that left this value without numbers: arithmetic cannot return an error, so what comes after it does.
    pub(super) fault: Option<Box<Error>>,
}

impl Node {
    pub(super) fn new(shape: Shape, data: Storage) -> Self {
        Node { shape, data, gradient: RefCell::new(None), fault: None }
    }

    /// A node that stands for a mistake.
    pub(super) fn faulty(shape: Shape, data: Storage, fault: Error) -> Self {
        Node { fault: Some(Box::new(fault)), ..Node::new(shape, data) }
    }

    /// Takes the gradient out, or `None` where nothing has flowed into it.
    pub(super) fn take_gradient(&self) -> Option<Storage> {
        self.gradient.borrow_mut().take()
    }

    /// Takes the gradient out to add to it.
    pub(super) fn gradient_or_zeros(&self) -> Storage {
        self.take_gradient().unwrap_or_else(|| Storage::zeros(self.data.element(), self.data.len()))
    }

    /// Puts a gradient in, in place of the one taken out.
    pub(super) fn set_gradient(&self, gradient: Storage) {
        *self.gradient.borrow_mut() = Some(gradient);
    }
}
