//! column: one column of draws with its range and ticks in a corner figure.

use super::axes::{decimals, nice_ticks};
use super::error::{PlotError, Result};
use super::number::{Estimate, exponent, fixed, power_of_ten};
use super::stretch::quantile;

/// One parameter: its finite draws in order, its range on the page, its ticks.
pub struct Column<'a> {
    pub label: &'a str,
    pub sorted: Vec<f64>,
    pub range: [f64; 2],
    pub truth: Option<f64>,
    pub ticks: Vec<(f64, String)>,
    /// What was taken out of the tick labels: `− 1.2345 [10⁻⁵]`.
    pub offset: String,
}

impl<'a> Column<'a> {
    /// Sorts the draws and chooses the range: the central 99.8 %, and the truth unless it is far away.
    ///
    /// # Errors
    /// When no draw is finite.
    pub fn new(label: &'a str, column: &'a [f64], truth: Option<f64>, most_ticks: usize) -> Result<Self> {
        let mut sorted: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
        if sorted.is_empty() {
            return Err(PlotError::NoFiniteSample { label: label.to_owned() });
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let (mut lo, mut hi) = (quantile(&sorted, 0.001), quantile(&sorted, 0.999));
        let span = hi - lo;
        // A truth far outside would squeeze the draws to a line; it is pointed at instead.
        if let Some(truth) = truth.filter(|t| (lo - span..=hi + span).contains(t)) {
            (lo, hi) = (lo.min(truth), hi.max(truth));
        }
        let pad = if hi > lo { 0.06 * (hi - lo) } else { (1e-3 * lo.abs()).max(1e-9) };
        let range = [lo - pad, hi + pad];
        let (ticks, offset) = sparse_ticks(range, most_ticks);
        Ok(Self { label, sorted, range, truth, ticks, offset })
    }

    /// The median and the 68 % interval.
    pub fn estimate(&self) -> Estimate {
        let [q16, median, q84] = [0.16, 0.5, 0.84].map(|q| quantile(&self.sorted, q));
        Estimate::new(q16, median, q84)
    }

    /// The true value where it lies in the range.
    pub fn truth_inside(&self) -> Option<f64> {
        self.truth.filter(|t| (self.range[0]..=self.range[1]).contains(t))
    }
}

/// A few round ticks in the range. Where their numbers would share their first digits or be very small or large, a round
/// offset and a power of ten are taken out and given as the second text.
fn sparse_ticks([lo, hi]: [f64; 2], most: usize) -> (Vec<(f64, String)>, String) {
    let (span, largest) = (exponent(hi - lo), exponent(lo.abs().max(hi.abs())));
    let shifted = largest - span >= 3;
    let coarse = 10f64.powi(span + 1);
    let offset = if shifted { (0.5 * (lo + hi) / coarse).round() * coarse } else { 0.0 };
    let power = if shifted { span } else { largest };
    let power = if (-2..=3).contains(&power) { 0 } else { power };
    let unit = 10f64.powi(power);
    let ticks = nice_ticks((lo - offset) / unit, (hi - offset) / unit, most);
    let step = ticks.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let digits = if step.is_finite() { decimals(step) } else { decimals(ticks.first().copied().unwrap_or(1.0)) };
    let inner = |t: &&f64| (0.09..0.91).contains(&((offset + **t * unit - lo) / (hi - lo)));
    // Turned labels at the edge of a cell would meet those of the next one.
    let kept: Vec<f64> =
        if ticks.iter().filter(inner).count() >= 2 { ticks.iter().filter(inner).copied().collect() } else { ticks };
    let labels = kept.iter().map(|t| (offset + t * unit, fixed(*t, digits))).collect();
    let mut text = String::new();
    if offset != 0.0 {
        let sign = if offset < 0.0 { '+' } else { '−' };
        text.push_str(&format!("{sign} {}", fixed(offset.abs(), usize::try_from(-span - 1).unwrap_or(0))));
    }
    if power != 0 {
        text.push_str(&format!("{}[{}]", if text.is_empty() { "" } else { " " }, power_of_ten(power)));
    }
    (labels, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(lo: f64, hi: f64) -> (Vec<String>, String) {
        let (ticks, offset) = sparse_ticks([lo, hi], 3);
        assert!(ticks.iter().all(|(v, _)| *v >= lo - 1e-12 && *v <= hi + 1e-12));
        (ticks.into_iter().map(|t| t.1).collect(), offset)
    }

    #[test]
    fn tightly_constrained_values_are_labelled_by_their_offset() {
        assert_eq!(labels(1.234_52, 1.234_61), (vec!["−5".to_owned(), "0".to_owned()], "− 1.2346 [10⁻⁵]".to_owned()));
        assert_eq!(labels(-0.031, 0.042), (["−0.02", "0.00", "0.02"].map(str::to_owned).into(), String::new()));
        assert_eq!(labels(3.1e-6, 8.2e-6).1, "[10⁻⁶]");
        assert_eq!(labels(1.9, 2.2).1, "");
    }
}
