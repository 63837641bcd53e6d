//! NUTS does exactly what it says: Stan's trajectory, the same draws however it is run, and no draw lost to a failure.

mod nuts_densities;

use nuts_densities::{Plain, UNIFORM, autoregressive, eight_schools, run, run_from};
use ppl_core::{
    LogDensity,
    rng::{Rng, keyed},
};
use ppl_infer::{
    Ending, Error, Executor, Target, checkpoint,
    mcmc::{
        Chain, ChainFailure, Hmc, HmcSettings, InitialMetric, Kernel, Metric, MetricKind, Nuts, NutsSettings, Sampler,
        SamplerSettings, Starts, Turn,
        chain::{Progress, Request},
        integrator::{PhasePoint, Point},
        kernel::{Answer, Dynamics},
    },
    observer::{DrawEvent, Observer, Phase, Round},
};
use rand::RngExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Stan's `base_nuts::build_tree` and `transition`, recursive and with weights as logarithms, as in the Stan 2.21 sources.
struct Reference<'a, D> {
    density: &'a D,
    metric: &'a Metric,
    step: f64,
    turn: Turn,
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

/// Whether a trajectory with these ends is to go on.
fn ends_agree(turn: Turn, v_first: &[f64], p_last: &[f64]) -> bool {
    turn == Turn::Half || v_first.iter().zip(p_last).map(|(v, p)| v * p).sum::<f64>() > 0.0
}

fn persists(a: &Tree, b: &Tree, turn: Turn) -> bool {
    let whole = forward(&a.v_first, &b.v_last, &add(&a.rho, &b.rho));
    let left = forward(&a.v_first, &b.v_first, &add(&a.rho, &b.p_first));
    let right = forward(&a.v_last, &b.v_last, &add(&b.rho, &a.p_last));
    whole && left && right && ends_agree(turn, &a.v_first, &b.p_last)
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
        if !persists(&first, &last, self.turn) {
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
                    && ends_agree(self.turn, &v_back, &p_front)
            } else {
                let (p_old_first, v_old_first) = (p_back.clone(), v_back.clone());
                (p_back, v_back) = (new.p_last, new.v_last);
                forward(&v_back, &v_front, &rho)
                    && forward(&v_back, &v_old_first, &add(&new.rho, &p_old_first))
                    && forward(&new.v_first, &v_front, &add(&rho_old, &new.p_first))
                    && ends_agree(self.turn, &v_front, &p_back)
            };
            if !persists {
                break;
            }
        }
        (draw, depth)
    }
}

/// Transitions of both from the same points with the same random numbers: the greatest depth, divergences, leapfrogs.
fn agree(density: &impl LogDensity, metric: &Metric, step: f64, nuts: Nuts) -> (u32, u32, u32) {
    let (dim, Nuts { max_depth, turn }) = (density.dim(), nuts);
    let mut rng = keyed(11, "reference", dim);
    let (mut state, dynamics) = (nuts.init(dim), Dynamics { metric, step, max_energy_error: 1000.0 });
    let (mut logp, mut gradient) = ([0.0], vec![0.0; dim]);
    let mut point = Point { position: vec![0.3; dim], gradient: vec![0.0; dim], logp: 0.0 };
    density.logp_and_grad(&point.position, &mut logp, &mut point.gradient).unwrap();
    point.logp = logp[0];
    let (mut deepest, mut divergences, mut leapfrogs) = (0, 0, 0);
    for _ in 0..1000 {
        let mut same = rng.clone();
        let mut reference = Reference {
            density,
            metric,
            step,
            turn,
            start_energy: 0.0,
            leapfrogs: 0,
            accept_sum: 0.0,
            diverging: false,
        };
        let (draw, depth) = reference.transition(&point, max_depth, &mut same);
        nuts.begin(&mut state, &point, dynamics, &mut rng);
        let info = loop {
            density.logp_and_grad(Nuts::position(&state), &mut logp, &mut gradient).unwrap();
            let answer = Answer { logp: logp[0], gradient: &gradient };
            if let Some(info) = nuts.resume(&mut state, answer, dynamics, &mut rng, &mut point) {
                break info;
            }
        };
        assert_eq!(point.position, draw);
        assert_eq!(
            (info.tree_depth, info.n_leapfrog, info.diverging),
            (depth, reference.leapfrogs, reference.diverging)
        );
        assert!((info.accept_stat - reference.accept_sum / f64::from(reference.leapfrogs)).abs() < 1e-12);
        // Both have drawn equally many numbers.
        assert_eq!(rng, same);
        deepest = deepest.max(depth);
        leapfrogs += info.n_leapfrog;
        divergences += u32::from(info.diverging);
    }
    (deepest, divergences, leapfrogs)
}

