//! The settings of a run of chains, with their defaults and where these come from.

use super::{kernel::Kernel, metric::MetricKind, start::Start};
use crate::error::{Result, require};
use serde::{Deserialize, Serialize};

/// What a run of chains of the kernel `K` is told: `NutsSettings` and `HmcSettings` name the two kernels.
/// `NutsSettings { draws: 2000, ..Default::default() }` changes one thing; from JSON, what is left out takes its default and an
/// unknown name is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, bound = "K: Kernel")]
pub struct SamplerSettings<K> {
    /// The kernel with its own settings.
    pub kernel: K,
    /// Transitions that tune step size and metric, and are thrown away. 1000 (Stan). With 0 the first metric and `initial_step`
    /// are used as they are.
    pub warmup: usize,
    /// Draws kept per chain. 1000 (Stan).
    pub draws: usize,
    /// Chains. 4 (Stan; Vehtari et al. 2021 ask for at least 4).
    pub chains: usize,
    /// Fixes every random number. 0.
    pub seed: u64,
    /// Where chains start. Uniform in (-2, 2), unconstrained (Stan).
    pub start: Start,
    /// Acceptance that the step size is tuned to. 0.8 (Stan's `delta`).
    pub target_accept: f64,
    /// Energy error that is called a divergence. 1000 (Stan's `max_deltaH`).
    pub max_energy_error: f64,
    /// Step that the search starts from, and the step used where `warmup` is 0. 1 (Stan).
    pub initial_step: f64,
    /// Relative width of uniform noise on the step of each transition, in \[0, 1). 0 (Stan).
    pub step_jitter: f64,
    /// Diagonal, dense or in between. Diagonal (Stan).
    pub metric: MetricKind,
    /// How warm-up tunes the metric. Draws over gradients (nutpie), at last the variance of the draws (Stan).
    pub metric_adaptation: MetricAdaptation,
    /// Transitions before the first metric window. 75 (Stan).
    pub init_buffer: usize,
    /// Transitions after the last metric window. 50 (Stan).
    pub term_buffer: usize,
    /// Length of the first metric window; each next one is twice as long. 25 (Stan).
    pub base_window: usize,
    /// Dual averaging: how strongly the step is drawn to its start. 0.05 (Hoffman & Gelman 2014, Stan).
    pub gamma: f64,
    /// Dual averaging: how much the first transitions count. 10 (Hoffman & Gelman 2014, Stan).
    pub t0: f64,
    /// Dual averaging: how fast old steps are forgotten. 0.75 (Hoffman & Gelman 2014, Stan).
    pub kappa: f64,
}

/// How warm-up tunes the metric; the formulas are at [`MassAdaptation`](super::adapt::mass::MassAdaptation).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricAdaptation {
    /// The (co)variance of the draws of each window, shrunk as Stan does.
    Stan,
    /// sqrt(var(draw) / var(gradient)) a direction, as nutpie does, from the tenth transition on. A covariance is shrunk to it.
    ///
    /// Cheap in warm-up (a normal with scales from 0.01 to 100 takes 11 times fewer gradients than by `Stan`, which walks 75
    /// transitions with the identity), but on heavy tails not what sampling wants: a horseshoe gets less than half the ESS.
    DrawGradient,
    /// `DrawGradient` in all windows but the last, whose metric is the (co)variance of its draws, shrunk to draws over gradients.
    ///
    /// The default, by the table of docs/samplers.md (`cargo run --release --example metrics`), least bulk ESS per gradient of
    /// sampling relative to `Stan`:
    ///
    /// | | `Stan` | `DrawGradient` | `Hybrid` |
    /// |---|---|---|---|
    /// | horseshoe | 1 | 0.43 | 1.00 |
    /// | funnel (60 seeds) | 1 | 1.15 | 1.11 |
    /// | geometric mean of 10 posteriors | 1 | 0.91 | 1.05 |
    #[default]
    Hybrid,
    /// From the tenth transition on, the metric between draws and gradients of all chains together, which wait for each other at the
    /// end of a window: `DrawGradient` of variances, and its like of covariances, shrunk to the metric of the window.
    ///
    /// For many dimensions, dear gradients and a metric that is nearly right, as the Laplace approximation's: a covariance of 30
    /// directions that is off by 9 either way costs 76 leapfrogs a draw as given, 26 after 50 transitions of `Stan`, and 8 after 50 of
    /// this (7 with the true one). Step and metric of a chain depend on the other chains then; given these, its draws do not.
    Pooled,
    /// The initial metric throughout; only the step size is tuned.
    Fixed,
}

