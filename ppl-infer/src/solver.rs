//! What an engine is to the executor: an object that goes on round by round; most ask for a density and take the answers.

use ppl_core::LogDensity;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};
use crate::observer::Observer;

/// An engine, which works on a target `T` round by round. All its state is in the object, so that a run can be stopped, written to
/// disk and resumed between any two rounds.
///
/// Every [`Solver`] is one, on any log density.
pub trait Engine<T: ?Sized>: Serialize + DeserializeOwned {
    /// Its name, as progress and checkpoints show it.
    fn name() -> &'static str;

    /// Refuses a target that it was not made for.
    ///
    /// # Errors
    /// Such a target.
    fn check(&self, target: &T) -> Result<()>;

    /// How many lanes the next round evaluates; none if all is done.
    fn prepare(&self, room: &mut Room) -> usize;

    /// The round that was prepared.
    ///
    /// # Errors
    /// What ends the whole run.
    fn round(&mut self, target: &T, room: &mut Room, observer: &mut dyn Observer) -> Result<()>;

    /// The one number that says how far it is: the highest log density so far, say.
    fn objective(&self) -> f64;
}

/// Buffers that one round leaves for the next.
#[derive(Debug, Default)]
pub struct Room {
    positions: Vec<f64>,
    logp: Vec<f64>,
    grad: Vec<f64>,
}

impl<D: LogDensity + ?Sized, S: Solver<D>> Engine<D> for S {
    fn name() -> &'static str {
        S::name()
    }

    fn check(&self, density: &D) -> Result<()> {
        let (expected, got) = (density.dim(), self.dim());
        if got == expected { Ok(()) } else { Err(Error::Length { what: "a position of the solver", expected, got }) }
    }

    fn prepare(&self, room: &mut Room) -> usize {
        room.positions.clear();
        self.ask(&mut room.positions);
        room.positions.len().checked_div(self.dim()).unwrap_or(0)
    }

    fn round(&mut self, density: &D, room: &mut Room, observer: &mut dyn Observer) -> Result<()> {
        let Room { positions, logp, grad } = room;
        logp.resize(positions.len() / self.dim(), 0.0);
        grad.resize(positions.len(), 0.0);
        density.logp_and_grad(positions, logp, grad)?;
        self.answer(density, logp, grad, observer)
    }

    fn objective(&self) -> f64 {
        Solver::objective(self)
    }
}

/// An engine that asks for a log density at many points and is resumed with the answers. All its state is in the object, so that a run can be stopped, written to disk and resumed between any two rounds.
/// It is told the density too, for what it may want of it beside its values.
pub trait Solver<D: LogDensity + ?Sized>: Serialize + DeserializeOwned {
    /// Its name, as progress and checkpoints show it.
    fn name() -> &'static str;

    /// Length of one position.
    fn dim(&self) -> usize;

    /// Appends the positions `[lanes, dim]` at which the density is wanted next; none if all is done.
    fn ask(&self, positions: &mut Vec<f64>);

    /// Takes log densities `[lanes]` and gradients `[lanes, dim]` at the positions asked for.
    ///
    /// # Errors
    /// What ends the whole run.
    fn answer(&mut self, density: &D, logp: &[f64], grad: &[f64], observer: &mut dyn Observer) -> Result<()>;

    /// The one number that says how far it is: the highest log density so far, say.
    fn objective(&self) -> f64;
}
