//! The windows of warm-up: when draws count for the metric, and when the metric changes.

use crate::mcmc::settings::{MetricAdaptation, SamplerSettings};
use serde::{Deserialize, Serialize};

/// Stan's schedule: a buffer in which the chain finds the typical set, windows that double in length, each ending with
/// a new metric, and a buffer in which the step size settles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// First transition whose draw counts.
    first: usize,
    /// Last transition of each window, ascending.
    lasts: Vec<usize>,
}

impl Windows {
    /// The schedule of a run that starts with a given metric or with none.
    pub fn new<K>(settings: &SamplerSettings<K>, given: bool) -> Self {
        match settings.metric_adaptation {
            MetricAdaptation::Fixed => Self { first: 0, lasts: Vec::new() },
            MetricAdaptation::Pooled => Self::pooled(settings),
            MetricAdaptation::DrawGradient | MetricAdaptation::Hybrid if !given => Self::stan(settings).with_early(),
            _ => Self::stan(settings),
        }
    }

    /// The schedule of Stan's `windowed_adaptation`: a warm-up too short for the buffers and one window is cut 15% / 75% / 10%,
    /// one of less than 20 transitions has no window.
    fn stan<K>(settings: &SamplerSettings<K>) -> Self {
        let SamplerSettings { warmup, init_buffer, term_buffer, base_window, .. } = *settings;
        if warmup < 20 {
            return Self { first: 0, lasts: Vec::new() };
        }
        let (init, term, base) = if init_buffer + base_window + term_buffer > warmup {
            let (init, term) = ((0.15 * warmup as f64) as usize, (0.1 * warmup as f64) as usize);
            (init, term, warmup - init - term)
        } else {
            (init_buffer, term_buffer, base_window)
        };
        Self::doubling(init, base, warmup - term)
    }

    /// Windows of 10, 20, 40, .. transitions from the first on, and a quarter of the warm-up (at most Stan's buffer) for the step.
    fn pooled<K>(settings: &SamplerSettings<K>) -> Self {
        let SamplerSettings { warmup, term_buffer, .. } = *settings;
        let end = warmup - term_buffer.min(warmup / 4);
        if end < 10 { Self { first: 0, lasts: Vec::new() } } else { Self::doubling(0, 10, end) }
    }

    /// Windows of doubling length, the first of `base` transitions after `init`, up to but without the transition `end`.
    fn doubling(init: usize, base: usize, end: usize) -> Self {
        let (mut size, mut last) = (base, init + base - 1);
        let mut lasts = vec![last];
        while last != end - 1 {
            size *= 2;
            last += size;
            // A window whose successor would not fit takes what is left.
            if last != end - 1 && last + 2 * size >= end {
                last = end - 1;
            }
            lasts.push(last);
        }
        Self { first: init, lasts }
    }

    /// Cuts the first buffer into windows too, ending after 10, 20, 40, .. transitions and at its end: draws with their gradients
    /// give a usable metric long before the chain has settled. (nutpie changes its metric from the tenth draw on.)
    fn with_early(self) -> Self {
        let Some(before) = self.first.checked_sub(1) else { return self };
        let doubling = (0..).map(|k| (10 << k) - 1).take_while(|last| *last < before);
        let lasts =
            if self.lasts.is_empty() { self.lasts } else { doubling.chain([before]).chain(self.lasts).collect() };
        Self { first: 0, lasts }
    }

    /// Whether the draw of this transition (from 0) counts for the metric.
    pub fn contains(&self, transition: usize) -> bool {
        self.first <= transition && self.lasts.last().is_some_and(|last| transition <= *last)
    }

    /// Whether the last window ends with this transition.
    pub fn end_at(&self, transition: usize) -> bool {
        self.lasts.last() == Some(&transition)
    }

    /// Whether the metric changes after this transition.
    pub fn ends_at(&self, transition: usize) -> bool {
        self.lasts.binary_search(&transition).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::nuts::NutsSettings;

    fn lasts(warmup: usize) -> Vec<usize> {
        let metric_adaptation = MetricAdaptation::Stan;
        Windows::new(&NutsSettings { warmup, metric_adaptation, ..Default::default() }, false).lasts
    }

    #[test]
    fn the_windows_are_those_of_stan() {
        assert_eq!(lasts(1000), [99, 149, 249, 449, 949]);
        assert_eq!(lasts(500), [99, 149, 249, 449]);
        assert_eq!(lasts(300), [99, 149, 249]);
        assert_eq!(lasts(400), [99, 149, 349]);
        assert_eq!(lasts(150), [99]);
        // Too short for 75 + 25 + 50: 15, 75 and 10 per cent.
        assert_eq!(lasts(100), [89]);
        assert_eq!(lasts(20), [17]);
        assert!(lasts(19).is_empty());
    }

    #[test]
    fn only_the_middle_counts() {
        let settings = NutsSettings { metric_adaptation: MetricAdaptation::Stan, ..Default::default() };
        let windows = Windows::new(&settings, false);
        let counted: Vec<usize> = (0..1000).filter(|i| windows.contains(*i)).collect();
        assert_eq!((counted[0], counted[counted.len() - 1], counted.len()), (75, 949, 875));
        assert!(windows.ends_at(99) && !windows.ends_at(100) && !windows.ends_at(999));
    }

    #[test]
    fn gradients_add_early_windows_unless_a_metric_is_given() {
        let settings = NutsSettings { metric_adaptation: MetricAdaptation::DrawGradient, ..Default::default() };
        assert_eq!(Windows::new(&settings, false).lasts, [9, 19, 39, 74, 99, 149, 249, 449, 949]);
        assert_eq!(Windows::new(&settings, true).lasts, [99, 149, 249, 449, 949]);
        let short = NutsSettings { warmup: 30, ..settings };
        assert_eq!(Windows::new(&short, false).lasts, [3, 26]);
    }

    #[test]
    fn pooled_windows_begin_at_once() {
        let pooled = |warmup| {
            let settings = NutsSettings { warmup, metric_adaptation: MetricAdaptation::Pooled, ..Default::default() };
            Windows::new(&settings, true).lasts
        };
        assert_eq!(pooled(50), [9, 37]);
        assert_eq!(pooled(100), [9, 29, 74]);
        assert_eq!(pooled(300), [9, 29, 69, 249]);
        assert!(pooled(12).is_empty());
        assert_eq!(pooled(13), [9]);
    }

    #[test]
    fn a_fixed_metric_has_no_window() {
        let settings = NutsSettings { metric_adaptation: MetricAdaptation::Fixed, ..Default::default() };
        let windows = Windows::new(&settings, true);
        assert!((0..1000).all(|i| !windows.contains(i) && !windows.ends_at(i)));
    }
}