impl<K: Default> Default for SamplerSettings<K> {
    fn default() -> Self {
        Self {
            kernel: K::default(),
            warmup: 1000,
            draws: 1000,
            chains: 4,
            seed: 0,
            start: Start::default(),
            target_accept: 0.8,
            max_energy_error: 1000.0,
            initial_step: 1.0,
            step_jitter: 0.0,
            metric: MetricKind::default(),
            metric_adaptation: MetricAdaptation::default(),
            init_buffer: 75,
            term_buffer: 50,
            base_window: 25,
            gamma: 0.05,
            t0: 10.0,
            kappa: 0.75,
        }
    }
}

impl<K: Kernel> SamplerSettings<K> {
    /// Refuses what no run could follow.
    pub fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        require(self.chains > 0, "chains", self.chains as f64, "at least 1")?;
        require(self.draws > 0, "draws", self.draws as f64, "at least 1")?;
        let target = self.target_accept;
        require(target > 0.0 && target < 1.0, "target_accept", target, "between 0 and 1")?;
        require(self.max_energy_error > 0.0, "max_energy_error", self.max_energy_error, "positive")?;
        require(positive(self.initial_step), "initial_step", self.initial_step, "positive and finite")?;
        require((0.0..1.0).contains(&self.step_jitter), "step_jitter", self.step_jitter, "in [0, 1)")?;
        require(self.base_window > 0, "base_window", self.base_window as f64, "at least 1")?;
        require(self.gamma > 0.0, "gamma", self.gamma, "positive")?;
        require(self.t0 >= 0.0, "t0", self.t0, "at least 0")?;
        require(self.kappa > 0.0, "kappa", self.kappa, "positive")?;
        self.start.check()?;
        self.kernel.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::mcmc::{hmc::HmcSettings, nuts::Nuts, nuts::NutsSettings};

    #[test]
    fn json_fills_in_defaults_and_refuses_unknown_names() {
        let text =
            r#"{"draws": 500, "metric": "dense", "kernel": {"max_depth": 12}, "start": {"uniform": {"radius": 0.5}}}"#;
        let read: NutsSettings = serde_json::from_str(text).unwrap();
        let start = Start::Uniform { radius: 0.5 };
        let kernel = Nuts { max_depth: 12, ..Nuts::default() };
        assert_eq!(read, NutsSettings { draws: 500, metric: MetricKind::Dense, kernel, start, ..Default::default() });
        assert_eq!(serde_json::from_str::<NutsSettings>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        assert!(serde_json::from_str::<NutsSettings>(r#"{"drawz": 500}"#).is_err());
        assert!(serde_json::from_str::<HmcSettings>(r#"{"kernel": {"max_depth": 12}}"#).is_err());
        assert_eq!(serde_json::from_str::<HmcSettings>(r#"{"start": "prior"}"#).unwrap().start, Start::Prior);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        fn refused<K: Kernel>(settings: SamplerSettings<K>) -> &'static str {
            match settings.check() {
                Err(Error::Setting { name, .. }) => name,
                other => panic!("{other:?}"),
            }
        }
        assert!(NutsSettings::default().check().is_ok());
        assert_eq!(refused(NutsSettings { target_accept: 1.0, ..Default::default() }), "target_accept");
        assert_eq!(refused(NutsSettings { initial_step: f64::NAN, ..Default::default() }), "initial_step");
        assert_eq!(refused(NutsSettings { draws: 0, ..Default::default() }), "draws");
        assert_eq!(refused(NutsSettings { chains: 0, ..Default::default() }), "chains");
        assert_eq!(
            refused(NutsSettings { kernel: Nuts { max_depth: 0, ..Nuts::default() }, ..Default::default() }),
            "kernel.max_depth"
        );
        let start = Start::Uniform { radius: -1.0 };
        assert_eq!(refused(HmcSettings { start, ..Default::default() }), "start.radius");
    }
}
