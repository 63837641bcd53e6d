//! The runs: temperatures chosen one by one, particles resampled and moved at each.

use ppl_core::LogDensity;
use ppl_core::rng::{self, Rng};
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::population::Population;
use super::reference::Reference;
use super::settings::SmcSettings;
use crate::error::{Error, Result};
use crate::executor::Executor;

/// Acceptance that steps are tuned to. Higher than where a move gains most, as steps are of many lengths.
const ACCEPT: f64 = 0.8;
/// How fast.
const RATE: f64 = 0.7;
/// The first step, before it is known how many are accepted, over dim^(1/4).
const FIRST: f64 = 1.0;
const STEPS: [f64; 2] = [1e-3, 2.0];
/// The shortest steps along wide coordinates, and those that the acceptance is taken from, over their spread, as powers of ten.
const SHORTEST: f64 = -1.7;
const SHORT: f64 = -1.1;
/// Most temperatures.
const MOST: usize = 500;

/// What one run ended with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmcRun {
    /// Draws of the target, of equal weight, `[particles, dim]`.
    pub draws: Vec<f64>,
    /// Log density of each.
    pub logp: Vec<f64>,
    /// ln of the integral of the target.
    pub log_evidence: f64,
    /// Powers of the target, the last of which is 1.
    pub temperatures: Vec<f64>,
    /// Share of the moves that were accepted at the last.
    pub acceptance: f64,
    /// Particles of the first population that have descendants.
    pub ancestors: usize,
}

/// Carries particles from the reference q to the target p through q^(1 - t) p^t (Neal 2001, doi:10.1023/A:1008923215028; Del Moral, Doucet &
/// Jasra 2006, doi:10.1111/j.1467-9868.2006.00553.x), each t so far from the one before that a share `keep` of the particles stays effective,
/// moved by Hamiltonian Monte Carlo in the covariance of all particles (Buchholz, Chopin & Jacob 2021, doi:10.1214/20-BA1222). A step of the
/// journal for each run.
///
/// # Errors
/// A setting out of range, densities of different dimensions, a target that is finite at no particle, a stop.
pub fn smc(
    target: &dyn LogDensity,
    reference: &impl Reference,
    settings: &SmcSettings,
    executor: &mut Executor<'_>,
) -> Result<Vec<SmcRun>> {
    let dim = target.dim();
    settings.check(dim)?;
    if reference.dim() != dim || dim == 0 {
        return Err(Error::Length { what: "a position of the reference", expected: dim, got: reference.dim() });
    }
    let one = |run| executor.once("smc", |executor| single(target, reference, settings, run, executor));
    (0..settings.runs).map(one).collect()
}

fn single(
    target: &dyn LogDensity,
    reference: &impl Reference,
    settings: &SmcSettings,
    run: usize,
    executor: &mut Executor<'_>,
) -> Result<SmcRun> {
    let (dim, n) = (target.dim(), settings.particles);
    let mut rng = rng::keyed(settings.seed, "smc", run);
    let mut all = Population::new(dim, reference.draw(rng.random(), n)?);
    all.evaluate(target, reference)?;
    let mut moves = Moves { settings, step: FIRST / (dim as f64).powf(0.25), acceptance: 0.0 };
    let (mut t, mut log_evidence, mut temperatures) = (0.0, 0.0, vec![]);
    while t < 1.0 {
        let climbs = all.climbs();
        let top = climbs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() || temperatures.len() == MOST {
            return Err(Error::NoFiniteStart { lanes: n });
        }
        let by = rise(&climbs, top, settings.keep, 1.0 - t);
        let weights: Vec<f64> = climbs.iter().map(|climb| (by * (climb - top)).exp()).collect();
        log_evidence += by * top + (weights.iter().sum::<f64>() / n as f64).ln();
        t = if by >= 1.0 - t { 1.0 } else { t + by };
        temperatures.push(t);
        all = all.resampled(&weights, &mut rng);
        let metric = Metric::of(&all.positions, dim, &settings.wide);
        for _ in 0..settings.moves {
            let spent = moves.once(&mut all, t, &metric, target, reference, &mut rng)?;
            executor.spend(spent as u64);
            if executor.stopped() {
                return Err(Error::StoppedEarly);
            }
        }
    }
    let mut ancestors = all.ancestors.clone();
    ancestors.sort_unstable();
    ancestors.dedup();
    Ok(SmcRun {
        draws: all.positions,
        logp: all.logp,
        log_evidence,
        temperatures,
        acceptance: moves.acceptance,
        ancestors: ancestors.len(),
    })
}

