//! What takes the steps of a training: SVI on the tape of the language, or a fixed program on a GPU.

use ppl_core::{Array, Ctx};
use ppl_infer::svi::{Elbo, Loss, Svi};
use serde::{Serialize, de::DeserializeOwned};

use super::program::{guide, model};
use super::set::TrainingSet;
use super::settings::TrainingSettings;
use crate::error::{Error, Result};
use crate::network::{Mode, SIDE, WeightSet, WeightSpec};

/// Takes the steps of a training, and keeps its weights and losses.
pub trait Stepper: Serialize + DeserializeOwned {
    /// The name of such a training on checkpoints.
    const NAME: &'static str;

    /// Plans so many steps from the beginning.
    ///
    /// # Errors
    /// None at all.
    fn plan(&mut self, steps: u64) -> ppl_infer::Result<()>;

    /// One gradient step on the next batch.
    ///
    /// # Errors
    /// A loss or gradient that is not finite; what the device says.
    fn step(&mut self, settings: &TrainingSettings, set: &TrainingSet<'_>) -> ppl_infer::Result<()>;

    /// The negative ELBO of all these images, by one draw of z each, always with the same random numbers.
    ///
    /// # Errors
    /// As [`Stepper::step`].
    fn validate(&mut self, settings: &TrainingSettings, images: &[&[f32]]) -> ppl_infer::Result<f64>;

    /// The negative ELBO of the batch of every step.
    fn losses(&self) -> &[f64];

    /// The weights of a network as they are now.
    ///
    /// # Errors
    /// Weights that there are none of yet, or that are not finite.
    fn weights(&self, specs: &[WeightSpec]) -> Result<WeightSet>;

    /// What computes, in a line, if it is not the processor.
    fn device(&self) -> Option<String> {
        None
    }
}

impl Stepper for Svi {
    const NAME: &'static str = "training";

    fn plan(&mut self, steps: u64) -> ppl_infer::Result<()> {
        Svi::plan(self, steps)
    }

    fn step(&mut self, settings: &TrainingSettings, set: &TrainingSet<'_>) -> ppl_infer::Result<()> {
        let images = set.feed.batch(self.steps())?;
        Svi::step(self, &vae(&images, Mode::Training, settings.svi.seed)).map(drop)
    }

    fn validate(&mut self, settings: &TrainingSettings, images: &[&[f32]]) -> ppl_infer::Result<f64> {
        let mut sum = 0.0;
        for (key, chunk) in images.chunks(settings.batch).enumerate() {
            let pixels = Array::constant(&[chunk.len(), SIDE, SIDE], chunk.concat())?;
            let elbo = vae(&pixels, Mode::Evaluation, settings.svi.seed);
            sum += self.evaluate(&elbo, Loss::MeanField, 1, key as u64)?;
        }
        Ok(sum)
    }

    fn losses(&self) -> &[f64] {
        Svi::losses(self)
    }

    fn weights(&self, specs: &[WeightSpec]) -> Result<WeightSet> {
        let values = self.params()?;
        let mut set = WeightSet::default();
        for WeightSpec { name, dims, .. } in specs {
            let value = values.get(name).ok_or_else(|| Error::MissingWeight { name: name.clone() })?;
            set.insert(name, dims, value.data().pixels().to_vec())?;
        }
        Ok(set)
    }
}

/// Model and guide of a batch.
fn vae(images: &Array, mode: Mode, seed: u64) -> Elbo<'_> {
    Elbo::new(move |ctx: &mut Ctx| model(ctx, images, mode, seed), move |ctx: &mut Ctx| guide(ctx, images, mode, seed))
}
