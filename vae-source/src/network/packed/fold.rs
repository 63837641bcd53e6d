//! Batch normalisation folded into the transposed convolution before it, for weights that no longer change.

use crate::error::Result;
use crate::network::decoder::Layer;
use crate::network::op::EPSILON;
use crate::network::weights::WeightSet;

/// A layer's weights `[deep, wide, side, side]` times weight / sqrt(variance + epsilon) of their wide channel, and what is then added
/// to each wide channel: bias - mean weight / sqrt(variance + epsilon).
#[derive(Clone)]
pub(super) struct Folded {
    pub(super) weight: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Folded {
    /// Folds a layer of a set.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub(super) fn new(set: &WeightSet, layer: &Layer) -> Result<Self> {
        let (channels, taps) = (layer.channels[1], layer.kernel.side * layer.kernel.side);
        let mut weight = set.get(&layer.name(), &layer.dims())?.to_vec();
        let mut shift = vec![0.0; channels];
        if let Some(name) = layer.normalisation() {
            let get = |what: &str| set.get(&format!("{name}.{what}"), &[channels]);
            let [factor, bias, mean, variance] =
                [get("weight")?, get("bias")?, get("running_mean")?, get("running_var")?];
            let factors: Vec<f32> =
                factor.iter().zip(variance).map(|(factor, variance)| factor / (variance + EPSILON).sqrt()).collect();
            for kernels in weight.chunks_exact_mut(channels * taps) {
                for (kernel, factor) in kernels.chunks_exact_mut(taps).zip(&factors) {
                    kernel.iter_mut().for_each(|tap| *tap *= factor);
                }
            }
            for (c, shift) in shift.iter_mut().enumerate() {
                *shift = bias[c] - mean[c] * factors[c];
            }
        }
        Ok(Folded { weight, shift })
    }

    /// The layer for activations in another unit: what it takes is in one of them, what it gives in another.
    pub(super) fn in_units(&self, [taken, given]: [f32; 2]) -> Self {
        let times = |numbers: &[f32], factor: f32| numbers.iter().map(|number| number * factor).collect();
        Folded { weight: times(&self.weight, taken / given), shift: times(&self.shift, 1.0 / given) }
    }
}
