//! What a user may choose about a MAP fit.

use serde::{Deserialize, Serialize};

use super::adam::AdamSettings;
use super::lbfgs::LbfgsSettings;
use crate::error::{Result, require};

/// Settings of [`maximise`](super::maximise): L-BFGS without pruning by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapSettings {
    /// The optimizer of each lane.
    pub optimizer: OptimizerSettings,
    /// Whether, and when, the worst lanes are given up. Off by default.
    pub pruning: Option<Pruning>,
}

/// The optimizers, each with its settings: in JSON `{"lbfgs": {..}}` or `{"adam": {..}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerSettings {
    /// Limited-memory BFGS: fewest gradients on anything smooth.
    Lbfgs(LbfgsSettings),
    /// Adam: slower, but gets over kinks and noise.
    Adam(AdamSettings),
}

impl Default for OptimizerSettings {
    fn default() -> Self {
        Self::Lbfgs(LbfgsSettings::default())
    }
}

/// Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943): the lanes are ranked after `after`, 2 `after`, 4 `after`, ..
/// gradients each, and the lowest are given up. With `keep` = 1/2 every rung costs the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pruning {
    /// Gradients that every lane gets before the first ranking. Default 20.
    pub after: usize,
    /// Fraction of the lanes still in the race that is kept at a ranking, in (0, 1). Default 1/2.
    pub keep: f64,
    /// Rankings stop when no more lanes than this are in the race. Default 2, so that a second lane confirms the winner.
    pub at_least: usize,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { after: 20, keep: 0.5, at_least: 2 }
    }
}

impl MapSettings {
    /// Refuses values with which no optimizer can work.
    pub(super) fn check(&self) -> Result<()> {
        match &self.optimizer {
            OptimizerSettings::Lbfgs(settings) => settings.check()?,
            OptimizerSettings::Adam(settings) => settings.check()?,
        }
        if let Some(pruning) = self.pruning {
            require(pruning.after > 0, "pruning.after", pruning.after as f64, "at least 1")?;
            require(pruning.keep > 0.0 && pruning.keep < 1.0, "pruning.keep", pruning.keep, "between 0 and 1")?;
            require(pruning.at_least > 0, "pruning.at_least", pruning.at_least as f64, "at least 1")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_from_json_with_defaults_for_what_is_not_said() {
        let read: MapSettings =
            serde_json::from_str(r#"{"optimizer": {"adam": {"learning_rate": 0.5}}, "pruning": {"after": 7}}"#)
                .unwrap();
        assert_eq!(read.optimizer, OptimizerSettings::Adam(AdamSettings { learning_rate: 0.5, ..Default::default() }));
        assert_eq!(read.pruning, Some(Pruning { after: 7, ..Default::default() }));
        assert!(serde_json::from_str::<MapSettings>(r#"{"prune": {}}"#).is_err());
    }

    #[test]
    fn a_senseless_setting_is_refused_by_name() {
        let settings = MapSettings { pruning: Some(Pruning { keep: 1.5, ..Default::default() }), ..Default::default() };
        assert!(settings.check().unwrap_err().to_string().contains("pruning.keep"));
    }
}
