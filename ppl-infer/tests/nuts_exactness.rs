//! NUTS does exactly what it says: Stan's trajectory, the same draws however it is run, and no draw lost to a failure.

mod nuts_densities;

use nuts_densities::{Plain, autoregressive, eight_schools, run};
use ppl_core::{
    LogDensity,
    rng::{Rng, keyed},
};
use ppl_infer::{
    Error,
    driver::{DrawEvent, Ending, Observer, Phase, Run, sample},
    mcmc::{
        Chain, InitialMetric, Metric, MetricKind, NutsSettings,
        chain::{Progress, Request},
        integrator::{PhasePoint, Point},
        nuts::Nuts,
        random_starts,
    },
};
use rand::RngExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Stan's `base_nuts::build_tree` and `transition`, recursive and with weights as logarithms, as in the Stan 2.21 sources.
struct Reference<'a, D> {
    density: &'a D,
    metric: &'a Metric,
    step: f64,
    start_energy: f64,
    leapfrogs: u32,
    accept_sum: f64,
    diverging: bool,
}

/// A subtree as the recursion returns it: momenta and velocities at its ends, their sum, its proposal and log weight.
struct Tree {
    p_first: Vec<f64>,
    v_first: Vec<f64>,
    p_last: Vec<f64>,
    v_last: Vec<f64>,
    rho: Vec<f64>,
    proposal: Vec<f64>,
    log_weight: f64,
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn forward(v_first: &[f64], v_last: &[f64], rho: &[f64]) -> bool {
    let along = |v: &[f64]| v.iter().zip(rho).map(|(v, r)| v * r).sum::<f64>();
    along(v_first) > 0.0 && along(v_last) > 0.0
}

fn log_add(a: f64, b: f64) -> f64 {
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

fn persists(a: &Tree, b: &Tree) -> bool {
    let whole = forward(&a.v_first, &b.v_last, &add(&a.rho, &b.rho));
    let left = forward(&a.v_first, &b.v_first, &add(&a.rho, &b.p_first));
    let right = forward(&a.v_last, &b.v_last, &add(&b.rho, &a.p_last));
    whole && left && right
}

impl<D: LogDensity> Reference<'_, D> {
    /// `Err` is an invalid subtree.
    fn build(&mut self, depth: u32, z: &mut PhasePoint, sign: f64, rng: &mut Rng) -> Result<Tree, ()> {
        if depth == 0 {
            z.drift(self.metric, sign * self.step);
            let (mut logp, mut gradient) = ([0.0], vec![0.0; z.momentum.len()]);
            self.density.logp_and_grad(&z.at.position, &mut logp, &mut gradient).unwrap();
            z.land(self.metric, sign * self.step, logp[0], &gradient);
            self.leapfrogs += 1;
            let energy = if z.energy.is_nan() { f64::INFINITY } else { z.energy };
            self.diverging |= energy - self.start_energy > 1000.0;
            let log_weight = self.start_energy - energy;
            self.accept_sum += if log_weight > 0.0 { 1.0 } else { log_weight.exp() };
            let (p, v) = (&z.momentum, &z.velocity);
            return if self.diverging {
                Err(())
            } else {
                Ok(Tree {
                    p_first: p.clone(),
                    v_first: v.clone(),
                    p_last: p.clone(),
                    v_last: v.clone(),
                    rho: p.clone(),
                    proposal: z.at.position.clone(),
                    log_weight,
                })
            };
        }
        let first = self.build(depth - 1, z, sign, rng)?;
        let last = self.build(depth - 1, z, sign, rng)?;
        let log_weight = log_add(first.log_weight, last.log_weight);
        let take = rng.random::<f64>() < (last.log_weight - log_weight).exp();
        if !persists(&first, &last) {
            return Err(());
        }
        let rho = add(&first.rho, &last.rho);
        let proposal = if take { last.proposal } else { first.proposal };
        let Tree { p_first, v_first, .. } = first;
        let Tree { p_last, v_last, .. } = last;
        Ok(Tree { p_first, v_first, p_last, v_last, rho, proposal, log_weight })
    }

    /// The draw, the depth.
    fn transition(&mut self, from: &Point, max_depth: u32, rng: &mut Rng) -> (Vec<f64>, u32) {
        let mut front = PhasePoint { at: from.clone(), ..PhasePoint::zeros(from.position.len()) };
        self.metric.sample_momentum(rng, &mut front.momentum);
        front.complete(self.metric);
        self.start_energy = front.energy;
        let mut back = front.clone();
        let (p, v) = (front.momentum.clone(), front.velocity.clone());
        let (mut p_back, mut v_back, mut p_front, mut v_front, mut rho) = (p.clone(), v.clone(), p.clone(), v, p);
        let (mut draw, mut log_weight, mut depth) = (from.position.clone(), 0.0, 0);
        while depth < max_depth {
            let ahead = rng.random::<f64>() > 0.5;
            let (end, sign) = if ahead { (&mut front, 1.0) } else { (&mut back, -1.0) };
            let Ok(new) = self.build(depth, end, sign, rng) else { break };
            depth += 1;
            if new.log_weight > log_weight || rng.random::<f64>() < (new.log_weight - log_weight).exp() {
                draw.clone_from(&new.proposal);
            }
            log_weight = log_add(log_weight, new.log_weight);
            // In the order of time, as Stan writes it.
            let rho_old = rho.clone();
            rho = add(&rho, &new.rho);
            let persists = if ahead {
                let (p_old_last, v_old_last) = (p_front.clone(), v_front.clone());
                (p_front, v_front) = (new.p_last, new.v_last);
                forward(&v_back, &v_front, &rho)
                    && forward(&v_back, &new.v_first, &add(&rho_old, &new.p_first))
                    && forward(&v_old_last, &v_front, &add(&new.rho, &p_old_last))
            } else {
                let (p_old_first, v_old_first) = (p_back.clone(), v_back.clone());
                (p_back, v_back) = (new.p_last, new.v_last);
                forward(&v_back, &v_front, &rho)
                    && forward(&v_back, &v_old_first, &add(&new.rho, &p_old_first))
                    && forward(&new.v_first, &v_front, &add(&rho_old, &new.p_first))
            };
            if !persists {
                break;
            }
        }
        (draw, depth)
    }
}

/// Transitions of both from the same points with the same random numbers.
fn agree(density: &impl LogDensity, metric: &Metric, step: f64, max_depth: u32) -> (u32, u32) {
    let dim = density.dim();
    let (mut rng, mut nuts) = (keyed(11, "reference", dim), Nuts::new(dim, max_depth, 1000.0));
    let (mut logp, mut gradient) = ([0.0], vec![0.0; dim]);
    let mut point = Point { position: vec![0.3; dim], gradient: vec![0.0; dim], logp: 0.0 };
    density.logp_and_grad(&point.position, &mut logp, &mut point.gradient).unwrap();
    point.logp = logp[0];
    let (mut deepest, mut divergences) = (0, 0);
    for _ in 0..1000 {
        let mut same = rng.clone();
        let mut reference =
            Reference { density, metric, step, start_energy: 0.0, leapfrogs: 0, accept_sum: 0.0, diverging: false };
        let (draw, depth) = reference.transition(&point, max_depth, &mut same);
        nuts.begin(&point, metric, step, &mut rng);
        let info = loop {
            density.logp_and_grad(nuts.position(), &mut logp, &mut gradient).unwrap();
            if let Some(info) = nuts.resume(logp[0], &gradient, metric, &mut rng) {
                break info;
            }
        };
        point = nuts.draw().at.clone();
        assert_eq!(point.position, draw);
        assert_eq!(
            (info.tree_depth, info.n_leapfrog, info.diverging),
            (depth, reference.leapfrogs, reference.diverging)
        );
        assert!((info.accept_stat - reference.accept_sum / f64::from(reference.leapfrogs)).abs() < 1e-12);
        // Both have drawn equally many numbers.
        assert_eq!(rng, same);
        deepest = deepest.max(depth);
        divergences += u32::from(info.diverging);
    }
    (deepest, divergences)
}

#[test]
fn trajectories_are_those_of_stans_recursion() {
    let normal = autoregressive(4, 0.8, 1.0);
    let diagonal = Metric::diagonal(vec![1.0, 0.5, 2.0, 1.0]).unwrap();
    let covariance = (0..16).map(|k| 0.5_f64.powi((k / 4_i32 - k % 4).abs())).collect();
    let dense = Metric::dense(covariance, 4).unwrap();
    for metric in [&diagonal, &dense] {
        assert!(agree(&normal, metric, 0.05, 10).0 >= 5);
        agree(&normal, metric, 0.7, 10);
        // The depth is cut.
        assert_eq!(agree(&normal, metric, 0.01, 3).0, 3);
    }
    agree(&eight_schools(), &Metric::diagonal(vec![1.0; 10]).unwrap(), 0.4, 10);
    // A quartic well with a step at the limit of stability, which diverges now and then.
    let f = |x: &[f64], g: &mut [f64]| {
        g[0] = -x[0].powi(3);
        -0.25 * x[0].powi(4)
    };
    let (_, divergences) = agree(&Plain { dim: 1, f }, &Metric::diagonal(vec![1.0]).unwrap(), 1.9, 10);
    assert!(divergences > 10 && divergences < 900, "{divergences}");
}

fn short() -> NutsSettings {
    NutsSettings { warmup: 150, draws: 80, seed: 5, ..Default::default() }
}

#[test]
fn a_chain_draws_the_same_alone_and_beside_others() {
    let (density, settings) = (eight_schools(), short());
    let starts = random_starts(&density, settings.seed, 4).unwrap();
    let together = run(&density, &settings, &InitialMetric::Unit);
    for (index, start) in starts.chunks_exact(10).enumerate() {
        let mut chain = Chain::new(index, &settings, start, &InitialMetric::Unit).unwrap();
        let mut draws = Vec::new();
        let (mut logp, mut grad) = ([0.0], [0.0; 10]);
        while let Request::Gradient(position) = chain.request() {
            density.logp_and_grad(position, &mut logp, &mut grad).unwrap();
            if chain.resume(logp[0], &grad).unwrap() == (Progress::Transition { kept: true }) {
                draws.extend_from_slice(&chain.point().position);
            }
        }
        assert_eq!(draws, together.chains[index].draws);
    }
    // Chains differ, and so do seeds.
    assert_ne!(together.chains[0].draws, together.chains[1].draws);
    let other = run(&density, &NutsSettings { seed: 6, ..settings }, &InitialMetric::Unit);
    assert_ne!(together.chains[0].draws, other.chains[0].draws);
}

#[test]
fn a_run_written_to_disk_at_any_moment_goes_on_bit_for_bit() {
    let (density, stop) = (eight_schools(), AtomicBool::new(false));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    for metric in [MetricKind::Diagonal, MetricKind::Dense] {
        for static_time in [None, Some(1.0)] {
            let settings = NutsSettings { metric, static_time, step_jitter: 0.1, ..short() };
            let starts = random_starts(&density, settings.seed, settings.chains).unwrap();
            let whole = run(&density, &settings, &InitialMetric::Unit);
            let mut broken = Run::new(&settings, 10, &starts, &InitialMetric::Unit).unwrap();
            let (mut rng, mut pauses) = (keyed(1, "pauses", 0), 0);
            while let Ending::Paused = broken.advance(&density, &stop, &mut (), rng.random_range(0..100)) {
                broken.save(&path).unwrap();
                broken = Run::load(&path).unwrap();
                pauses += 1;
            }
            assert!(pauses > 10, "{pauses}");
            assert_eq!(broken.samples(), &whole);
        }
    }
    std::fs::write(&path, b"something else").unwrap();
    assert!(matches!(Run::load(&path), Err(Error::CheckpointFormat { .. })));
    assert!(matches!(Run::load(&folder.path().join("none")), Err(Error::CheckpointFile { .. })));
}

/// Counts what it sees.
#[derive(Default)]
struct Count {
    rounds: u64,
    gradients: u64,
    warmup: usize,
    kept: usize,
    divergences: u64,
}

impl Observer for Count {
    fn on_round(&mut self, live: usize) {
        self.rounds += 1;
        self.gradients += live as u64;
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        match event.phase {
            Phase::Warmup => self.warmup += 1,
            Phase::Sampling => self.kept += 1,
        }
        if event.phase == Phase::Sampling && event.iteration == 79 {
            self.divergences += event.divergences;
        }
    }
}

/// A normal that fails at call `last`, and before it refuses calls of several lanes if told so.
struct Faulty {
    last: u64,
    one_lane: bool,
    calls: AtomicU64,
}

impl LogDensity for Faulty {
    fn dim(&self) -> usize {
        1
    }

    fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<(), ppl_core::Error> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call >= self.last || (self.one_lane && logp.len() > 1) {
            return Err(ppl_core::Error::Density("worn out".into()));
        }
        for i in 0..x.len() {
            (logp[i], grad[i]) = (-0.5 * x[i] * x[i], -x[i]);
        }
        Ok(())
    }
}

#[test]
fn a_failing_density_ends_the_run_and_keeps_its_draws() {
    let settings = NutsSettings { draws: 100_000, ..short() };
    let density = Faulty { last: 3000, one_lane: false, calls: AtomicU64::new(0) };
    let never = AtomicBool::new(false);
    let outcome = sample(&density, &settings, &[0.1, 0.2, 0.3, 0.4], &InitialMetric::Unit, &never, &mut ()).unwrap();
    assert!(matches!(outcome.ending, Ending::Failed(Error::Density(_))));
    assert!(outcome.samples.common_draws() > 100);
    for chain in &outcome.samples.chains {
        assert_eq!(chain.draws.len(), chain.stats.len());
        assert!(chain.sampling_gradients >= chain.stats.iter().map(|s| u64::from(s.n_leapfrog)).sum());
    }
}

#[test]
fn a_density_that_refuses_many_lanes_is_asked_for_one_at_a_time() {
    let starts = [0.1, 0.2, 0.3, 0.4];
    let never = AtomicBool::new(false);
    let draws = |one_lane| {
        let density = Faulty { last: u64::MAX, one_lane, calls: AtomicU64::new(0) };
        let outcome = sample(&density, &short(), &starts, &InitialMetric::Unit, &never, &mut ()).unwrap();
        assert!(matches!(outcome.ending, Ending::Finished));
        outcome.samples
    };
    assert_eq!(draws(false), draws(true));
}

