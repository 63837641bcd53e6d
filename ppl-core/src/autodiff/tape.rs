//! The tape: dfdx's `Tape` trait on one shared list, so that a value may be used any number of times.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::tensor::{Cpu, CpuError, Gradients, Merge, NoneTape};

use super::value::Value;
use crate::error::{Error, Result};

type Backward = Box<dyn FnOnce(&mut Gradients<f64, Cpu>) -> Result<(), CpuError>>;

/// A list of backward operations in the order they were recorded. Clones share the list; the default one records nothing.
///
/// dfdx's own tape is owned by one tensor at a time, which is why `x * x` panics there. Gradients of arclet's values
/// live beside the values; dfdx's `Gradients` map is filled only by dfdx operations (see [`super::Var::via_dfdx`]).
#[derive(Clone, Default)]
pub struct Tape(Option<Rc<RefCell<Vec<Backward>>>>);

impl Tape {
    /// A tape that records.
    pub fn recording() -> Self {
        // Room for the operations of a small model, so that the list does not grow while it runs.
        Tape(Some(Rc::new(RefCell::new(Vec::with_capacity(32)))))
    }

    /// Whether operations on it are recorded.
    pub fn is_recording(&self) -> bool {
        self.0.is_some()
    }

    /// The one of the two that records.
    pub(super) fn or(&self, other: &Tape) -> Tape {
        Tape(self.0.as_ref().or(other.0.as_ref()).cloned())
    }

    /// Runs the recorded operations backwards from `output`, whose cotangent is one in every lane, and forgets them.
    pub fn backward(&self, output: &Value) -> Result<()> {
        output.seed_cotangent();
        let operations = self.0.as_ref().map(|list| list.take()).unwrap_or_default();
        let mut gradients = Gradients::leaky();
        for operation in operations.into_iter().rev() {
            operation(&mut gradients).map_err(|e| Error::Density(e.to_string()))?;
        }
        Ok(())
    }
}

impl dfdx::tensor::Tape<f64, Cpu> for Tape {
    const OWNS_TAPE: bool = true;

    fn add_backward_op<F>(&mut self, operation: F)
    where
        F: 'static + FnOnce(&mut Gradients<f64, Cpu>) -> Result<(), CpuError>,
    {
        if let Some(list) = &self.0 {
            list.borrow_mut().push(Box::new(operation));
        }
    }
}

impl Merge<Tape> for Tape {
    fn merge(self, other: Tape) -> Self {
        self.or(&other)
    }
}

impl Merge<NoneTape> for Tape {
    fn merge(self, _: NoneTape) -> Self {
        self
    }
}
