//! The layers of table D2 in single precision, packed for both ways.

use super::super::fold::Folded;
use super::first::First;
use super::last::Last;
use super::middle::Middle;
use crate::network::decoder::{LATENT, LAYERS, Layer};
use crate::network::op::Geometry;

/// All layers.
pub(in super::super) struct SingleLayers {
    pub(super) first: First,
    pub(super) middle: [Middle; 3],
    pub(super) last: Last,
}

impl SingleLayers {
    pub(in super::super) fn new(folded: &[Folded; 5]) -> Self {
        let middle = |at: usize, side: usize| {
            let Layer { channels: [deep, wide], kernel, .. } = LAYERS[at];
            let geometry = Geometry { kernel, deep: [deep, side, side], wide: [wide, 2 * side, 2 * side] };
            Middle::new(&geometry, &folded[at])
        };
        SingleLayers {
            first: First::new(folded[0].clone(), LATENT, 4),
            middle: [middle(1, 4), middle(2, 8), middle(3, 16)],
            last: Last::new(&folded[4], LAYERS[4].channels[0], 32),
        }
    }
}
