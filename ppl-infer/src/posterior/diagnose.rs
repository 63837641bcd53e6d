//! The judgement of a posterior by its own draws.

use super::draws::Posterior;
use super::sample_stat::StatValues;
use super::warning::{BFMI, ESS_PER_CHAIN, R_HAT, Warning};

impl Posterior {
    /// Adds the warnings that draws and statistics call for: divergences, depth, chains that never moved, E-BFMI, R-hat, ESS.
    ///
    /// ```
    /// use ppl_infer::posterior::{Posterior, Warning};
    ///
    /// let mut posterior = Posterior::new(2, 50);
    /// posterior.push_variable("x", &[], (0..100).map(f64::from).collect())?; // the second chain is somewhere else
    /// posterior.diagnose();
    /// assert!(matches!(&posterior.warnings()[0], Warning::RHat { worst, .. } if worst == "x"));
    /// # Ok::<(), ppl_infer::Error>(())
    /// ```
    pub fn diagnose(&mut self) -> &mut Self {
        let (chains, draws) = (self.chains(), self.chains() * self.draws());
        for chain in self.unmoved() {
            self.warn(Warning::NeverMoved { chain });
        }
        match self.divergences() {
            0 => {}
            count => drop(self.warn(Warning::Divergences { count, draws })),
        }
        match self.flagged("reached_max_treedepth") {
            0 => {}
            count => drop(self.warn(Warning::MaxDepth { count, draws })),
        }
        let bfmi = self.bfmi();
        let worst = bfmi.iter().copied().fold(f64::INFINITY, f64::min);
        if worst < BFMI {
            let below = bfmi.iter().filter(|value| **value < BFMI).count();
            self.warn(Warning::Bfmi { below, chains, worst });
        }
        let summary = self.summary();
        let over: Vec<_> = summary.iter().filter(|(_, stats)| stats.r_hat > R_HAT).collect();
        if let Some((name, stats)) = over.iter().max_by(|a, b| a.1.r_hat.total_cmp(&b.1.r_hat)) {
            let (over, scalars, worst, r_hat) = (over.len(), summary.iter().len(), (*name).to_owned(), stats.r_hat);
            self.warn(Warning::RHat { over, scalars, worst, r_hat });
        }
        let needed = ESS_PER_CHAIN * chains as f64;
        // A deterministic site that is constant has no effective sample size, and needs none.
        let ess = summary.iter().map(|(name, stats)| (name, stats.ess_bulk.min(stats.ess_tail)));
        if let Some((worst, ess)) = ess.filter(|(_, ess)| *ess < needed).min_by(|a, b| a.1.total_cmp(&b.1)) {
            self.warn(Warning::Ess { worst: worst.to_owned(), ess, needed });
        }
        self
    }

    /// Chains of several draws that are all the same, by their log densities.
    fn unmoved(&self) -> Vec<usize> {
        let Some(StatValues::Real(logp)) = self.stat("lp") else { return vec![] };
        let chains = logp.chunks(self.draws().max(1)).enumerate();
        let same = |chain: &[f64]| chain.len() > 1 && chain.iter().all(|logp| *logp == chain[0]);
        chains.filter(|(_, chain)| same(chain)).map(|(index, _)| index).collect()
    }
}
