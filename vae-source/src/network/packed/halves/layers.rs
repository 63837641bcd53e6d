//! The layers of table D2 with weights in halves.

use super::super::fold::Folded;
use super::first::First;
use super::last::Last;
use super::middle::Middle;
use super::tile::Allowed;
use crate::network::decoder::{LATENT, LAYERS};

/// All layers.
pub(in super::super) struct HalfLayers {
    pub(super) first: First,
    pub(super) middle: [Middle; 3],
    pub(super) last: Last,
}

impl HalfLayers {
    pub(in super::super) fn new(allowed: Allowed, folded: &[Folded; 5]) -> Self {
        let middle = |at: usize, side: usize| Middle::new(allowed, LAYERS[at].channels, side, &folded[at]);
        HalfLayers {
            first: First::new(&folded[0], LATENT),
            middle: [middle(1, 4), middle(2, 8), middle(3, 16)],
            last: Last::new(allowed, &folded[4], LAYERS[4].channels[0], 32),
        }
    }
}
