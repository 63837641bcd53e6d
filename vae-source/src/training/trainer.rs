//! The trainer: the steps of a training over the epochs of its set, with what a run that goes on later needs to know.

use std::time::Instant;

use ppl_infer::Observer;
use ppl_infer::solver::{Engine, Room};
use ppl_infer::svi::Svi;
use serde::{Deserialize, Serialize};

use super::set::TrainingSet;
use super::settings::TrainingSettings;
use super::stepper::Stepper;
use crate::error::Result;
use crate::network::{WeightSet, decoder_weights, encoder_weights};

/// A training, whole: it goes on from its checkpoint bit for bit. `S` takes its steps: on the processor, the tape.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trainer<S = Svi> {
    settings: TrainingSettings,
    stepper: S,
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
    /// A training on the processor that has not begun.
    ///
    /// # Errors
    /// A setting out of range.
    pub fn new(settings: TrainingSettings) -> Result<Self> {
        let svi = Svi::new(&settings.svi)?;
        Ok(Trainer::with(settings, svi))
    }
}

impl<S: Stepper> Trainer<S> {
    /// A training that has not begun.
    pub(super) fn with(settings: TrainingSettings, stepper: S) -> Self {
        Trainer { settings, stepper, epochs: vec![], seconds: 0.0 }
    }

    /// Plans so many epochs from the beginning in place of those of the settings; the learning rate follows its schedule over them.
    ///
    /// # Errors
    /// No epochs at all.
    pub fn plan(&mut self, epochs: u64, steps_of_an_epoch: u64) -> Result<()> {
        let steps = epochs * steps_of_an_epoch;
        self.stepper.plan(steps)?;
        self.settings.epochs = epochs;
        self.settings.svi.steps = steps;
        Ok(())
    }

    /// The ELBO an image of these images, by one draw of z each, always with the same random numbers.
    ///
    /// # Errors
    /// An ELBO that is not finite.
    pub fn validate(&mut self, images: &[&[f32]]) -> ppl_infer::Result<f64> {
        Ok(-self.stepper.validate(&self.settings, images)? / images.len() as f64)
    }

    /// The mean ELBO an image over the last steps, at most so many and none of an epoch before.
    #[must_use]
    pub fn recent(&self, steps: usize) -> f64 {
        let begin = self.epochs.last().map_or(0, |epoch| epoch.step) as usize;
        let losses = &self.stepper.losses()[begin..];
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
        self.stepper.losses().iter().map(|loss| -loss / self.settings.batch as f64)
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.stepper.losses().len() as u64
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
        self.stepper.weights(&encoder_weights())
    }

    /// The weights of the decoder as they are now.
    ///
    /// # Errors
    /// As [`Trainer::encoder`].
    pub fn decoder(&self) -> Result<WeightSet> {
        self.stepper.weights(&decoder_weights())
    }

    /// What takes its steps.
    #[must_use]
    pub fn stepper(&self) -> &S {
        &self.stepper
    }

    /// What takes its steps, to be told on which device.
    pub fn stepper_mut(&mut self) -> &mut S {
        &mut self.stepper
    }
}

impl<S: Stepper> Engine<TrainingSet<'_>> for Trainer<S> {
    fn name() -> &'static str {
        S::NAME
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
        self.stepper.step(&self.settings, set)?;
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
        self.stepper.losses().last().map_or(f64::NEG_INFINITY, |loss| -loss / self.settings.batch as f64)
    }
}
