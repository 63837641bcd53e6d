//! The set of a training.

use super::feed::Feed;

/// What is learnt from, and what tells how well.
pub struct TrainingSet<'g> {
    /// The training galaxies.
    pub feed: Feed<'g>,
    /// Validation galaxies, 64 x 64 pixels each.
    pub validation: Vec<&'g [f32]>,
}
