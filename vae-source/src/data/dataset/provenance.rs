//! Provenance: what a set of galaxies was made from, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::simulate::Population;
use crate::data::{Reason, Tally};

/// All that is needed to make the same set again; JSON in the metadata of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Where the galaxies come from.
    pub source: Source,
    /// Fixes the split, and the galaxies where they are simulated.
    pub seed: u64,
    /// Pixels a side of the prepared images.
    pub side: usize,
    /// The smallest side of a stamp that was kept.
    pub min_side: usize,
    /// The least and the greatest max(I_1/4) / sigma_noise that was kept.
    pub signal: [f64; 2],
    /// How many galaxies there were before the cuts.
    pub seen: usize,
    /// How many were dropped, by the words of [`Reason::words`]; reasons without any are left out.
    pub dropped: BTreeMap<String, usize>,
    /// Whether the noise was taken out of the images; `sigma_noise` is that of the images before.
    pub denoised: bool,
    /// The version of this crate.
    pub version: String,
}

/// Where galaxies come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Catalogues, by their file names.
    Catalogs(Vec<String>),
    /// The simulation of this crate.
    Simulated {
        /// File name of the point-spread function; none for that of the simulation.
        psf: Option<String>,
        /// What the galaxies were drawn from.
        population: Box<Population>,
    },
}

impl Provenance {
    /// The counts of a tally as they are kept here: seen, and dropped by reason.
    #[must_use]
    pub fn counts(tally: &Tally) -> (usize, BTreeMap<String, usize>) {
        let dropped = Reason::ALL.map(|reason| (reason.words().to_owned(), tally.dropped(reason)));
        (tally.seen(), dropped.into_iter().filter(|(_, count)| *count > 0).collect())
    }
}