#[test]
fn the_stop_flag_ends_the_run_and_keeps_its_draws() {
    /// Sets the flag at the hundredth kept draw.
    struct Stop<'a>(&'a AtomicBool, usize);
    impl Observer for Stop<'_> {
        fn on_draw(&mut self, event: &DrawEvent<'_>) {
            self.1 += usize::from(event.phase == Phase::Sampling);
            self.0.store(self.1 >= 100, Ordering::Relaxed);
        }
    }
    let (flag, density) = (AtomicBool::new(false), eight_schools());
    let starts = random_starts(&density, 5, 4).unwrap();
    let settings = NutsSettings { draws: 1000, ..short() };
    let outcome = sample(&density, &settings, &starts, &InitialMetric::Unit, &flag, &mut Stop(&flag, 0)).unwrap();
    assert!(matches!(outcome.ending, Ending::Stopped));
    let kept: usize = outcome.samples.chains.iter().map(|chain| chain.len()).sum();
    // The round in which the flag was set is finished: up to three more chains may end a transition in it.
    assert!((100..=103).contains(&kept), "{kept}");
}

#[test]
fn an_observer_sees_every_draw_and_every_gradient() {
    let (density, settings) = (eight_schools(), short());
    let starts = random_starts(&density, settings.seed, 4).unwrap();
    let (mut count, never) = (Count::default(), AtomicBool::new(false));
    let outcome = sample(&density, &settings, &starts, &InitialMetric::Unit, &never, &mut count).unwrap();
    let (warmup, sampling) = outcome.samples.gradients();
    assert_eq!((count.warmup, count.kept), (600, 320));
    assert_eq!(count.gradients, warmup + sampling);
    let leapfrogs = outcome.samples.chains.iter().flat_map(|c| &c.stats).map(|s| u64::from(s.n_leapfrog)).sum::<u64>();
    assert_eq!(sampling, leapfrogs);
    assert_eq!(count.divergences, outcome.samples.divergences() as u64);
    // Chains do not wait: there are as many rounds as the busiest chain has gradients.
    let busiest = outcome.samples.chains.iter().map(|c| c.warmup_gradients + c.sampling_gradients).max();
    assert_eq!(Some(count.rounds), busiest);
}

