//! Summary: what a reader wants to know of every scalar, as JSON and as a table.

use super::draws::Posterior;
use super::variable::Entry;
use crate::diagnostics::ess::{ess_of, ess_tail_of};
use crate::diagnostics::quantile::{quantile_of_sorted, sorted};
use crate::diagnostics::rank::rank_normalised;
use crate::diagnostics::rhat::rhat_of;
use crate::diagnostics::split::Split;
use crate::diagnostics::{mcse_mean, mean, sd};
use crate::error::{Error, Result};
use ppl_core::atomic;
use rayon::prelude::*;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;
use std::{fs::File, io::BufWriter, io::Write};

/// The statistics of every scalar of a posterior, in its order.
///
/// As JSON a map from flat name to statistics, NaN as null; as text ([`Display`](std::fmt::Display)) an aligned table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    entries: Vec<(String, EntrySummary)>,
}

/// The statistics of one scalar. NaN where one is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EntrySummary {
    /// The mean over all draws.
    #[serde(deserialize_with = "null_as_nan")]
    pub mean: f64,
    /// The standard deviation over all draws (n - 1).
    #[serde(deserialize_with = "null_as_nan")]
    pub sd: f64,
    /// The Monte Carlo standard error of the mean.
    #[serde(deserialize_with = "null_as_nan")]
    pub mcse_mean: f64,
    /// The 5% quantile.
    #[serde(deserialize_with = "null_as_nan")]
    pub q05: f64,
    /// The 16% quantile.
    #[serde(deserialize_with = "null_as_nan")]
    pub q16: f64,
    /// The median.
    #[serde(deserialize_with = "null_as_nan")]
    pub q50: f64,
    /// The 84% quantile.
    #[serde(deserialize_with = "null_as_nan")]
    pub q84: f64,
    /// The 95% quantile.
    #[serde(deserialize_with = "null_as_nan")]
    pub q95: f64,
    /// Effective sample size of the bulk.
    #[serde(deserialize_with = "null_as_nan")]
    pub ess_bulk: f64,
    /// Effective sample size of the tails.
    #[serde(deserialize_with = "null_as_nan")]
    pub ess_tail: f64,
    /// Rank-normalised split R-hat.
    #[serde(deserialize_with = "null_as_nan")]
    pub r_hat: f64,
}

impl Posterior {
    /// Mean, spread, quantiles and diagnostics of every scalar.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

impl Summary {
    /// Summarises every scalar, in parallel.
    pub fn of(posterior: &Posterior) -> Summary {
        let scalars: Vec<_> =
            posterior.variables().iter().flat_map(|v| (0..v.len()).map(move |index| (v, index))).collect();
        let entries = scalars
            .into_par_iter()
            .filter_map(|(variable, index)| variable.entry(index))
            .map(|entry| (entry.name().to_string(), EntrySummary::of(&entry)))
            .collect();
        Summary { entries }
    }

    /// The statistics of the scalar of that flat name.
    pub fn get(&self, flat_name: &str) -> Option<&EntrySummary> {
        self.entries.iter().find(|(name, _)| name == flat_name).map(|(_, stats)| stats)
    }

    /// Names and statistics, in the order of the posterior.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &EntrySummary)> {
        self.entries.iter().map(|(name, stats)| (name.as_str(), stats))
    }

    /// The largest R-hat; NaN where none is defined.
    pub fn worst_r_hat(&self) -> f64 {
        self.entries.iter().map(|(_, stats)| stats.r_hat).fold(f64::NAN, f64::max)
    }

    /// The smallest ESS of bulk and tail; NaN where none is defined.
    pub fn worst_ess(&self) -> f64 {
        self.entries.iter().flat_map(|(_, stats)| [stats.ess_bulk, stats.ess_tail]).fold(f64::NAN, f64::min)
    }

    /// Writes the summary as JSON, whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let write = |out: &mut BufWriter<File>| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        };
        atomic::replace(path, write).map_err(|source| Error::Write { path: path.to_path_buf(), source })
    }
}

