//! The tape: dfdx's `Tape` trait on one shared list, so that a value may be used any number of times.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use dfdx::tensor::{Cpu, CpuError, Gradients, Merge, NoneTape};

use super::step::Step;
use crate::error::{Error, Result};

type Backward = Box<dyn FnOnce(&mut Gradients<f64, Cpu>) -> Result<(), CpuError>>;

/// A list of backward operations in the order they were recorded. Clones share the list; the default one records nothing.
///
/// dfdx's own tape is owned by one tensor at a time, which is why `x * x` panics there. Gradients of arclet's values
/// live beside the values, and every operation of arclet's also leaves its `Step`, from which a [plan](super::Plan) is made.
#[derive(Clone, Default)]
pub struct Tape(Option<Rc<Recording>>);

#[derive(Default)]
struct Recording {
    backward: RefCell<Vec<Backward>>,
    steps: RefCell<Vec<Rc<Step>>>,
    /// Why the run cannot be replayed, if it cannot.
    unplanned: Cell<Option<Unplanned>>,
}

/// Why a run is not replayed by a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplanned {
    /// The model read the numbers of a traced value, and may have decided by them.
    Read,
    /// The model drew at random.
    Drawn,
}

impl Tape {
    /// A tape that records.
    pub fn recording() -> Self {
        Tape(Some(Rc::default()))
    }

    /// Whether operations on it are recorded.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.0.is_some()
    }

    /// Notes that the numbers of a value on it were read.
    #[inline]
    pub(crate) fn note_read(&self) {
        self.note(Unplanned::Read);
    }

    /// Notes why this run may not be replayed.
    #[inline]
    pub(crate) fn note(&self, why: Unplanned) {
        if let Some(recording) = &self.0 {
            recording.unplanned.set(recording.unplanned.get().or(Some(why)));
        }
    }

    /// Why the recorded run cannot be replayed, if it cannot.
    pub(crate) fn unplanned(&self) -> Option<Unplanned> {
        self.0.as_ref().and_then(|recording| recording.unplanned.get())
    }

    /// The operations recorded so far.
    pub(super) fn steps(&self) -> Vec<Rc<Step>> {
        self.0.as_ref().map(|recording| recording.steps.borrow().clone()).unwrap_or_default()
    }

    pub(super) fn push(&self, step: Rc<Step>) {
        if let Some(recording) = &self.0 {
            recording.steps.borrow_mut().push(step);
        }
    }

    /// Runs the recorded operations backwards, and forgets them.
    pub(super) fn run_backward(&self) -> Result<()> {
        let Some(recording) = &self.0 else { return Ok(()) };
        recording.steps.take();
        let mut gradients = Gradients::leaky();
        for operation in recording.backward.take().into_iter().rev() {
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
        if let Some(recording) = &self.0 {
            recording.backward.borrow_mut().push(Box::new(operation));
        }
    }
}

impl Merge<Tape> for Tape {
    fn merge(self, other: Tape) -> Self {
        if self.is_recording() { self } else { other }
    }
}

impl Merge<NoneTape> for Tape {
    fn merge(self, _: NoneTape) -> Self {
        self
    }
}
