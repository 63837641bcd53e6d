//! The packed layers of table D2.

use super::first::First;
use super::fold::Folded;
use super::last::Last;
use super::middle::Middle;
use crate::error::Result;
use crate::network::decoder::{LATENT, LAYERS, Layer};
use crate::network::op::Geometry;
use crate::network::weights::WeightSet;

/// All layers.
pub(super) struct Layers {
    pub(super) first: First,
    pub(super) middle: [Middle; 3],
    pub(super) last: Last,
    /// All weights as they are before packing, in the order of the table, for a GPU to pack in its own way.
    #[cfg(feature = "cuda")]
    pub(super) folded: Vec<Folded>,
}

impl Layers {
    /// Folds and packs a set of weights.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub(super) fn new(set: &WeightSet) -> Result<Self> {
        let [first, second, third, fourth, last] = LAYERS;
        let middle = |layer: Layer, side: usize| {
            let [deep, wide] = layer.channels;
            let kernel = layer.kernel;
            let geometry = Geometry { kernel, deep: [deep, side, side], wide: [wide, 2 * side, 2 * side] };
            Folded::new(set, &layer).map(|folded| Middle::new(&geometry, folded))
        };
        Ok(Layers {
            first: First::new(Folded::new(set, &first)?, LATENT, 4),
            middle: [middle(second, 4)?, middle(third, 8)?, middle(fourth, 16)?],
            last: Last::new(&Folded::new(set, &last)?, last.channels[0], 32),
            #[cfg(feature = "cuda")]
            folded: LAYERS.iter().map(|layer| Folded::new(set, layer)).collect::<Result<_>>()?,
        })
    }
}
