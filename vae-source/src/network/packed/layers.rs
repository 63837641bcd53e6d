//! The packed layers of table D2.

use super::activation;
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
    /// All weights as they are before packing, in the order of the table and in the unit of the activations: a GPU packs them in its
    /// own way.
    pub(super) folded: [Folded; 5],
    /// The half-width of the parabola that rounds ReLU off, which is the unit of the activations.
    unit: f32,
}

impl Layers {
    /// Folds and packs a set of weights; activations are ReLU.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub(super) fn new(set: &WeightSet) -> Result<Self> {
        let [a, b, c, d, e] = LAYERS.each_ref().map(|layer| Folded::new(set, layer));
        Ok(Layers::packed(&[a?, b?, c?, d?, e?], 1.0, activation::unit(0.0)))
    }

    /// The same weights for activations of another rounding; `None` where it is the one they have.
    pub(super) fn rounded(&self, rounding: f32) -> Option<Self> {
        let unit = activation::unit(rounding);
        (unit != self.unit).then(|| Layers::packed(&self.folded, self.unit, unit))
    }

    /// From layers whose activations are in one unit, for activations in another.
    fn packed(folded: &[Folded; 5], unit_before: f32, unit: f32) -> Self {
        let times = unit / unit_before;
        let [first, second, third, fourth, last] = folded;
        // Latent numbers and the image have units of their own.
        let folded = [
            first.in_units([1.0, times]),
            second.in_units([times, times]),
            third.in_units([times, times]),
            fourth.in_units([times, times]),
            last.in_units([times, 1.0]),
        ];
        let middle = |at: usize, side: usize| {
            let Layer { channels: [deep, wide], kernel, .. } = LAYERS[at];
            let geometry = Geometry { kernel, deep: [deep, side, side], wide: [wide, 2 * side, 2 * side] };
            Middle::new(&geometry, &folded[at])
        };
        Layers {
            first: First::new(folded[0].clone(), LATENT, 4),
            middle: [middle(1, 4), middle(2, 8), middle(3, 16)],
            last: Last::new(&folded[4], LAYERS[4].channels[0], 32),
            folded,
            unit,
        }
    }
}
