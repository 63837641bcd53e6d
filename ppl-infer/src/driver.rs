//! The driver: runs chains of any state together, one many-lane evaluation a round.

use crate::{
    atomic,
    error::{Error, Result},
    mcmc::{
        chain::{Chain, Progress, Request},
        metric::InitialMetric,
        samples::{ChainSamples, DrawStats, Samples},
        settings::NutsSettings,
    },
};
use ppl_core::LogDensity;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// First bytes of a checkpoint; the number goes up whenever the layout of [`Run`] changes.
const MAGIC: &[u8] = b"arclet nuts run 1\n";

/// A run of NUTS: its chains and their draws so far. It can be written to disk between any two rounds and goes on bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    chains: Vec<Chain>,
    samples: Samples,
    /// The density refused many lanes at once, so each is evaluated alone.
    one_lane: bool,
}

/// Why [`Run::advance`] came back.
#[derive(Debug)]
pub enum Ending {
    /// All draws are made.
    Finished,
    /// The stop flag was set.
    Stopped,
    /// The rounds asked for are done.
    Paused,
    /// A chain or the density failed; the draws before it are kept.
    Failed(Error),
}

/// Draws, and how the run that made them ended.
#[derive(Debug)]
pub struct Outcome {
    /// All draws, of a run that failed or was stopped too.
    pub samples: Samples,
    /// Finished, stopped or failed.
    pub ending: Ending,
}

/// Warm-up or sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Draws are thrown away.
    Warmup,
    /// Draws are kept.
    Sampling,
}

/// One finished transition of one chain, as an observer sees it.
#[derive(Debug, Clone, Copy)]
pub struct DrawEvent<'a> {
    /// Which chain.
    pub chain: usize,
    /// Whether the draw is kept.
    pub phase: Phase,
    /// Number of this transition within its phase, from 0.
    pub iteration: usize,
    /// Unconstrained draw, `[dim]`.
    pub position: &'a [f64],
    /// What the transition did.
    pub stats: &'a DrawStats,
    /// Divergences of this chain since the phase began.
    pub divergences: u64,
}

/// Watches a run: a progress bar, a trace, a log.
pub trait Observer {
    /// A round is over: `live` chains were evaluated together.
    fn on_round(&mut self, live: usize) {
        let _ = live;
    }

    /// A transition is over, of warm-up too.
    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        let _ = event;
    }
}

/// Sees nothing.
impl Observer for () {}

impl Run {
    /// Chains at their starts, `[chains, dim]`; all begin with the same metric.
    pub fn new(settings: &NutsSettings, dim: usize, starts: &[f64], initial: &InitialMetric) -> Result<Self> {
        settings.check()?;
        let expected = settings.chains * dim;
        if dim == 0 || starts.len() != expected {
            return Err(Error::Length { what: "the starts [chains, dim]", expected, got: starts.len() });
        }
        let chains = starts.chunks_exact(dim).enumerate();
        let chains: Vec<_> =
            chains.map(|(index, start)| Chain::new(index, settings, start, initial)).collect::<Result<_>>()?;
        let empty = |chain: &Chain| ChainSamples {
            draws: Vec::with_capacity(settings.draws * dim),
            stats: Vec::with_capacity(settings.draws),
            warmup_gradients: 0,
            sampling_gradients: 0,
            step_size: chain.step_size(),
            metric: chain.metric().clone(),
        };
        let samples = Samples { dim, chains: chains.iter().map(empty).collect() };
        Ok(Self { chains, samples, one_lane: false })
    }

    /// Runs until all draws are made, `stop` is set (looked at before every round), something fails, or `rounds` rounds are done.
    ///
    /// In a round every live chain gets the one gradient that it waits for, all from one call of the density. A chain
    /// sees its own lane alone, so its draws do not depend on the chains beside it.
    pub fn advance(
        &mut self,
        density: &(impl LogDensity + ?Sized),
        stop: &AtomicBool,
        observer: &mut dyn Observer,
        rounds: u64,
    ) -> Ending {
        let ending = self.rounds(density, stop, observer, rounds);
        for (chain, samples) in self.chains.iter().zip(&mut self.samples.chains) {
            (samples.warmup_gradients, samples.sampling_gradients) = chain.gradients();
            samples.step_size = chain.step_size();
            samples.metric.clone_from(chain.metric());
        }
        ending
    }

