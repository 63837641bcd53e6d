//! The decoder of the paper (table D2): 64 latent numbers to an image of 64 x 64 pixels.

use ppl_core::{Array, Var};

use super::block::Tail;
use super::op::{Kernel, conv_transpose2d, reshaped, tanh, to_pixels};
use super::weights::{Kind, Mode, WeightSpec, Weights};

/// Latent numbers of a galaxy.
pub const LATENT: usize = 64;
/// Pixels along a side of an image.
pub const SIDE: usize = 64;

/// One row of table D2: a transposed convolution without a bias, and, but for the last, batch normalisation and ReLU.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    /// Its number in `torch.nn.Sequential`, activations counted.
    pub(super) index: usize,
    pub(super) channels: [usize; 2],
    pub(super) kernel: Kernel,
}

const FIRST: Kernel = Kernel { side: 4, stride: 1, padding: 0 };
const NEXT: Kernel = Kernel { side: 4, stride: 2, padding: 1 };

/// Table D2.
pub(super) const LAYERS: [Layer; 5] = [
    Layer { index: 0, channels: [LATENT, 512], kernel: FIRST },
    Layer { index: 3, channels: [512, 256], kernel: NEXT },
    Layer { index: 6, channels: [256, 128], kernel: NEXT },
    Layer { index: 9, channels: [128, 64], kernel: NEXT },
    Layer { index: 12, channels: [64, 1], kernel: NEXT },
];

impl Layer {
    pub(super) fn name(&self) -> String {
        format!("decoder.{}.weight", self.index)
    }

    pub(super) fn dims(&self) -> [usize; 4] {
        let [from, to] = self.channels;
        [from, to, self.kernel.side, self.kernel.side]
    }

    /// The name of the batch normalisation behind it.
    pub(super) fn normalisation(&self) -> Option<String> {
        (self.channels[1] > 1).then(|| format!("decoder.{}", self.index + 1))
    }
}

/// The weights of the decoder, in the order of the table: `decoder.0.weight`, `decoder.1.weight`, `decoder.1.bias`,
/// `decoder.1.running_mean`, `decoder.1.running_var`, `decoder.3.weight`, ..
#[must_use]
pub fn decoder_weights() -> Vec<WeightSpec> {
    let mut specs = vec![];
    for layer in LAYERS {
        specs.push(WeightSpec::new(layer.name(), &layer.dims(), Kind::Kernel));
        let (normalisation, channels) = (layer.normalisation(), layer.channels[1]);
        specs.extend(Tail { layer: normalisation.as_deref(), channels, slope: 0.0 }.specs());
    }
    specs
}

/// The mean mu_d(z) of the decoder for latent numbers `[batch, 64]`: images `[batch, 64, 64]` between -1 and 1.
///
/// # Errors
/// Latent numbers of another shape; what the weights say.
pub fn decode<W: Weights>(weights: &mut W, mode: Mode, z: &Var<(usize, usize)>) -> Result<Array, W::Error> {
    let batch = z.as_value().dims().sizes()[0];
    let mut images = to_pixels(z, &[batch, LATENT, 1, 1])?;
    for layer in LAYERS {
        let weight = weights.weight(&layer.name(), &layer.dims())?;
        images = conv_transpose2d(&images, &weight, layer.kernel)?;
        if let Some(name) = layer.normalisation() {
            let tail = Tail { layer: Some(&name), channels: layer.channels[1], slope: 0.0 };
            images = tail.apply(weights, mode, &images)?;
        }
    }
    Ok(tanh(&reshaped(&images, &[batch, SIDE, SIDE])?)?)
}
