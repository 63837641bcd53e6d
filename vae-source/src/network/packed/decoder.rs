//! The decoder with weights that no longer change.

use std::path::Path;
use std::sync::Arc;

use ppl_core::autodiff::record;
use ppl_core::{Array, Var};

use super::layers::Layers;
use super::op::Decode;
use crate::error::{Error, Result};
use crate::network::decoder::decoder_weights;
use crate::network::weights::WeightSet;

/// The decoder in evaluation mode, its weights constant: batch normalisation folded into them, packed once for both ways. One
/// decoder serves any number of models and threads; cloning is cheap.
///
/// ```
/// use ppl_core::Var;
/// use vae_source::network::{Decoder, WeightSet, decoder_weights};
///
/// let decoder = Decoder::new(&WeightSet::initial(&decoder_weights(), 1))?;
/// let image = decoder.decode(&Var::vector(vec![0.1; 64]))?;
/// assert_eq!(image.dims().sizes(), [64, 64]);
/// # Ok::<(), vae_source::Error>(())
/// ```
#[derive(Clone)]
pub struct Decoder(Arc<Layers>);

impl Decoder {
    /// Packs a set of weights.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub fn new(set: &WeightSet) -> Result<Self> {
        Layers::new(set).map(|layers| Decoder(Arc::new(layers)))
    }

    /// The same decoder with ReLU rounded off: (x + h)^2 / (4 h) for |x| < h, the activations having a standard deviation of about one
    /// over galaxies. For ReLU itself h is 0.
    ///
    /// The image of a galaxy is then a smoother function of z, without a kink wherever one of 120,000 activations is zero; at low noise NUTS
    /// takes a half to a quarter of the gradients, and the images are a little off (docs/source.md).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a half-width that is negative or above 1.
    pub fn rounded(&self, half_width: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&half_width) {
            return Err(Error::OutOfRange { what: "`rounding`", value: half_width, allowed: "in [0, 1]" });
        }
        Ok(self.0.rounded(half_width as f32).map_or_else(|| self.clone(), |layers| Decoder(Arc::new(layers))))
    }

    /// The same decoder with products of single precision, whatever the processor.
    ///
    /// Where it multiplies tiles of bfloat16 (Intel's AMX), numbers are otherwise sums of two of those, seventeen bits: images are off by
    /// 1e-5 of their maximum, gradients by 1e-5, in a third to a half of the time.
    #[must_use]
    pub fn in_single_precision(&self) -> Self {
        Decoder(Arc::new(self.0.in_single_precision()))
    }

    /// The decoder of a safetensors file.
    ///
    /// # Errors
    /// As [`WeightSet::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(&WeightSet::read(path, &decoder_weights())?)
    }

    /// The decoder in the bytes of a safetensors file, in single or half precision.
    ///
    /// # Errors
    /// As [`WeightSet::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::new(&WeightSet::from_bytes(bytes, &decoder_weights())?)
    }

    /// The image mu_d(z) `[64, 64]` of latent numbers `[64]`.
    ///
    /// # Errors
    /// Latent numbers of another shape.
    pub fn decode(&self, z: &Var<(usize,)>) -> ppl_core::Result<Array> {
        record(Decode::new(self.0.clone()), &[z.as_value()]).map(Array::from_value)
    }

    /// The images `[batch, 64, 64]` of latent numbers `[batch, 64]`.
    ///
    /// # Errors
    /// Latent numbers of another shape.
    pub fn decode_batch(&self, z: &Var<(usize, usize)>) -> ppl_core::Result<Array> {
        record(Decode::new(self.0.clone()), &[z.as_value()]).map(Array::from_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latent_numbers_of_another_length_are_an_error_with_both_shapes() {
        let decoder = Decoder::new(&WeightSet::initial(&decoder_weights(), 1)).unwrap();
        let error = decoder.decode(&Var::vector(vec![0.0; 63])).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("[63]") && error.contains("[64]"), "{error}");
    }

    #[test]
    fn a_batch_of_no_images_is_none() {
        let decoder = Decoder::new(&WeightSet::initial(&decoder_weights(), 1)).unwrap();
        let images = decoder.decode_batch(&Var::matrix(0, 64, vec![]).unwrap()).unwrap();
        assert_eq!(images.dims().sizes(), [0, 64, 64]);
    }

    #[test]
    fn the_middle_weights_of_the_smooth_decoder_are_bfloat16() {
        let smooth = crate::embedded::Embedded::Smooth.decoder().unwrap();
        let middle = smooth.0.folded[1..4].iter().flat_map(|layer| &layer.weight);
        assert_eq!(middle.filter(|weight| weight.to_bits() & 0xffff != 0).count(), 0);
    }
}
