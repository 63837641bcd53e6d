//! What a user may choose about a run of SVI.

use serde::{Deserialize, Serialize};

use super::clip::Clip;
use super::loss::Loss;
use super::optimizer::Optimizer;
use super::patience::Patience;
use super::schedule::Schedule;
use crate::error::{Result, require};

/// Settings of [`Svi`](super::Svi). From JSON, what is left out takes its default and an unknown name is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SviSettings {
    /// Gradient steps. 10000.
    pub steps: u64,
    /// Draws of the guide a step, which are lanes of one evaluation. 1 (NumPyro).
    pub particles: usize,
    /// Fixes every random number: those of step t are keyed by it and t. 0.
    pub seed: u64,
    /// The estimator of the ELBO. `Trace`.
    pub loss: Loss,
    /// The optimizer. Adam.
    pub optimizer: Optimizer,
    /// The learning rate. 0.001 throughout (Kingma & Ba 2015).
    pub learning_rate: Schedule,
    /// Whether gradients are clipped. Not by default.
    pub clip: Option<Clip>,
    /// Whether a held-out loss ends the run. Not by default.
    pub patience: Option<Patience>,
}

impl Default for SviSettings {
    fn default() -> Self {
        Self {
            steps: 10_000,
            particles: 1,
            seed: 0,
            loss: Loss::default(),
            optimizer: Optimizer::default(),
            learning_rate: Schedule::Constant(1e-3),
            clip: None,
            patience: None,
        }
    }
}

impl SviSettings {
    /// Refuses values with which no run can work.
    ///
    /// # Errors
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        require(self.steps > 0, "steps", self.steps as f64, "at least 1")?;
        require(self.particles > 0, "particles", self.particles as f64, "at least 1")?;
        self.loss.check()?;
        self.learning_rate.check()?;
        self.optimizer.check()?;
        self.clip.map_or(Ok(()), Clip::check)?;
        self.patience.map_or(Ok(()), |patience| patience.check())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svi::{Adam, AdamW};

    #[test]
    fn settings_read_from_json_with_defaults_for_what_is_not_said() {
        let read: SviSettings = serde_json::from_str(
            r#"{"steps": 7, "loss": "mean_field", "optimizer": {"adamw": {"weight_decay": 0.1}}, "clip": {"norm": 5.0},
                "learning_rate": {"cosine": {"peak": 0.01, "warmup": 3}}, "patience": {"every": 10}}"#,
        )
        .unwrap();
        assert_eq!(read.optimizer, Optimizer::AdamW(AdamW { weight_decay: 0.1, ..Default::default() }));
        assert_eq!(read.learning_rate, Schedule::Cosine { peak: 0.01, warmup: 3, last: 0.0 });
        assert_eq!((read.steps, read.particles, read.loss), (7, 1, Loss::MeanField));
        assert!(serde_json::from_str::<SviSettings>(r#"{"step": 7}"#).is_err());
    }

    #[test]
    fn a_senseless_setting_is_refused_by_name() {
        let refused = |settings: SviSettings| settings.check().unwrap_err().to_string();
        assert!(refused(SviSettings { particles: 0, ..Default::default() }).contains("particles"));
        assert!(refused(SviSettings { clip: Some(Clip::Norm(-1.0)), ..Default::default() }).contains("clip"));
        let optimizer = Optimizer::Adam(Adam { beta2: 1.0, ..Default::default() });
        assert!(refused(SviSettings { optimizer, ..Default::default() }).contains("optimizer.beta2"));
        let patience = Some(Patience { every: 0, ..Default::default() });
        assert!(refused(SviSettings { patience, ..Default::default() }).contains("patience.every"));
    }
}
