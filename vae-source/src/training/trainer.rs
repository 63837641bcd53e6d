//! The trainer: one SVI run over the epochs of a training set, with what a run that goes on later needs to know.

use std::time::Instant;

use ppl_core::{Array, Ctx};
use ppl_infer::Observer;
use ppl_infer::solver::{Engine, Room};
use ppl_infer::svi::{Elbo, Loss, Svi};
use serde::{Deserialize, Serialize};

use super::feed::Feed;
use super::program::{guide, model};
use super::settings::TrainingSettings;
use crate::error::{Error, Result};
use crate::network::{Mode, SIDE, WeightSet, WeightSpec, decoder_weights, encoder_weights};

/// What is learnt from, and what tells how well.
pub struct TrainingSet<'g> {
    /// The training galaxies.
    pub feed: Feed<'g>,
    /// Validation galaxies, 64 x 64 pixels each.
    pub validation: Vec<&'g [f32]>,
}

/// A training, whole: it goes on from its checkpoint bit for bit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trainer {
    settings: TrainingSettings,
    svi: Svi,
    epochs: Vec<Epoch>,
    seconds: f64,
}

/// What an epoch came to: ELBOs an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Steps taken at its end.
    pub step: u64,
    /// The mean over its steps.
    pub training: f64,
    /// Of the validation set at its end.
    pub validation: f64,
    /// Seconds of training and validation since the beginning.
    pub seconds: f64,
}

impl Trainer {
    /// A training that has not begun.
    ///
    /// # Errors
    /// A setting out of range.
    pub fn new(settings: TrainingSettings) -> Result<Self> {
        let svi = Svi::new(&settings.svi)?;
        Ok(Trainer { settings, svi, epochs: vec![], seconds: 0.0 })
    }

    /// Plans so many epochs from the beginning in place of those of the settings; the learning rate follows its schedule over them.
    ///
    /// # Errors
    /// No epochs at all.
    pub fn plan(&mut self, epochs: u64, steps_of_an_epoch: u64) -> Result<()> {
        self.svi.plan(epochs * steps_of_an_epoch)?;
        self.settings.epochs = epochs;
        self.settings.svi.steps = self.svi.settings().steps;
        Ok(())
    }

    fn step(&mut self, set: &TrainingSet<'_>) -> ppl_infer::Result<()> {
        let images = set.feed.batch(self.svi.steps())?;
        self.svi.step(&vae(&images, Mode::Training, self.settings.svi.seed))?;
        Ok(())
    }

    /// The ELBO an image of these images, by one draw of z each, always with the same random numbers.
    ///
    /// # Errors
    /// An ELBO that is not finite.
    pub fn validate(&mut self, images: &[&[f32]]) -> ppl_infer::Result<f64> {
        let (batch, seed) = (self.settings.batch, self.settings.svi.seed);
        let mut sum = 0.0;
        for (key, chunk) in images.chunks(batch).enumerate() {
            let pixels = Array::constant(&[chunk.len(), SIDE, SIDE], chunk.concat())?;
            let elbo = vae(&pixels, Mode::Evaluation, seed);
            sum -= self.svi.evaluate(&elbo, Loss::MeanField, 1, key as u64)?;
        }
        Ok(sum / images.len() as f64)
    }

    /// The mean ELBO an image over the last steps, at most so many and none of an epoch before.
    #[must_use]
    pub fn recent(&self, steps: usize) -> f64 {
        let begin = self.epochs.last().map_or(0, |epoch| epoch.step) as usize;
        let losses = &self.svi.losses()[begin..];
        let losses = &losses[losses.len().saturating_sub(steps)..];
        -losses.iter().sum::<f64>() / (losses.len() * self.settings.batch) as f64
    }

    /// Whether it has come to its end: all epochs, or no new maximum of the validation ELBO for long enough.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let best = self.best().unwrap_or(0);
        let waited = self.epochs.len().saturating_sub(best + 1) as u64;
        self.epochs.len() as u64 >= self.settings.epochs || waited >= self.settings.patience
    }

    /// The epoch with the highest validation ELBO.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let of = |i: &usize, j: &usize| self.epochs[*i].validation.total_cmp(&self.epochs[*j].validation);
        (0..self.epochs.len()).max_by(of)
    }

    /// The epochs so far.
    #[must_use]
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The ELBO an image of every step.
    pub fn elbos(&self) -> impl Iterator<Item = f64> {
        self.svi.losses().iter().map(|loss| -loss / self.settings.batch as f64)
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.svi.steps()
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &TrainingSettings {
        &self.settings
    }

    /// The weights of the encoder as they are now.
    ///
    /// # Errors
    /// Before the first step there are none.
    pub fn encoder(&self) -> Result<WeightSet> {
        self.weights(&encoder_weights())
    }

    /// The weights of the decoder as they are now.
    ///
    /// # Errors
    /// As [`Trainer::encoder`].
    pub fn decoder(&self) -> Result<WeightSet> {
        self.weights(&decoder_weights())
    }

    fn weights(&self, specs: &[WeightSpec]) -> Result<WeightSet> {
        let values = self.svi.params()?;
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

impl Engine<TrainingSet<'_>> for Trainer {
    fn name() -> &'static str {
        "training"
    }

    fn check(&self, _: &TrainingSet<'_>) -> ppl_infer::Result<()> {
        Ok(())
    }

    fn prepare(&self, _: &mut Room) -> usize {
        if self.is_finished() { 0 } else { self.settings.svi.particles }
    }

    /// One gradient step, and the validation at the end of an epoch.
    fn round(&mut self, set: &TrainingSet<'_>, _: &mut Room, _: &mut dyn Observer) -> ppl_infer::Result<()> {
        let start = Instant::now();
        self.step(set)?;
        let ended = self.steps().is_multiple_of(set.feed.steps_of_an_epoch());
        let validation = if ended { Some(self.validate(&set.validation)?) } else { None };
        self.seconds += start.elapsed().as_secs_f64();
        if let Some(validation) = validation {
            let (step, training, seconds) = (self.steps(), self.recent(usize::MAX), self.seconds);
            self.epochs.push(Epoch { step, training, validation, seconds });
        }
        Ok(())
    }

    /// The ELBO an image of the last step.
    fn objective(&self) -> f64 {
        self.svi.losses().last().map_or(f64::NEG_INFINITY, |loss| -loss / self.settings.batch as f64)
    }
}