/// How far t may rise for a share `keep` of the particles to stay effective: (sum w)^2 / sum w^2 of w = exp(by climb).
fn rise(climbs: &[f64], top: f64, keep: f64, most: f64) -> f64 {
    let effective = |by: f64| {
        let (sum, squares) = climbs.iter().fold((0.0, 0.0), |(sum, squares), climb| {
            let w = (by * (climb - top)).exp();
            (sum + w, squares + w * w)
        });
        sum * sum / squares
    };
    let wanted = keep * climbs.iter().filter(|climb| climb.is_finite()).count() as f64;
    if effective(most) >= wanted {
        return most;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        *(if effective(middle) >= wanted { &mut low } else { &mut high }) = middle;
    }
    // Where equals abound no rise is small enough; a sliver goes on.
    low.max(1e-9 * most)
}

/// The moves of all particles, and the step that they have come to.
struct Moves<'s> {
    settings: &'s SmcSettings,
    step: f64,
    acceptance: f64,
}

impl Moves<'_> {
    /// Moves every particle once, in a trajectory of as many leapfrog steps for all. Returns the gradients it took.
    fn once(
        &mut self,
        all: &mut Population,
        t: f64,
        metric: &Metric,
        target: &dyn LogDensity,
        reference: &dyn LogDensity,
        rng: &mut Rng,
    ) -> Result<usize> {
        let (dim, n) = (all.dim, all.len());
        let leapfrogs = rng.random_range(1..=self.settings.leapfrogs);
        let has_wide = !self.settings.wide.is_empty();
        let power = |rng: &mut Rng| if has_wide { SHORTEST * rng.random::<f64>() } else { 0.0 };
        let powers: Vec<f64> = (0..n).map(|_| power(rng)).collect();
        let steps: Vec<f64> = (0..n).map(|_| self.step * rng.random_range(0.3..1.0)).collect();
        let start: Vec<f64> = (0..n * dim).map(|_| StandardNormal.sample(rng)).collect();
        let mut momenta = start.clone();
        let mut moved = all.clone();
        let mut gradient = vec![0.0; dim];
        for leap in 0..=leapfrogs {
            let half = if leap == 0 || leap == leapfrogs { 0.5 } else { 1.0 };
            for i in 0..n {
                let own = i * dim..(i + 1) * dim;
                let (scale, z) = (10.0_f64.powf(powers[i]), &mut momenta[own.clone()]);
                moved.bridge_gradient(i, t, &mut gradient);
                metric.kick(&gradient, scale, half * steps[i], z);
                if leap < leapfrogs {
                    metric.step(z, scale, steps[i], &mut moved.positions[own]);
                }
            }
            if leap < leapfrogs {
                moved.evaluate(target, reference)?;
            }
        }
        let (mut accepted, mut told, mut counted) = (0, 0.0, 0.0);
        for i in 0..n {
            let energy =
                |z: &[f64], logp: f64| 0.5 * z[i * dim..(i + 1) * dim].iter().map(|z| z * z).sum::<f64>() - logp;
            let change = energy(&momenta, moved.bridge(i, t)) - energy(&start, all.bridge(i, t));
            let probability = if change.is_nan() { 0.0 } else { (-change).exp().min(1.0) };
            // Along wide coordinates long steps are seldom accepted, and need not be.
            if !has_wide || powers[i] < SHORT {
                (told, counted) = (told + probability, counted + 1.0);
            }
            if rng.random::<f64>() < probability {
                all.take(i, &moved, i);
                accepted += 1;
            }
        }
        if counted > 0.0 {
            self.step = (self.step * (RATE * (told / counted - ACCEPT)).exp()).clamp(STEPS[0], STEPS[1]);
        }
        self.acceptance = accepted as f64 / n as f64;
        Ok(n * leapfrogs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FnDensity;

    /// A normal of width 2 in each of `dim` directions.
    struct Wide(usize);

    impl LogDensity for Wide {
        fn dim(&self) -> usize {
            self.0
        }
        fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
            let unit = self.0 as f64 * (2.0 * std::f64::consts::TAU.sqrt()).ln();
            for ((x, lp), g) in x.chunks(self.0).zip(logp).zip(grad.chunks_mut(self.0)) {
                *lp = -x.iter().map(|x| x * x / 8.0).sum::<f64>() - unit;
                g.iter_mut().zip(x).for_each(|(g, x)| *g = -x / 4.0);
            }
            Ok(())
        }
    }

    impl Reference for Wide {
        fn draw(&self, seed: u64, n: usize) -> Result<Vec<f64>> {
            let mut rng = rng::keyed(seed, "wide", 0);
            let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
            Ok((0..n * self.0).map(|_| 2.0 * draw()).collect())
        }
    }

    /// Four narrow modes on the corners of a square, of weights 1 to 4, beside a correlated pair of coordinates.
    fn corners(x: &[f64], g: &mut [f64]) -> f64 {
        let width = 0.05_f64;
        let corner = |k: usize| [if k.is_multiple_of(2) { -2.0 } else { 2.0 }, if k < 2 { -2.0 } else { 2.0 }];
        let terms: Vec<f64> = (0..4)
            .map(|k| {
                let off: f64 = corner(k).iter().zip(x).map(|(c, x)| (x - c).powi(2)).sum();
                ((k + 1) as f64).ln() - off / (2.0 * width * width)
            })
            .collect();
        let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|term| (term - top).exp()).sum();
        for i in 0..2 {
            let pull = |k: usize| (terms[k] - top).exp() / sum * (corner(k)[i] - x[i]) / (width * width);
            g[i] = (0..4).map(pull).sum();
        }
        // Deviations 0.1 along the sum and 0.01 along the difference of the other two.
        let [s, d] = [x[2] + x[3], x[2] - x[3]];
        let (a, b) = (s / 0.02, d / 2e-4);
        (g[2], g[3]) = (-(a + b), -(a - b));
        top + sum.ln() - 0.5 * (s * a + d * b)
    }

    #[test]
    fn separate_modes_get_their_weights_and_the_evidence_is_right() {
        let target = FnDensity::new(4, corners);
        let settings = SmcSettings { runs: 4, particles: 1000, wide: vec![0, 1], seed: 3, ..SmcSettings::default() };
        let runs = smc(&target, &Wide(4), &settings, &mut Executor::new()).unwrap();
        // Each corner weighs its weight times 2 pi width^2; the pair 2 pi 0.1 times 0.01, over the 2 of the turn by s and d.
        let exact = (10.0 * std::f64::consts::TAU * 0.0025 * std::f64::consts::TAU * 0.1414213562 * 0.0141421356
            / 2.0_f64)
            .ln();
        let mean = runs.iter().map(|run| run.log_evidence).sum::<f64>() / 4.0;
        let heavy = |run: &SmcRun| run.draws.chunks(4).filter(|x| x[0] > 0.0 && x[1] > 0.0).count() as f64 / 1000.0;
        let share = runs.iter().map(heavy).sum::<f64>() / 4.0;
        let deviation = |f: fn(&[f64]) -> f64| {
            let all: Vec<f64> = runs.iter().flat_map(|run| run.draws.chunks(4).map(f)).collect();
            (all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64).sqrt()
        };
        let (along, across) = (deviation(|x| x[2] + x[3]), deviation(|x| x[2] - x[3]));
        println!("ln Z {mean:.3} for {exact:.3}; share {share:.3}; deviations {along:.4} {across:.5}");
        // Four runs that scatter by a tenth.
        assert!((mean - exact).abs() < 0.3, "{mean} {exact}");
        assert!((share - 0.4).abs() < 0.1, "{share}");
        assert!((along / 0.02_f64.sqrt() - 1.0).abs() < 0.1 && (across / 2e-4_f64.sqrt() - 1.0).abs() < 0.1);
        for run in &runs {
            assert_eq!(run.temperatures.last(), Some(&1.0));
            assert!(run.acceptance > 0.1 && run.ancestors > 1);
        }
    }

    #[test]
    fn a_seed_fixes_the_draws_and_mistakes_are_named() {
        let target = FnDensity::new(2, |x, g| {
            g.copy_from_slice(&[-x[0], -x[1]]);
            -0.5 * (x[0] * x[0] + x[1] * x[1])
        });
        let of = |settings: SmcSettings| smc(&target, &Wide(2), &settings, &mut Executor::new());
        let small = SmcSettings { runs: 1, particles: 50, ..SmcSettings::default() };
        assert_eq!(of(small.clone()).unwrap(), of(small.clone()).unwrap());
        assert_ne!(of(small.clone()).unwrap(), of(SmcSettings { seed: 1, ..small.clone() }).unwrap());
        let wrong = of(SmcSettings { wide: vec![2], ..small.clone() }).unwrap_err();
        assert!(wrong.to_string().contains("smc.wide"), "{wrong}");
        let nowhere = FnDensity::new(2, |_, g| {
            g.fill(0.0);
            f64::NEG_INFINITY
        });
        assert!(matches!(smc(&nowhere, &Wide(2), &small, &mut Executor::new()), Err(Error::NoFiniteStart { .. })));
        assert!(smc(&target, &Wide(3), &small, &mut Executor::new()).is_err());
    }
}
