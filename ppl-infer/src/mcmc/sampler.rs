//! The sampler: chains that run together, each at its own pace, one many-lane evaluation a round.

use serde::{Deserialize, Serialize};

use super::{
    chain::{Chain, Progress, Request},
    kernel::Kernel,
    metric::InitialMetric,
    samples::{ChainSamples, Samples},
    settings::SamplerSettings,
    start::Starts,
};
use crate::error::{Error, Result};
use crate::failure::ChainFailure;
use crate::observer::{DrawEvent, Observer, Phase};
use crate::solver::Solver;
use crate::target::Target;

/// A run of chains and their draws so far.
///
/// A chain sees its own lane alone, so its draws do not depend on the chains beside it, unless they pool their metric; one that fails
/// leaves the others alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "K: Kernel")]
pub struct Sampler<K: Kernel> {
    seed: u64,
    starts: Starts,
    /// Starts that each chain has tried.
    tried: Vec<usize>,
    chains: Vec<Chain<K>>,
    samples: Samples,
    highest: f64,
}

impl<K: Kernel> Sampler<K> {
    /// Chains at their first starts; all begin with the same metric.
    ///
    /// # Errors
    /// Settings, starts or a metric that no run could follow; starts from a prior that is not there.
    pub fn new(
        target: &(impl Target + ?Sized),
        settings: &SamplerSettings<K>,
        starts: Starts,
        initial: &InitialMetric,
    ) -> Result<Self> {
        settings.check()?;
        let dim = target.dim();
        if dim == 0 {
            return Err(Error::NothingToSample);
        }
        starts.check(settings.chains, dim)?;
        let chain = |index| {
            let start = starts.draw(target, settings.seed, index, 0)?;
            Chain::new(index, settings, &start, initial)
        };
        let chains: Vec<Chain<K>> = (0..settings.chains).map(chain).collect::<Result<_>>()?;
        let empty = |chain: &Chain<K>| ChainSamples {
            draws: Vec::with_capacity(settings.draws * dim),
            stats: Vec::with_capacity(settings.draws),
            warmup_gradients: 0,
            sampling_gradients: 0,
            step_size: chain.step_size(),
            metric: chain.metric().clone(),
            failure: None,
        };
        let samples = Samples { dim, chains: chains.iter().map(empty).collect() };
        let tried = vec![1; chains.len()];
        Ok(Self { seed: settings.seed, starts, tried, chains, samples, highest: f64::NEG_INFINITY })
    }

    /// The draws so far, and how each chain stands.
    pub fn samples(&self) -> Samples {
        self.clone().into_samples()
    }

    /// The draws, for keeps.
    pub fn into_samples(mut self) -> Samples {
        for (chain, samples) in self.chains.iter().zip(&mut self.samples.chains) {
            (samples.warmup_gradients, samples.sampling_gradients) = chain.gradients();
            samples.step_size = chain.step_size();
            samples.metric.clone_from(chain.metric());
            samples.failure = chain.failure().cloned();
        }
        self.samples
    }

    fn resume(
        &mut self,
        index: usize,
        logp: f64,
        grad: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<(), ChainFailure> {
        let chain = &mut self.chains[index];
        let Progress::Transition { kept } = chain.resume(logp, grad)? else { return Ok(()) };
        let (position, stats) = (&chain.point().position, chain.stats());
        let samples = &mut self.samples.chains[index];
        let (phase, iteration) =
            if kept { (Phase::Sampling, samples.len()) } else { (Phase::Warmup, chain.transitions() - 1) };
        if kept {
            samples.draws.extend_from_slice(position);
            samples.stats.push(*stats);
        }
        self.highest = self.highest.max(stats.logp);
        let divergences = chain.divergences();
        observer.on_draw(&DrawEvent { chain: index, phase, iteration, position, stats, divergences });
        Ok(())
    }

    /// Starts a chain again elsewhere if its start was no good and there are tries left; else gives it up.
    fn redraw<D: Target + ?Sized>(&mut self, density: &D, index: usize, failure: ChainFailure) -> Result<()> {
        let chain = &mut self.chains[index];
        let tries = self.starts.tries();
        if chain.transitions() > 0 || !failure.is_of_start() || tries == 1 {
            return Ok(());
        }
        if self.tried[index] < tries {
            let start = self.starts.draw(density, self.seed, index, self.tried[index])?;
            self.tried[index] += 1;
            chain.restart(&start);
        } else {
            let site = density.unfit_site(&chain.point().position);
            chain.fail(ChainFailure::NoStart { tries, site, last: Box::new(failure) });
        }
        Ok(())
    }
}

impl<K: Kernel, D: Target + ?Sized> Solver<D> for Sampler<K> {
    fn name() -> &'static str {
        K::NAME
    }

    fn dim(&self) -> usize {
        self.samples.dim
    }

    fn ask(&self, positions: &mut Vec<f64>) {
        for chain in &self.chains {
            if let Request::Gradient(position) = chain.request() {
                positions.extend_from_slice(position);
            }
        }
    }

    fn answer(&mut self, density: &D, logp: &[f64], grad: &[f64], observer: &mut dyn Observer) -> Result<()> {
        let mut lanes = logp.iter().zip(grad.chunks_exact(self.samples.dim));
        for index in 0..self.chains.len() {
            let Request::Gradient(_) = self.chains[index].request() else { continue };
            let Some((&logp, grad)) = lanes.next() else { break };
            if let Err(failure) = self.resume(index, logp, grad, observer) {
                self.redraw(density, index, failure)?;
            }
        }
        Chain::pool(&mut self.chains);
        Ok(())
    }

    fn objective(&self) -> f64 {
        self.highest
    }
}
