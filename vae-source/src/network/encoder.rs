//! The encoder of the paper (table D1): an image of 64 x 64 pixels to mean and standard deviation of 64 latent numbers.

use ppl_core::{Array, Var};

use super::block::Tail;
use super::decoder::{LATENT, SIDE};
use super::op::{Kernel, conv2d, linear, reshaped, to_numbers};
use super::weights::{Kind, Mode, WeightSpec, Weights};

/// The slope of LeakyReLU.
const SLOPE: f32 = 0.2;

/// One row of table D1: a convolution without a bias, batch normalisation for the middle ones, LeakyReLU.
#[derive(Clone, Copy)]
struct Layer {
    /// Its number in `torch.nn.Sequential`, activations counted.
    index: usize,
    channels: [usize; 2],
    kernel: Kernel,
    normalised: bool,
}

const NEXT: Kernel = Kernel { side: 4, stride: 2, padding: 1 };
const LAST: Kernel = Kernel { side: 4, stride: 1, padding: 0 };

/// Table D1.
const LAYERS: [Layer; 5] = [
    Layer { index: 0, channels: [1, 64], kernel: NEXT, normalised: false },
    Layer { index: 2, channels: [64, 128], kernel: NEXT, normalised: true },
    Layer { index: 5, channels: [128, 256], kernel: NEXT, normalised: true },
    Layer { index: 8, channels: [256, 512], kernel: NEXT, normalised: true },
    Layer { index: 11, channels: [512, FLAT], kernel: LAST, normalised: false },
];
/// Numbers that the linear layers take.
const FLAT: usize = 4096;
/// The linear layers, which stand beside the sequence and so have names of their own: the mean, and the logarithm of the
/// standard deviation.
const HEADS: [&str; 2] = ["encoder.mean", "encoder.log_std"];

impl Layer {
    fn name(&self) -> String {
        format!("encoder.{}.weight", self.index)
    }

    fn dims(&self) -> [usize; 4] {
        let [from, to] = self.channels;
        [to, from, self.kernel.side, self.kernel.side]
    }

    /// The name of the batch normalisation behind it.
    fn normalisation(&self) -> Option<String> {
        self.normalised.then(|| format!("encoder.{}", self.index + 1))
    }
}

/// The weights of the encoder, in the order of the table: `encoder.0.weight`, `encoder.2.weight`, `encoder.3.weight`,
/// `encoder.3.bias`, `encoder.3.running_mean`, `encoder.3.running_var`, .., `encoder.11.weight`, then the two linear layers
/// `encoder.mean.weight`, `encoder.mean.bias`, `encoder.log_std.weight`, `encoder.log_std.bias`.
#[must_use]
pub fn encoder_weights() -> Vec<WeightSpec> {
    let mut specs = vec![];
    for layer in LAYERS {
        specs.push(WeightSpec::new(layer.name(), &layer.dims(), Kind::Kernel));
        let (normalisation, channels) = (layer.normalisation(), layer.channels[1]);
        specs.extend(Tail { layer: normalisation.as_deref(), channels, slope: SLOPE }.specs());
    }
    for head in HEADS {
        specs.push(WeightSpec::new(format!("{head}.weight"), &[LATENT, FLAT], Kind::Kernel));
        specs.push(WeightSpec::new(format!("{head}.bias"), &[LATENT], Kind::Bias));
    }
    specs
}

/// What the encoder says of a batch of images: the mean and the standard deviation of their latent numbers, `[batch, 64]`.
pub struct Encoded {
    /// mu_e(x).
    pub mean: Var<(usize, usize)>,
    /// sigma_e(x), positive.
    pub std: Var<(usize, usize)>,
}

/// Encodes images `[batch, 64, 64]`.
///
/// # Errors
/// Images of another shape; what the weights say.
pub fn encode<W: Weights>(weights: &mut W, mode: Mode, images: &Array) -> Result<Encoded, W::Error> {
    let batch = images.dims().sizes().first().copied().unwrap_or(0);
    let mut images = reshaped(images, &[batch, 1, SIDE, SIDE])?;
    for layer in LAYERS {
        let weight = weights.weight(&layer.name(), &layer.dims())?;
        images = conv2d(&images, &weight, layer.kernel)?;
        let name = layer.normalisation();
        let tail = Tail { layer: name.as_deref(), channels: layer.channels[1], slope: SLOPE };
        images = tail.apply(weights, mode, &images)?;
    }
    let mut head = |name: &str| {
        let weight = weights.weight(&format!("{name}.weight"), &[LATENT, FLAT])?;
        let bias = weights.weight(&format!("{name}.bias"), &[LATENT])?;
        Ok::<_, W::Error>(to_numbers(&linear(&images, &weight, &bias)?)?)
    };
    Ok(Encoded { mean: head(HEADS[0])?, std: head(HEADS[1])?.exp() })
}
