//! Schedules: the learning rate as a function of the step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};

/// The learning rate from step to step: in JSON `{"constant": 0.001}`, `{"cosine": {"peak": 0.001, "warmup": 1000}}` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same throughout.
    Constant(f64),
    /// From zero to `peak` in a line over `warmup` steps, then to `last` along half a cosine (Loshchilov & Hutter 2017,
    /// arXiv:1608.03983).
    Cosine {
        /// The highest rate.
        peak: f64,
        /// Steps of the rise.
        #[serde(default)]
        warmup: u64,
        /// The rate at the last step.
        #[serde(default)]
        last: f64,
    },
    /// Geometrically from one rate to another: `from (to / from)^(step / steps)`.
    Exponential {
        /// The rate at the first step.
        from: f64,
        /// The rate at the last step.
        to: f64,
    },
}

impl Schedule {
    /// The rate of step `step`, counted from 0, of `steps`.
    ///
    /// ```
    /// use ppl_infer::svi::Schedule;
    ///
    /// let cosine = Schedule::Cosine { peak: 1.0, warmup: 10, last: 0.0 };
    /// assert_eq!([4, 9, 55, 100].map(|step| (100.0 * cosine.rate(step, 101)).round()), [50.0, 100.0, 50.0, 0.0]);
    /// ```
    pub fn rate(&self, step: u64, steps: u64) -> f64 {
        let part = |done: u64, all: u64| if all == 0 { 0.0 } else { (done as f64 / all as f64).min(1.0) };
        let last_step = steps.saturating_sub(1);
        match *self {
            Schedule::Constant(rate) => rate,
            Schedule::Cosine { peak, warmup, .. } if step < warmup => peak * (step + 1) as f64 / warmup as f64,
            Schedule::Cosine { peak, warmup, last } => {
                let turn = part(step - warmup, last_step.saturating_sub(warmup));
                last + 0.5 * (peak - last) * (1.0 + (PI * turn).cos())
            }
            Schedule::Exponential { from, to } => from * (to / from).powf(part(step, last_step)),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let positive = |name, rate: f64| require(rate > 0.0 && rate.is_finite(), name, rate, "positive and finite");
        match *self {
            Schedule::Constant(rate) => positive("learning_rate.constant", rate),
            Schedule::Cosine { peak, last, .. } => {
                positive("learning_rate.cosine.peak", peak)?;
                require(last >= 0.0 && last <= peak, "learning_rate.cosine.last", last, "between 0 and the peak")
            }
            Schedule::Exponential { from, to } => {
                positive("learning_rate.exponential.from", from)?;
                positive("learning_rate.exponential.to", to)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_schedule_falls_by_the_same_factor_at_every_step() {
        let schedule = Schedule::Exponential { from: 1.0, to: 1e-4 };
        let rates: Vec<f64> = (0..5).map(|step| schedule.rate(step, 5)).collect();
        // Rounding of powf alone.
        rates.windows(2).for_each(|pair| assert!((pair[1] / pair[0] - 0.1).abs() < 1e-14));
        assert_eq!(schedule.rate(9, 5), 1e-4, "a run that is prolonged stays at its end");
    }

    #[test]
    fn a_rate_that_no_step_can_have_is_refused_by_name() {
        let refused = |schedule: Schedule| schedule.check().unwrap_err().to_string();
        assert!(refused(Schedule::Constant(0.0)).contains("learning_rate.constant"));
        assert!(refused(Schedule::Cosine { peak: 0.1, warmup: 0, last: 0.2 }).contains("cosine.last"));
        assert!(refused(Schedule::Exponential { from: 0.1, to: f64::NAN }).contains("exponential.to"));
    }
}