#[test]
fn trajectories_are_those_of_stans_recursion() {
    let normal = autoregressive(4, 0.8, 1.0);
    let diagonal = Metric::diagonal(vec![1.0, 0.5, 2.0, 1.0]).unwrap();
    let covariance = (0..16).map(|k| 0.5_f64.powi((k / 4_i32 - k % 4).abs())).collect();
    let dense = Metric::dense(covariance, 4).unwrap();
    let deep = Nuts::default();
    for metric in [&diagonal, &dense] {
        let half = agree(&normal, metric, 0.05, deep);
        let quarter = agree(&normal, metric, 0.05, Nuts { turn: Turn::Quarter, ..deep });
        assert!(half.0 >= 5 && quarter.2 < half.2 * 2 / 3, "{half:?} {quarter:?}");
        agree(&normal, metric, 0.7, deep);
        // The depth is cut.
        assert_eq!(agree(&normal, metric, 0.01, Nuts { max_depth: 3, ..deep }).0, 3);
    }
    for turn in [Turn::Half, Turn::Quarter] {
        agree(&eight_schools(), &Metric::diagonal(vec![1.0; 10]).unwrap(), 0.4, Nuts { turn, ..deep });
    }
    // A quartic well with a step at the limit of stability, which diverges now and then.
    let f = |x: &[f64], g: &mut [f64]| {
        g[0] = -x[0].powi(3);
        -0.25 * x[0].powi(4)
    };
    let (_, divergences, _) = agree(&Plain { dim: 1, f }, &Metric::diagonal(vec![1.0]).unwrap(), 1.9, deep);
    assert!(divergences > 10 && divergences < 900, "{divergences}");
}

fn short() -> NutsSettings {
    NutsSettings { warmup: 150, draws: 80, seed: 5, ..Default::default() }
}