    /// The draws so far.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The draws, for keeps.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// Writes a checkpoint; a file of that name is replaced only once the new one is whole.
    pub fn save(&self, path: &Path) -> Result<()> {
        let write = |out: &mut BufWriter<File>| {
            out.write_all(MAGIC)?;
            postcard::to_io(self, out).map(drop).map_err(io::Error::other)
        };
        atomic::replace(path, write).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })
    }

    /// Reads a checkpoint.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|source| Error::CheckpointFile { path: path.to_owned(), source })?;
        let run = bytes.strip_prefix(MAGIC).and_then(|body| postcard::from_bytes(body).ok());
        run.ok_or_else(|| Error::CheckpointFormat { path: path.to_owned() })
    }

    fn rounds(
        &mut self,
        density: &(impl LogDensity + ?Sized),
        stop: &AtomicBool,
        observer: &mut dyn Observer,
        rounds: u64,
    ) -> Ending {
        let dim = self.samples.dim;
        if density.dim() != dim {
            return Ending::Failed(Error::Length { what: "a position of this run", expected: density.dim(), got: dim });
        }
        let lanes = self.chains.len();
        let (mut positions, mut grad) = (vec![0.0; lanes * dim], vec![0.0; lanes * dim]);
        let (mut logp, mut live) = (vec![0.0; lanes], Vec::with_capacity(lanes));
        for _ in 0..rounds {
            if stop.load(Ordering::Relaxed) {
                return Ending::Stopped;
            }
            live.clear();
            for (index, chain) in self.chains.iter().enumerate() {
                if let Request::Gradient(position) = chain.request() {
                    positions[live.len() * dim..][..dim].copy_from_slice(position);
                    live.push(index);
                }
            }
            if live.is_empty() {
                return Ending::Finished;
            }
            let size = live.len() * dim;
            let (logp, grad) = (&mut logp[..live.len()], &mut grad[..size]);
            if let Err(error) = self.evaluate(density, &positions[..size], logp, grad) {
                return Ending::Failed(error);
            }
            for (lane, &index) in live.iter().enumerate() {
                if let Err(error) = self.resume(index, logp[lane], &grad[lane * dim..][..dim], observer) {
                    return Ending::Failed(error);
                }
            }
            observer.on_round(live.len());
        }
        Ending::Paused
    }

    /// One call for all lanes, or one a lane for a density that has refused several at once (a model that branches on a value).
    fn evaluate(
        &mut self,
        density: &(impl LogDensity + ?Sized),
        positions: &[f64],
        logp: &mut [f64],
        grad: &mut [f64],
    ) -> Result<()> {
        if !self.one_lane {
            match density.logp_and_grad(positions, logp, grad) {
                Err(_) if logp.len() > 1 => {}
                result => return Ok(result?),
            }
        }
        let dim = self.samples.dim;
        for (lane, position) in positions.chunks_exact(dim).enumerate() {
            density.logp_and_grad(position, &mut logp[lane..=lane], &mut grad[lane * dim..][..dim])?;
        }
        self.one_lane = true;
        Ok(())
    }

    fn resume(&mut self, index: usize, logp: f64, grad: &[f64], observer: &mut dyn Observer) -> Result<()> {
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
        let divergences = chain.divergences();
        observer.on_draw(&DrawEvent { chain: index, phase, iteration, position, stats, divergences });
        Ok(())
    }
}

/// Runs chains from their starts, `[chains, dim]`, to the end (or until `stop`). Errors: settings, starts or metric that
/// no run could follow; what goes wrong later is the outcome's ending, beside the draws made before it.
///
/// ```
/// use ppl_infer::{driver::sample, mcmc::{InitialMetric, NutsSettings, random_starts}};
/// use std::sync::atomic::AtomicBool;
///
/// struct Normal; // two independent normals of scale 1 and 5
/// impl ppl_core::LogDensity for Normal {
///     fn dim(&self) -> usize {
///         2
///     }
///     fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<(), ppl_core::Error> {
///         for (lane, x) in x.chunks_exact(2).enumerate() {
///             logp[lane] = -0.5 * (x[0] * x[0] + x[1] * x[1] / 25.0);
///             grad[2 * lane..2 * lane + 2].copy_from_slice(&[-x[0], -x[1] / 25.0]);
///         }
///         Ok(())
///     }
/// }
///
/// let settings = NutsSettings { seed: 7, ..Default::default() };
/// let starts = random_starts(&Normal, settings.seed, settings.chains)?;
/// let outcome = sample(&Normal, &settings, &starts, &InitialMetric::Unit, &AtomicBool::new(false), &mut ())?;
/// assert_eq!(outcome.samples.chains.len(), 4);
/// assert_eq!(outcome.samples.common_draws(), 1000);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
pub fn sample(
    density: &(impl LogDensity + ?Sized),
    settings: &NutsSettings,
    starts: &[f64],
    initial: &InitialMetric,
    stop: &AtomicBool,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut run = Run::new(settings, density.dim(), starts, initial)?;
    let ending = run.advance(density, stop, observer, u64::MAX);
    Ok(Outcome { samples: run.into_samples(), ending })
}