impl EntrySummary {
    /// The statistics of one scalar.
    pub fn of(entry: &Entry) -> EntrySummary {
        let chains = entry.chains();
        // Sorted, split and ranked once for all that needs it.
        let ascending = sorted(entry.values());
        let quantile = |probability| quantile_of_sorted(&ascending, probability);
        let (ess_bulk, r_hat) = Split::new(&chains, 1).map_or((f64::NAN, f64::NAN), |split| {
            let scores = rank_normalised(&split);
            (ess_of(&scores), if chains.len() < 2 { f64::NAN } else { rhat_of(&split, &scores) })
        });
        EntrySummary {
            mean: mean(entry.values()),
            sd: sd(entry.values()),
            mcse_mean: mcse_mean(&chains),
            q05: quantile(0.05),
            q16: quantile(0.16),
            q50: quantile(0.5),
            q84: quantile(0.84),
            q95: quantile(0.95),
            ess_bulk,
            ess_tail: ess_tail_of(&chains, &ascending),
            r_hat,
        }
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Summary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Summary;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a map from names to statistics")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Summary, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Summary { entries })
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// JSON has no NaN; serde_json writes it as null.
fn null_as_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics;

    fn posterior(chains: usize, draws: usize) -> Posterior {
        let mut posterior = Posterior::new(chains, draws);
        let wave = |i: usize| (i as f64 * i as f64 * 0.37).sin();
        posterior.push_variable("mu", &[], (0..chains * draws).map(wave).collect()).unwrap();
        posterior.push_variable("theta", &[2], (0..2 * chains * draws).map(|i| wave(i + 5)).collect()).unwrap();
        posterior
    }

    #[test]
    fn the_summary_is_the_diagnostics_of_each_scalar() {
        // Odd chains, because there the split leaves draws out that the quantiles keep.
        let posterior = posterior(3, 51);
        let summary = posterior.summary();
        assert_eq!(summary.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["mu", "theta[0]", "theta[1]"]);
        for entry in posterior.entries() {
            let (stats, chains) = (summary.get(entry.name()).unwrap(), entry.chains());
            assert_eq!(stats.mean, diagnostics::mean(entry.values()));
            assert_eq!(stats.q16, diagnostics::quantile(entry.values(), 0.16));
            assert_eq!(stats.mcse_mean, diagnostics::mcse_mean(&chains));
            assert_eq!(stats.ess_bulk, diagnostics::ess_bulk(&chains));
            assert_eq!(stats.ess_tail, diagnostics::ess_tail(&chains));
            assert_eq!(stats.r_hat, diagnostics::rhat(&chains));
        }
    }

    #[test]
    fn the_json_round_trips_with_nan_as_null() {
        let summary = posterior(1, 40).summary();
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.starts_with(r#"{"mu":{"mean":"#) && json.contains(r#""r_hat":null"#));
        let back: Summary = serde_json::from_str(&json).unwrap();
        assert_eq!(back.iter().len(), 3);
        for ((name, a), (name_back, b)) in summary.iter().zip(back.iter()) {
            assert_eq!(name, name_back);
            assert!(b.r_hat.is_nan());
            // serde_json reads numbers to within one unit in the last place unless told otherwise.
            for (a, b) in [(a.mean, b.mean), (a.q95, b.q95), (a.ess_tail, b.ess_tail)] {
                assert!((a - b).abs() <= f64::EPSILON * a.abs());
            }
        }
    }

    #[test]
    fn the_worst_scalar_speaks_for_all() {
        let summary = posterior(2, 40).summary();
        let r_hats: Vec<f64> = summary.iter().map(|(_, stats)| stats.r_hat).collect();
        assert!(r_hats.contains(&summary.worst_r_hat()) && r_hats.iter().all(|r| *r <= summary.worst_r_hat()));
        assert!(summary.iter().all(|(_, s)| s.ess_bulk >= summary.worst_ess() && s.ess_tail >= summary.worst_ess()));
        assert!(Posterior::new(0, 0).summary().worst_r_hat().is_nan());
    }

    #[test]
    fn no_draws_give_nan_and_no_panic() {
        for (chains, draws) in [(0, 0), (2, 0), (2, 1), (2, 3)] {
            let summary = posterior(chains, draws).summary();
            assert_eq!(summary.iter().len(), 3);
            assert!(summary.iter().all(|(_, stats)| stats.ess_bulk.is_nan() && stats.r_hat.is_nan()));
        }
    }
}
