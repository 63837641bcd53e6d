//! Ranks: how often the truth of a mock lies below its draws, which is uniform where a posterior is right.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use statrs::distribution::{ChiSquared, ContinuousCDF as _};

/// Bins of a histogram.
const BINS: usize = 10;

/// The ranks of true values among draws, by name, of many mocks drawn from the prior (simulation-based calibration; Talts et al. 2018,
/// arXiv:1804.06788).
///
/// ```
/// use ppl_infer::diagnostics::Ranks;
///
/// let mut ranks = Ranks::default();
/// (0..20).for_each(|k| ranks.add("x", f64::from(k) + 0.5, &[0.0, 5.0, 10.0, 15.0, 20.0]));
/// assert_eq!(ranks.histogram("x").iter().sum::<usize>(), 20);
/// assert!(ranks.table().contains("| x |"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranks(BTreeMap<String, Vec<f64>>);

impl Ranks {
    /// Adds one mock: the share of draws below the truth.
    pub fn add<'d>(&mut self, name: &str, truth: f64, draws: impl IntoIterator<Item = &'d f64>) {
        let (mut below, mut all) = (0, 0);
        for draw in draws {
            all += 1;
            below += usize::from(*draw < truth);
        }
        self.push(name, below as f64 / all as f64);
    }

    /// Adds the rank of one mock, from 0 to 1.
    pub fn push(&mut self, name: &str, rank: f64) {
        self.0.entry(name.to_owned()).or_default().push(rank);
    }

    /// How many mocks are in each tenth of the ranks.
    pub fn histogram(&self, name: &str) -> [usize; BINS] {
        let mut counts = [0; BINS];
        for rank in self.0.get(name).into_iter().flatten().filter(|rank| !rank.is_nan()) {
            counts[((rank * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
        counts
    }

    /// Pearson's chi^2 of that histogram against a uniform one, and the probability of one as large where it is.
    pub fn chi2(&self, name: &str) -> (f64, f64) {
        let counts = self.histogram(name);
        let expected = counts.iter().sum::<usize>() as f64 / BINS as f64;
        let chi2 = counts.iter().map(|n| (*n as f64 - expected).powi(2) / expected).sum();
        (chi2, ChiSquared::new((BINS - 1) as f64).map_or(f64::NAN, |law| law.sf(chi2)))
    }

    /// All as a table in Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "| parameter | mocks in each tenth of the ranks | chi^2 of {} | p |\n|---|---|---|---|\n",
            BINS - 1
        );
        for name in self.0.keys() {
            let (chi2, p) = self.chi2(name);
            let counts = self.histogram(name).map(|n| n.to_string()).join(" ");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {name} | {counts} | {chi2:.1} | {p:.3} |");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_ranks_are_likely_and_those_of_draws_that_are_too_narrow_are_not() {
        let mut ranks = Ranks::default();
        for k in 0..100 {
            let truth = f64::from(k) / 100.0 + 0.005;
            let draws: Vec<f64> = (1..=50).map(|i| f64::from(i) / 50.0).collect();
            let narrow: Vec<f64> = draws.iter().map(|x| 0.5 + 0.2 * (x - 0.5)).collect();
            ranks.add("right", truth, &draws);
            ranks.add("narrow", truth, &narrow);
        }
        assert_eq!(ranks.histogram("right"), [10; 10]);
        assert!(ranks.chi2("right").1 > 0.99 && ranks.chi2("narrow").1 < 1e-6);
        // scipy.stats.chi2.sf(16.919, 9) = 0.05.
        assert!((ChiSquared::new(9.0).unwrap().sf(16.918_977_604_620_448) - 0.05).abs() < 1e-9);
    }
}
