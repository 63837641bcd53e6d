//! What may be chosen about a training.

use ppl_infer::svi::{Adam, Loss, Optimizer, Schedule, SviSettings};
use serde::{Deserialize, Serialize};

/// Settings that were measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The paper's (section 2.1, appendix C): Adam with a rate of 1e-6 and betas 0.5 and 0.999, 32 images a batch with ten draws
    /// of z each, no augmentation, until the validation ELBO has its maximum.
    Paper,
    /// One draw of z, turned and mirrored images, and a rate that rises to 3e-4 and falls along a cosine.
    Fast,
}

/// Settings of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingSettings {
    /// Images of a batch.
    pub batch: usize,
    /// Epochs at most.
    pub epochs: u64,
    /// Epochs without a new maximum of the validation ELBO after which the training ends.
    pub patience: u64,
    /// Whether images are turned and mirrored at random.
    pub augment: bool,
    /// Galaxies that the validation ELBO is taken on, the first of their part.
    pub validation: usize,
    /// Optimizer, rate, draws of z and seed.
    pub svi: SviSettings,
}

impl TrainingSettings {
    /// The settings of a preset for a training set that gives so many steps an epoch.
    #[must_use]
    pub fn of(preset: Preset, steps_of_an_epoch: u64, seed: u64) -> Self {
        let (epochs, particles, augment, adam, learning_rate) = match preset {
            Preset::Paper => {
                let adam = Adam { beta1: 0.5, beta2: 0.999, ..Adam::default() };
                (10_000, 10, false, adam, Schedule::Constant(1e-6))
            }
            Preset::Fast => {
                // A step moves 34 million weights of the encoder by the rate, the first ones all the same way.
                let rate = Schedule::Cosine { peak: 3e-4, warmup: 500, last: 1e-6 };
                (16, 1, true, Adam::default(), rate)
            }
        };
        let steps = epochs * steps_of_an_epoch;
        let optimizer = Optimizer::Adam(adam);
        let svi = SviSettings {
            steps,
            particles,
            seed,
            loss: Loss::MeanField,
            optimizer,
            learning_rate,
            ..SviSettings::default()
        };
        TrainingSettings { batch: 32, epochs, patience: 10, augment, validation: 1024, svi }
    }
}
