//! The statistics of a run of chains, as the group `sample_stats` of its posterior.

use super::samples::Samples;
use crate::error::Result;
use crate::posterior::{Posterior, StatValues};
use crate::transition::DrawStats;

impl Posterior {
    /// A posterior of as many chains and draws as the samples have, with their statistics; the variables are for the caller
    /// to add, who knows the names and the transforms. Chains that failed are left out, chains that a stop left longer are cut to
    /// the shortest.
    ///
    /// # Errors
    /// None that a run's own samples could cause.
    pub fn from_stats(samples: &Samples) -> Result<Posterior> {
        let draws = samples.common_draws();
        let mut posterior = Posterior::new(samples.sound().count(), draws);
        let stats: Vec<&DrawStats> = samples.sound().flat_map(|chain| &chain.stats[..draws]).collect();
        let real = |f: fn(&DrawStats) -> f64| StatValues::Real(stats.iter().map(|draw| f(draw)).collect());
        let count = |f: fn(&DrawStats) -> u32| StatValues::from(stats.iter().map(|draw| f(draw)).collect::<Vec<u32>>());
        posterior.push_stat("lp", real(|draw| draw.logp))?;
        posterior.push_stat("energy", real(|draw| draw.info.energy))?;
        posterior.push_stat("acceptance_rate", real(|draw| draw.info.accept_stat))?;
        posterior.push_stat("step_size", real(|draw| draw.step_size))?;
        posterior.push_stat("tree_depth", count(|draw| draw.info.tree_depth))?;
        posterior.push_stat("n_steps", count(|draw| draw.info.n_leapfrog))?;
        let flag = |f: fn(&DrawStats) -> bool| stats.iter().map(|draw| f(draw)).collect::<Vec<bool>>();
        posterior.push_stat("diverging", flag(|draw| draw.info.diverging))?;
        posterior.push_stat("reached_max_treedepth", flag(|draw| draw.info.reached_max_depth))?;
        Ok(posterior)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ChainFailure;
    use crate::mcmc::{ChainSamples, Metric};
    use crate::transition::Info;

    fn chain(draws: usize, first: f64) -> ChainSamples {
        let stats = |i| DrawStats {
            logp: first + i as f64,
            step_size: 0.5,
            info: Info { n_leapfrog: 7, diverging: i == 1, ..Info::default() },
        };
        ChainSamples {
            draws: vec![0.0; draws],
            stats: (0..draws).map(stats).collect(),
            warmup_gradients: 0,
            sampling_gradients: 0,
            step_size: 1.0,
            metric: Metric::diagonal(vec![1.0]).unwrap(),
            failure: None,
        }
    }

    #[test]
    fn chains_are_cut_to_the_shortest_and_failed_ones_left_out() {
        let failed = ChainSamples { failure: Some(ChainFailure::NotFinite { logp: f64::NAN }), ..chain(0, 0.0) };
        let samples = Samples { dim: 1, chains: vec![chain(3, 0.0), failed, chain(2, 10.0)] };
        let posterior = Posterior::from_stats(&samples).unwrap();
        assert_eq!((posterior.chains(), posterior.draws()), (2, 2));
        assert_eq!(posterior.stat("lp"), Some(&StatValues::Real(vec![0.0, 1.0, 10.0, 11.0])));
        assert_eq!(posterior.stat("n_steps"), Some(&StatValues::Count(vec![7; 4])));
        assert_eq!(posterior.divergences(), 2);
        assert_eq!(posterior.sample_stats().len(), 8);
    }
}
