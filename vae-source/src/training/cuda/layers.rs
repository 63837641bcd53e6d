//! The layers of both networks as the kernels see them: tables D1 and D2 read off the specifications of their weights.

use crate::network::{Kind, SIDE, WeightSpec, decoder_weights, encoder_weights};

/// A convolution between a wide image and a deep one, and what stands behind it. The encoder goes from wide to deep, the decoder from
/// deep to wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// The name of its weights, `[deep, wide, 4, 4]`.
    pub weight: String,
    /// The name of the batch normalisation behind it.
    pub normalisation: Option<String>,
    /// Whether it goes from wide to deep.
    pub down: bool,
    /// Channels.
    pub wide: usize,
    pub deep: usize,
    /// Pixels along a side.
    pub wide_side: usize,
    pub deep_side: usize,
}

/// Pixels of a kernel.
pub(super) const TAPS: usize = 16;

impl Layer {
    /// Whether one deep pixel sees the whole wide image.
    pub(super) fn is_whole(&self) -> bool {
        self.deep_side == 1
    }

    /// Pixels of a deep image of a channel.
    pub(super) fn deep_pixels(&self) -> usize {
        self.deep_side * self.deep_side
    }

    /// Numbers of a wide image of all channels.
    pub(super) fn wide_len(&self) -> usize {
        self.wide * self.wide_side * self.wide_side
    }

    /// Rows of the columns of an image: a number for every channel and tap.
    pub(super) fn rows(&self) -> usize {
        self.wide * TAPS
    }

    /// Channels of what comes out, and pixels of each.
    pub(super) fn out(&self) -> [usize; 2] {
        if self.down { [self.deep, self.deep_pixels()] } else { [self.wide, self.wide_side * self.wide_side] }
    }

    /// Multiply-adds of an image.
    #[cfg(test)]
    pub(super) fn products(&self) -> usize {
        self.deep * self.rows() * self.deep_pixels()
    }
}

/// The convolutions of the encoder, in order.
pub(super) fn encoder() -> Vec<Layer> {
    // Half as wide from layer to layer, until a kernel sees all of it.
    layers(&encoder_weights(), true, SIDE, |side| if side == 4 { [4, 1] } else { [side, side / 2] })
}

/// The transposed convolutions of the decoder, in order.
pub(super) fn decoder() -> Vec<Layer> {
    layers(&decoder_weights(), false, 1, |side| if side == 1 { [4, 1] } else { [2 * side, side] })
}

/// `sides` gives those of the wide and of the deep image of a layer by that of what goes in.
fn layers(specs: &[WeightSpec], down: bool, first: usize, sides: fn(usize) -> [usize; 2]) -> Vec<Layer> {
    let (mut layers, mut side) = (vec![], first);
    for (at, spec) in specs.iter().enumerate() {
        let &[deep, wide, ..] = spec.dims.as_slice() else { continue };
        if spec.dims.len() != 4 {
            continue;
        }
        let next = specs.get(at + 1).filter(|next| next.kind == Kind::Factor);
        let normalisation = next.and_then(|next| next.name.strip_suffix(".weight")).map(str::to_owned);
        let [wide_side, deep_side] = sides(side);
        side = if down { deep_side } else { wide_side };
        layers.push(Layer { weight: spec.name.clone(), normalisation, down, wide, deep, wide_side, deep_side });
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_are_those_of_the_tables() {
        let sides =
            |layers: &[Layer]| layers.iter().map(|l| [l.wide, l.wide_side, l.deep, l.deep_side]).collect::<Vec<_>>();
        let (encoder, decoder) = (encoder(), decoder());
        let deeper = [[1, 64, 64, 32], [64, 32, 128, 16], [128, 16, 256, 8], [256, 8, 512, 4], [512, 4, 4096, 1]];
        assert_eq!(sides(&encoder), deeper);
        let wider = [[512, 4, 64, 1], [256, 8, 512, 4], [128, 16, 256, 8], [64, 32, 128, 16], [1, 64, 64, 32]];
        assert_eq!(sides(&decoder), wider);
        let names =
            |layers: &[Layer]| layers.iter().map(|l| l.normalisation.clone().unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(names(&encoder), ["", "encoder.3", "encoder.6", "encoder.9", ""]);
        assert_eq!(names(&decoder), ["decoder.1", "decoder.4", "decoder.7", "decoder.10", ""]);
    }
}
