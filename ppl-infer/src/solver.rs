//! What an engine is to the executor: an object that asks for the density at many points and is resumed with the answers.

use ppl_core::LogDensity;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::Result;
use crate::observer::Observer;

/// An engine. All its state is in the object, so that a run can be stopped, written to disk and resumed between any two rounds.
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
