//! Counted: a sampler that knows how often the log probability of each site was NaN, in earlier processes too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::mcmc::{Kernel, Sampler};
use crate::observer::Observer;
use crate::solver::Solver;
use crate::target::Target;

/// A sampler and its NaNs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "K: Kernel")]
pub(crate) struct Counted<K: Kernel> {
    pub sampler: Sampler<K>,
    /// NaNs of each site in all processes.
    pub not_a_number: BTreeMap<String, u64>,
    /// What the target had counted when it was last asked. That of a new process has counted nothing.
    #[serde(skip)]
    seen: BTreeMap<String, u64>,
}

impl<K: Kernel> Counted<K> {
    pub(crate) fn new(sampler: Sampler<K>, target: &impl Target) -> Self {
        Self { sampler, not_a_number: BTreeMap::new(), seen: target.not_a_number() }
    }
}

impl<K: Kernel, D: Target + ?Sized> Solver<D> for Counted<K> {
    fn name() -> &'static str {
        K::NAME
    }

    fn dim(&self) -> usize {
        Solver::<D>::dim(&self.sampler)
    }

    fn ask(&self, positions: &mut Vec<f64>) {
        Solver::<D>::ask(&self.sampler, positions);
    }

    fn answer(&mut self, density: &D, logp: &[f64], grad: &[f64], observer: &mut dyn Observer) -> Result<()> {
        // NaN comes back as a density of nothing.
        if logp.iter().any(|logp| !logp.is_finite()) {
            let all = density.not_a_number();
            for (site, count) in &all {
                let new = count - self.seen.get(site).unwrap_or(&0);
                if new > 0 {
                    *self.not_a_number.entry(site.clone()).or_default() += new;
                }
            }
            self.seen = all;
        }
        self.sampler.answer(density, logp, grad, observer)
    }

    fn objective(&self) -> f64 {
        Solver::<D>::objective(&self.sampler)
    }
}
