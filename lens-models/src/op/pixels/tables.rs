//! Tables of parameters whose first is a vector of as many numbers as a grid has pixels.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::parameter::{ParameterKind, ProfileParameter};

/// The whitened harmonics of a field: normal 0, 1.
const NORMAL: ParameterKind = ParameterKind::Other {
    low: f64::NEG_INFINITY,
    high: f64::INFINITY,
    prior: r#"{ "normal": { "loc": 0.0, "scale": 1.0 } }"#,
};

/// Tables by pixels a side. A table lives as long as the program; there is one for each size of grid.
#[derive(Default)]
pub(super) struct Tables(Mutex<BTreeMap<usize, &'static [ProfileParameter]>>);

impl Tables {
    /// That of a grid of `side` x `side` pixels: `xi`, and the others.
    pub fn of(&self, side: usize, others: &[ProfileParameter]) -> &'static [ProfileParameter] {
        let xi = ProfileParameter::new("xi", NORMAL, "", r"\xi", "Whitened harmonics of the field.");
        let mut tables = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let make = || Vec::leak(std::iter::once(xi.vector(side * side)).chain(others.iter().copied()).collect());
        tables.entry(side).or_insert_with(|| make())
    }
}
