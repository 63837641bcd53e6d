//! A block of a network: batch normalisation and the activation behind it.

use ppl_core::Array;

use super::op::{batch_statistics, leaky_relu, normalised, stacked};
use super::weights::{Kind, Mode, WeightSpec, Weights};

/// What stands behind a convolution: `nn.BatchNorm2d` or nothing, and LeakyReLU.
pub(super) struct Tail<'n> {
    /// The name of the batch-normalisation layer, `decoder.1`; `None` without one.
    pub(super) layer: Option<&'n str>,
    pub(super) channels: usize,
    /// The slope for negative numbers.
    pub(super) slope: f32,
}

impl Tail<'_> {
    /// What it does to the images of a convolution.
    pub(super) fn apply<W: Weights>(&self, weights: &mut W, mode: Mode, images: &Array) -> Result<Array, W::Error> {
        let Some(layer) = self.layer else { return Ok(leaky_relu(images, self.slope)?) };
        let mut named = |what: &str| weights.weight(&format!("{layer}.{what}"), &[self.channels]);
        let (weight, bias) = (named("weight")?, named("bias")?);
        let statistics = match mode {
            Mode::Evaluation => stacked(&named("running_mean")?, &named("running_var")?)?,
            Mode::Training => {
                let statistics = batch_statistics(images)?;
                weights.observe(layer, &statistics, images.dims().len() / self.channels)?;
                statistics
            }
        };
        Ok(normalised(images, &statistics, &weight, &bias, self.slope)?)
    }

    /// The weights of batch normalisation.
    pub(super) fn specs(&self) -> Vec<WeightSpec> {
        let kinds = [
            ("weight", Kind::Factor),
            ("bias", Kind::Bias),
            ("running_mean", Kind::RunningMean),
            ("running_var", Kind::RunningVariance),
        ];
        let spec = |layer: &str, (what, kind)| WeightSpec::new(format!("{layer}.{what}"), &[self.channels], kind);
        self.layer.iter().flat_map(|layer| kinds.map(|kind| spec(layer, kind))).collect()
    }
}