#[test]
fn a_chain_draws_the_same_alone_and_beside_others() {
    let (density, settings) = (eight_schools(), short());
    let together = run(&density, &settings, &InitialMetric::Unit);
    for index in 0..4 {
        let start = UNIFORM.draw(&density, settings.seed, index, 0).unwrap();
        let mut chain = Chain::new(index, &settings, &start, &InitialMetric::Unit).unwrap();
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

/// Pauses a run a few hundred times, writes and reads it each time, and compares with one that ran through.
fn goes_on_bit_for_bit<K: Kernel>(settings: &SamplerSettings<K>) {
    let density = eight_schools();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    let whole = run(&density, settings, &InitialMetric::Unit);
    let mut broken = Sampler::new(&density, settings, UNIFORM, &InitialMetric::Unit).unwrap();
    let (mut rng, mut pauses) = (keyed(1, "pauses", 0), 0);
    while let Ending::Paused = Executor::new()
        .rounds(rng.random_range(0..100))
        .checkpoint(&path, std::time::Duration::from_secs(3600))
        .run(&density, &mut broken)
    {
        broken = checkpoint::load(&density, &path).unwrap();
        pauses += 1;
    }
    assert!(pauses > 10, "{pauses}");
    assert_eq!(broken.into_samples(), whole);
}

#[test]
fn a_run_written_to_disk_at_any_moment_goes_on_bit_for_bit() {
    for metric in [MetricKind::Diagonal, MetricKind::Dense] {
        goes_on_bit_for_bit(&NutsSettings { metric, step_jitter: 0.1, ..short() });
        goes_on_bit_for_bit(&NutsSettings {
            metric,
            metric_adaptation: ppl_infer::mcmc::MetricAdaptation::Pooled,
            ..short()
        });
        let kernel = Hmc { time: 1.0 };
        goes_on_bit_for_bit(&HmcSettings {
            kernel,
            metric,
            step_jitter: 0.1,
            warmup: 150,
            draws: 80,
            seed: 5,
            ..Default::default()
        });
    }
}

#[test]
fn a_file_that_is_no_checkpoint_of_this_engine_is_refused() {
    let density = eight_schools();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    let nuts = Sampler::new(&density, &short(), UNIFORM, &InitialMetric::Unit).unwrap();
    checkpoint::save::<Plain<fn(&[f64], &mut [f64]) -> f64>, _>(&nuts, &path).unwrap();
    assert!(checkpoint::load::<_, Sampler<Nuts>>(&density, &path).is_ok());
    let other = checkpoint::load::<_, Sampler<Hmc>>(&density, &path);
    assert!(matches!(other, Err(Error::CheckpointFormat { solver: "HMC", .. })));
    std::fs::write(&path, b"something else").unwrap();
    assert!(matches!(checkpoint::load::<_, Sampler<Nuts>>(&density, &path), Err(Error::CheckpointFormat { .. })));
    let none = checkpoint::load::<_, Sampler<Nuts>>(&density, &folder.path().join("none"));
    assert!(matches!(none, Err(Error::CheckpointFile { .. })));
}

/// Counts what it sees.
struct Count {
    highest: f64,
    rounds: u64,
    gradients: u64,
    warmup: usize,
    kept: usize,
    divergences: u64,
}

impl Observer for Count {
    fn on_round(&mut self, round: &Round) {
        self.rounds += 1;
        self.gradients += round.lanes as u64;
        assert_eq!((round.solver, round.gradients), ("NUTS", self.gradients));
        assert!(round.objective >= self.highest);
        self.highest = round.objective;
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

/// A normal that fails at call `last`, or at any call of several lanes.
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

impl Target for Faulty {}

#[test]
fn a_failing_density_ends_the_run_and_keeps_its_draws() {
    let settings = NutsSettings { draws: 100_000, ..short() };
    let density = Faulty { last: 3000, one_lane: false, calls: AtomicU64::new(0) };
    let starts = Starts::Given(vec![0.1, 0.2, 0.3, 0.4]);
    let (samples, ending) = run_from(&density, &settings, starts, &InitialMetric::Unit).unwrap();
    assert!(matches!(ending, Ending::Failed(Error::Density(_))));
    assert!(samples.common_draws() > 100);
    for chain in &samples.chains {
        assert_eq!(chain.draws.len(), chain.stats.len());
        assert!(chain.sampling_gradients >= chain.stats.iter().map(|s| u64::from(s.info.n_leapfrog)).sum());
    }
}

#[test]
fn an_error_of_many_lanes_is_an_error_and_not_tried_again() {
    let density = Faulty { last: u64::MAX, one_lane: true, calls: AtomicU64::new(0) };
    let (_, ending) = run_from(&density, &short(), UNIFORM, &InitialMetric::Unit).unwrap();
    assert!(matches!(ending, Ending::Failed(Error::Density(_))));
    assert_eq!(density.calls.into_inner(), 1);
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
    let settings = NutsSettings { draws: 1000, ..short() };
    let mut sampler = Sampler::new(&density, &settings, UNIFORM, &InitialMetric::Unit).unwrap();
    let ending = Executor::new().stop(&flag).observe(Stop(&flag, 0)).run(&density, &mut sampler);
    assert!(matches!(ending, Ending::Stopped));
    let kept: usize = sampler.into_samples().chains.iter().map(|chain| chain.len()).sum();
    // The round in which the flag was set is finished: up to three more chains may end a transition in it.
    assert!((100..=103).contains(&kept), "{kept}");
}

#[test]
fn an_observer_sees_every_draw_and_every_gradient() {
    let (density, settings) = (eight_schools(), short());
    let mut count = Count { highest: f64::NEG_INFINITY, rounds: 0, gradients: 0, warmup: 0, kept: 0, divergences: 0 };
    let mut sampler = Sampler::new(&density, &settings, UNIFORM, &InitialMetric::Unit).unwrap();
    let ending = Executor::new().observe(&mut count).run(&density, &mut sampler);
    assert!(matches!(ending, Ending::Finished));
    let samples = sampler.into_samples();
    let (warmup, sampling) = samples.gradients();
    assert_eq!((count.warmup, count.kept), (600, 320));
    assert_eq!(count.gradients, warmup + sampling);
    let leapfrogs = samples.chains.iter().flat_map(|c| &c.stats).map(|s| u64::from(s.info.n_leapfrog)).sum::<u64>();
    assert_eq!(sampling, leapfrogs);
    assert_eq!(count.divergences, samples.divergences() as u64);
    // Chains do not wait: there are as many rounds as the busiest chain has gradients.
    let busiest = samples.chains.iter().map(|c| c.warmup_gradients + c.sampling_gradients).max();
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
    let divergent = samples.chains.iter().flat_map(|c| &c.stats).filter(|s| s.info.diverging).count();
    assert_eq!(divergent, samples.divergences());
    assert!(samples.chains.iter().all(|chain| chain.draws.iter().all(|x| *x <= 0.5)));
}

#[test]
fn what_cannot_run_is_refused_with_its_reason() {
    let density = autoregressive(2, 0.5, 1.0);
    let starts = [0.0; 8];
    let refused = |settings: &NutsSettings, starts: &[f64], metric| {
        run_from(&density, settings, Starts::Given(starts.to_vec()), &metric).unwrap_err()
    };
    let error = refused(&short(), &starts[..7], InitialMetric::Unit);
    assert!(matches!(error, Error::Length { expected: 8, got: 7, .. }));
    let error = refused(&short(), &starts, InitialMetric::Diagonal(vec![1.0]));
    assert!(matches!(error, Error::Length { expected: 2, got: 1, .. }));
    let error = refused(&NutsSettings { draws: 0, ..short() }, &starts, InitialMetric::Unit);
    assert!(matches!(error, Error::Setting { name: "draws", .. }));
    let none = Plain { dim: 0, f: |_: &[f64], _: &mut [f64]| 0.0 };
    let error = run_from(&none, &short(), UNIFORM, &InitialMetric::Unit).unwrap_err();
    assert!(matches!(error, Error::NothingToSample));
    // A sampler meets a density of another length.
    let mut sampler = Sampler::new(&density, &short(), UNIFORM, &InitialMetric::Unit).unwrap();
    let ending = Executor::new().run(&eight_schools(), &mut sampler);
    assert!(matches!(ending, Ending::Failed(Error::Length { expected: 10, got: 2, .. })));
}

#[test]
fn a_chain_that_cannot_go_on_leaves_the_others_alone() {
    let density = autoregressive(2, 0.5, 1.0);
    let far = Starts::Given(vec![0.0, 0.0, f64::INFINITY, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let (samples, ending) = run_from(&density, &short(), far, &InitialMetric::Unit).unwrap();
    assert!(matches!(ending, Ending::Finished));
    let failures: Vec<_> = samples.failures().collect();
    assert!(matches!(failures[..], [(1, ChainFailure::NotFinite { .. })]), "{failures:?}");
    assert_eq!(samples.common_draws(), 80);
    // The flat density is improper: every step is accepted.
    let f = |_: &[f64], g: &mut [f64]| {
        g.fill(0.0);
        0.0
    };
    let (samples, _) = run_from(&Plain { dim: 2, f }, &short(), UNIFORM, &InitialMetric::Unit).unwrap();
    assert!(samples.failures().all(|(_, failure)| matches!(failure, ChainFailure::StepTooLong { .. })));
    assert_eq!((samples.failures().count(), samples.common_draws()), (4, 0));
}
