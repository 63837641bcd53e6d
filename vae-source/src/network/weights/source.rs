//! Where a network takes its weights from, and where it leaves the statistics of a batch.

use ppl_core::Array;

/// Gives a network its weights by name: sites of a model, or the arrays of a [`WeightSet`](super::WeightSet).
pub trait Weights {
    /// What can go wrong.
    type Error: From<ppl_core::Error>;

    /// The weight of a name, of this shape.
    ///
    /// # Errors
    /// A name that there is none of, or one of another shape.
    fn weight(&mut self, name: &str, dims: &[usize]) -> Result<Array, Self::Error>;

    /// Takes what a batch-normalisation layer saw in [training](Mode::Training): mean and variance (divided by `count`) of each
    /// channel, `[2, channels]`, over `count` numbers. Their running means are [`follow`](super::follow)ed from it.
    ///
    /// # Errors
    /// What the implementation says.
    fn observe(&mut self, layer: &str, statistics: &Array, count: usize) -> Result<(), Self::Error>;
}

/// What batch normalisation divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The statistics of the images of one lane, which are [observed](Weights::observe).
    Training,
    /// The running statistics, `NAME.running_mean` and `NAME.running_var`.
    Evaluation,
}