#[test]
fn a_cliff_gives_divergences_and_no_draw_beyond_it() {
    let f = |x: &[f64], g: &mut [f64]| {
        g[0] = -x[0];
        if x[0] > 0.5 { f64::NAN } else { -0.5 * x[0] * x[0] }
    };
    let settings = NutsSettings { draws: 500, ..short() };
    let samples = run(&Plain { dim: 1, f }, &settings, &InitialMetric::Unit);
    assert!(samples.divergences() > 50, "{}", samples.divergences());
    let divergent = samples.chains.iter().flat_map(|c| &c.stats).filter(|s| s.diverging).count();
    assert_eq!(divergent, samples.divergences());
    assert!(samples.chains.iter().all(|chain| chain.draws.iter().all(|x| *x <= 0.5)));
}

#[test]
fn what_cannot_run_is_refused_with_its_reason() {
    let never = AtomicBool::new(false);
    let density = autoregressive(2, 0.5, 1.0);
    let starts = [0.0; 8];
    let run = |settings: &NutsSettings, starts: &[f64], metric| {
        sample(&density, settings, starts, &metric, &never, &mut ()).map(|outcome| outcome.ending)
    };
    let result = run(&short(), &starts[..7], InitialMetric::Unit);
    assert!(matches!(result, Err(Error::Length { expected: 8, got: 7, .. })));
    let result = run(&short(), &starts, InitialMetric::Diagonal(vec![1.0]));
    assert!(matches!(result, Err(Error::Length { expected: 2, got: 1, .. })));
    let result = run(&NutsSettings { max_depth: 0, ..short() }, &starts, InitialMetric::Unit);
    assert!(matches!(result, Err(Error::Setting { name: "max_depth", .. })));
    let far = [0.0, 0.0, f64::INFINITY, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert!(matches!(run(&short(), &far, InitialMetric::Unit), Ok(Ending::Failed(Error::Start { chain: 1, .. }))));
    let flat = Plain {
        dim: 2,
        f: |_: &[f64], g: &mut [f64]| {
            g.fill(0.0);
            0.0
        },
    };
    let outcome = sample(&flat, &short(), &starts, &InitialMetric::Unit, &never, &mut ()).unwrap();
    assert!(matches!(outcome.ending, Ending::Failed(Error::StepSearch { .. })));
}
