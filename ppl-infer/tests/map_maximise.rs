//! MAP finds maxima: alone and in lanes, ill-conditioned, noisy, many-peaked, and past points that are not finite.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ppl_core::LogDensity;
use ppl_infer::map::{
    Adam, AdamSettings, Lbfgs, LbfgsSettings, Map, MapResult, MapSettings, Optimizer, OptimizerSettings, Pruning,
    Reason, maximise, maximise_with,
};
use ppl_infer::observer::{Observer, Round};
use ppl_infer::{Ending, Error, Executor, checkpoint};

mod map_densities;
use map_densities::{Gaussian, density};

fn best_of(density: &impl LogDensity, starts: &[f64], settings: &MapSettings) -> MapResult {
    maximise(density, starts, settings).expect("a finite start")
}

fn lbfgs(settings: LbfgsSettings) -> MapSettings {
    MapSettings { optimizer: OptimizerSettings::Lbfgs(settings), pruning: None }
}

fn adam(settings: AdamSettings) -> MapSettings {
    MapSettings { optimizer: OptimizerSettings::Adam(settings), pruning: None }
}

fn rosenbrock(q: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut f = 0.0;
    for i in 0..q.len() - 1 {
        let (a, b) = (1.0 - q[i], q[i + 1] - q[i] * q[i]);
        f += a * a + 100.0 * b * b;
        g[i] += 2.0 * a + 400.0 * q[i] * b;
        g[i + 1] -= 200.0 * b;
    }
    -f
}

fn beale(q: &[f64], g: &mut [f64]) -> f64 {
    let (a, b) = (q[0], q[1]);
    let mut f = 0.0;
    g.fill(0.0);
    for (k, c) in [1.5, 2.25, 2.625].into_iter().enumerate() {
        let n = k as i32 + 1;
        let r = c - a + a * b.powi(n);
        f += r * r;
        g[0] -= 2.0 * r * (b.powi(n) - 1.0);
        g[1] -= 2.0 * r * f64::from(n) * a * b.powi(n - 1);
    }
    -f
}

fn powell(x: &[f64], g: &mut [f64]) -> f64 {
    let [a, b, c, d] = [x[0], x[1], x[2], x[3]];
    let f = (a + 10.0 * b).powi(2) + 5.0 * (c - d).powi(2) + (b - 2.0 * c).powi(4) + 10.0 * (a - d).powi(4);
    let (p, q) = (2.0 * (a + 10.0 * b), 10.0 * (c - d));
    let (r, s) = (4.0 * (b - 2.0 * c).powi(3), 40.0 * (a - d).powi(3));
    g.copy_from_slice(&[-(p + s), -(10.0 * p + r), -(q - 2.0 * r), q + s]);
    -f
}

/// 20 coefficients, 200 made-up observations, standard normal prior.
fn logistic(x: &[f64], g: &mut [f64]) -> f64 {
    let mut logp = 0.0;
    for (g, x) in g.iter_mut().zip(x) {
        *g = -x;
        logp -= 0.5 * x * x;
    }
    for i in 0..200 {
        let row = |j: usize| (0.37 * f64::from((i + 1) * (j as i32 + 1))).sin() * (-(j as f64) / 4.0).exp2();
        let y = if i % 3 == 0 { 1.0 } else { 0.0 };
        let eta: f64 = x.iter().enumerate().map(|(j, x)| row(j) * x).sum();
        logp -= eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta;
        let residual = y - 1.0 / (1.0 + (-eta).exp());
        g.iter_mut().enumerate().for_each(|(j, g)| *g += residual * row(j));
    }
    logp
}

fn ill_conditioned(q: &[f64], g: &mut [f64]) -> f64 {
    let mut logp = 0.0;
    for (i, (g, q)) in g.iter_mut().zip(q).enumerate() {
        let c = 1e6_f64.powf(i as f64 / 19.0);
        *g = -c * q;
        logp -= 0.5 * c * q * q;
    }
    logp
}

/// With SciPy's memory of 10 steps and with ours. Gradients until |g|_inf <= 1e-6 max(1, |f|), by SciPy 1.17.1's L-BFGS-B (scripts/golden/lbfgs_counts.py):
///
/// | rosenbrock 2 | rosenbrock 10 | quadratic 1e6 | beale | powell | logistic |
/// |--------------|---------------|---------------|-------|--------|----------|
/// | 45           | 93            | 5366          | 17    | 52     | 28       |
#[test]
fn lbfgs_needs_no_more_than_half_again_the_gradients_of_scipy() {
    type F = fn(&[f64], &mut [f64]) -> f64;
    let cases: [(&str, F, Vec<f64>, usize); 6] = [
        ("rosenbrock 2", rosenbrock, vec![-1.2, 1.0], 45),
        ("rosenbrock 10", rosenbrock, [-1.2, 1.0].repeat(5), 93),
        ("quadratic 1e6", ill_conditioned, vec![1.0; 20], 5366),
        ("beale", beale, vec![1.0, 0.8], 17),
        ("powell", powell, vec![3.0, -1.0, 0.0, 1.0], 52),
        ("logistic", logistic, vec![2.0; 20], 28),
    ];
    // Only the gradient rule, as the script counts; f64 functions, so no noise.
    let rule = LbfgsSettings {
        tol_grad: 1e-6,
        tol_gain: 0.0,
        tol_logp: 0.0,
        noise: 0.0,
        max_iterations: 5000,
        ..Default::default()
    };
    for memory in [10, rule.memory] {
        for (name, f, start, scipy) in &cases {
            let best = best_of(&density(start.len(), f), start, &lbfgs(LbfgsSettings { memory, ..rule }));
            println!("memory {memory:3}, {name:14} ours {:5} SciPy {scipy:5}", best.gradient_count);
            assert_eq!(best.reason, Reason::Gradient, "{name}");
            assert!(2 * best.gradient_count <= 3 * scipy, "{name}: {} gradients, SciPy {scipy}", best.gradient_count);
        }
    }
}

#[test]
fn lbfgs_with_its_defaults_finds_rosenbrock_s_maximum() {
    for dim in [2, 10] {
        let best = best_of(&density(dim, rosenbrock), &[-1.2, 1.0].repeat(dim / 2), &MapSettings::default());
        assert!(best.converged, "{:?}", best.reason);
        // 1e-9 nats of promised gain and the least curvature of about 0.4: sqrt(2e-9 / 0.4) = 7e-5.
        assert!(best.position.iter().all(|x| (x - 1.0).abs() < 1e-4), "{:?}", best.position);
    }
}

#[test]
fn lbfgs_with_its_defaults_finds_the_mean_of_a_gaussian_of_condition_1e6() {
    let gaussian = Gaussian::new(20, 1e6, 0.0, 1);
    let best = best_of(&density(20, |q, g| gaussian.logp_and_grad(q, g)), &[0.0; 20], &MapSettings::default());
    assert!(best.converged, "{:?}", best.reason);
    // Within a thousandth of a standard deviation (0.5e-6 nats).
    assert!(best.logp > -0.5e-6, "{} after {}", best.logp, best.gradient_count);
}

#[test]
fn lbfgs_stops_where_single_precision_shows_no_more() {
    for seed in 0..10 {
        let gaussian = Gaussian::new(20, 1e6, -1e4, seed);
        let best =
            best_of(&density(20, |q, g| gaussian.in_single_precision(q, g)), &[0.0; 20], &MapSettings::default());
        let exact = gaussian.logp_and_grad(&best.position, &mut [0.0; 20]);
        println!("seed {seed}: {} gradients, {:?}, {:.1e} nats below", best.gradient_count, best.reason, -1e4 - exact);
        assert!(best.converged, "{:?}", best.reason);
        assert!(best.gradient_count < 200, "{}", best.gradient_count);
        // f32 resolves 1e4 to 1e-3, and some tens of that may be left: a quarter of a standard deviation, which the Newton steps
        // of the Laplace approximation make up for.
        assert!(exact > -1e4 - 0.03, "{}", exact + 1e4);
    }
}

#[test]
fn adam_finds_rosenbrock_s_maximum() {
    let settings = AdamSettings { learning_rate: 0.02, final_learning_rate: Some(1e-4), ..Default::default() };
    let best = best_of(&density(2, rosenbrock), &[-1.2, 1.0], &adam(settings));
    assert!(best.converged, "{:?} {best:?}", best.reason);
    assert!(best.position.iter().all(|x| (x - 1.0).abs() < 1e-3), "{:?}", best.position);
}

#[test]
fn adam_does_not_mind_a_condition_of_1e6_along_the_axes() {
    // The widest coordinate starts one unit away: 1000 of the first steps.
    let settings = AdamSettings { learning_rate: 0.03, final_learning_rate: Some(1e-7), ..Default::default() };
    let best = best_of(&density(20, ill_conditioned), &[1.0; 20], &adam(settings));
    assert!(best.converged && best.logp > -1e-6, "{:?} {}", best.reason, best.logp);
}

#[test]
fn adam_keeps_its_highest_point_and_walks_around_a_hole() {
    // A hole in the support between the start and the maximum at 0: logp is NaN there.
    let holed = density(2, |q: &[f64], g: &mut [f64]| {
        if q[0] > 1.0 && q[0] < 1.5 && q[1].abs() < 0.2 {
            return f64::NAN;
        }
        g.copy_from_slice(&[-q[0], -q[1]]);
        -0.5 * (q[0] * q[0] + q[1] * q[1])
    });
    /// The objective of an optimizer is the best it has seen.
    struct NeverFalls(f64);
    impl Observer for NeverFalls {
        fn on_round(&mut self, round: &Round) {
            assert!(round.objective >= self.0, "the best never falls");
            self.0 = round.objective;
        }
    }
    let mut executor = Executor::new().observe(NeverFalls(f64::NEG_INFINITY));
    let settings = adam(AdamSettings { learning_rate: 0.1, ..Default::default() });
    let best = maximise_with(&holed, &[2.0, 0.3], &settings, &mut executor).unwrap();
    assert!(best.logp.is_finite() && best.logp >= -0.5 * (4.0 + 0.09), "{best:?}");
}

/// Nine Gaussian peaks on a grid 6 apart; the middle of the right edge is the highest.
fn peaks(q: &[f64], g: &mut [f64]) -> f64 {
    let terms: Vec<(f64, [f64; 2])> = (0..9)
        .map(|k| {
            let (dx, dy) = (q[0] - 6.0 * f64::from(k % 3), q[1] - 6.0 * f64::from(k / 3));
            let height = if k == 5 { 1.0 } else { 0.2 + 0.05 * f64::from(k) };
            (f64::ln(height) - 0.5 * (dx * dx + dy * dy), [dx, dy])
        })
        .collect();
    let top = terms.iter().fold(f64::NEG_INFINITY, |top, t| top.max(t.0));
    let total: f64 = terms.iter().map(|t| (t.0 - top).exp()).sum();
    g.fill(0.0);
    for (log, [dx, dy]) in &terms {
        let weight = (log - top).exp() / total;
        g[0] -= weight * dx;
        g[1] -= weight * dy;
    }
    top + total.ln()
}

/// 64 starts over the grid of [`peaks`].
fn many_starts() -> Vec<f64> {
    (0..64).flat_map(|i| [f64::from(i % 8) * 2.0 - 1.0, f64::from(i / 8) * 2.0 - 1.3]).collect()
}

#[test]
fn many_starts_find_the_highest_of_many_peaks() {
    let best = best_of(&density(2, peaks), &many_starts(), &MapSettings::default());
    assert!(best.converged && (best.position[0] - 12.0).abs() < 1e-3 && (best.position[1] - 6.0).abs() < 1e-3);
    assert_eq!(best.lanes.len(), 64);
    assert!(best.lanes.is_sorted_by(|a, b| a.logp >= b.logp));
    assert!(best.lanes.iter().all(|lane| lane.reason.converged()));
    assert!(best.lanes[63].logp < best.logp - 0.5, "the other peaks are found too");
}

#[test]
fn pruning_saves_gradients_and_keeps_the_winner() {
    let all = best_of(&density(2, peaks), &many_starts(), &MapSettings::default());
    let settings = MapSettings { pruning: Some(Pruning { after: 4, keep: 0.25, at_least: 2 }), ..Default::default() };
    let some = best_of(&density(2, peaks), &many_starts(), &settings);
    assert_eq!((some.lanes[0].lane, &some.position), (all.lanes[0].lane, &all.position));
    assert!(3 * some.gradient_count < 2 * all.gradient_count, "{} {}", some.gradient_count, all.gradient_count);
    assert!(some.lanes.iter().filter(|lane| lane.reason == Reason::Pruned).count() >= 40);
}

#[test]
fn lanes_together_end_where_they_end_alone_to_the_bit() {
    for settings in [MapSettings::default(), adam(AdamSettings { max_iterations: 300, ..Default::default() })] {
        let starts = many_starts();
        let together = best_of(&density(2, peaks), &starts, &settings);
        for end in &together.lanes {
            let alone = best_of(&density(2, peaks), &starts[2 * end.lane..2 * end.lane + 2], &settings);
            assert_eq!((&alone.position, alone.logp, alone.reason), (&end.position, end.logp, end.reason));
            assert_eq!(alone.gradient_count, end.gradient_count);
        }
    }
}

#[test]
fn a_lane_that_is_not_finite_is_dropped_and_the_others_go_on() {
    let calls = Cell::new(0);
    let half = density(2, |q: &[f64], g: &mut [f64]| {
        calls.set(calls.get() + 1);
        if q[0] < -5.0 {
            g.fill(f64::NAN);
            return f64::NAN;
        }
        rosenbrock(q, g)
    });
    let best = best_of(&half, &[-6.0, 0.0, -1.2, 1.0, -7.0, 1.0], &MapSettings::default());
    assert!(best.converged && (best.position[0] - 1.0).abs() < 1e-4);
    assert_eq!(best.lanes.iter().map(|l| l.lane).collect::<Vec<_>>(), [1, 0, 2]);
    for lane in &best.lanes[1..] {
        assert_eq!((lane.reason, lane.gradient_count, lane.logp), (Reason::NonFinite, 1, f64::NEG_INFINITY));
    }
    assert_eq!(calls.get(), best.gradient_count, "a dropped lane costs nothing more");
}

#[test]
fn a_support_with_an_edge_next_to_the_maximum_is_no_obstacle() {
    // logp = ln(1 - x) + 50 x on x < 1: the maximum at 0.98 is 0.02 from where the density ends, and the first step overshoots.
    let edge = density(1, |q: &[f64], g: &mut [f64]| {
        g[0] = 50.0 - 1.0 / (1.0 - q[0]);
        if q[0] < 1.0 { (1.0 - q[0]).ln() + 50.0 * q[0] } else { f64::NEG_INFINITY }
    });
    let best = best_of(&edge, &[-3.0], &MapSettings::default());
    assert!(best.converged && (best.position[0] - 0.98).abs() < 1e-6, "{best:?}");
}

#[test]
fn a_wrong_gradient_is_not_called_convergence() {
    let wrong = density(2, |q: &[f64], g: &mut [f64]| {
        g.copy_from_slice(&[q[0] + 3.0, q[1] - 5.0]);
        -0.5 * (q[0] * q[0] + q[1] * q[1])
    });
    let best = best_of(&wrong, &[1.0, 1.0], &MapSettings::default());
    assert_eq!((best.converged, best.reason), (false, Reason::Stalled));
}

#[test]
fn a_budget_ends_the_fit_and_keeps_what_there_is() {
    let (settings, mut executor) = (MapSettings::default(), Executor::new().rounds(5));
    let best = maximise_with(&density(2, rosenbrock), &[-1.2, 1.0, 0.0, 0.0], &settings, &mut executor).unwrap();
    assert_eq!((best.gradient_count, best.reason, best.converged), (10, Reason::Stopped, false));
    assert_eq!(executor.spent(), 10);
    let stopped = AtomicBool::new(true);
    let mut executor = Executor::new().stop(&stopped);
    let early = maximise_with(&density(2, rosenbrock), &[-1.2, 1.0], &settings, &mut executor);
    assert!(matches!(early, Err(Error::StoppedEarly)));
    assert!(best.logp > -24.2);
}

/// Pauses a fit every third round, writes and reads it, and compares with one that ran through.
fn goes_on_bit_for_bit<O: Optimizer + PartialEq + std::fmt::Debug>(settings: &O::Settings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.checkpoint");
    let (density, starts) = (density(2, peaks), many_starts());
    let pruning = Some(Pruning { after: 20, keep: 0.5, at_least: 2 });
    let mut whole = Map::<O>::new(2, &starts, settings, pruning).unwrap();
    assert!(matches!(Executor::new().run(&density, &mut whole), Ending::Finished));
    let (mut broken, mut pauses) = (Map::<O>::new(2, &starts, settings, pruning).unwrap(), 0);
    let mut executor = Executor::new().rounds(3).checkpoint(&path, Duration::from_secs(3600));
    while let Ending::Paused = executor.run(&density, &mut broken) {
        broken = checkpoint::load(&density, &path).unwrap();
        pauses += 1;
    }
    assert!(pauses > 3, "{pauses}");
    // A NaN is not equal to itself, and a lane may hold one: compare the bytes.
    assert_eq!(format!("{broken:?}"), format!("{whole:?}"));
}

#[test]
fn a_fit_written_to_disk_at_any_round_goes_on_bit_for_bit() {
    goes_on_bit_for_bit::<Lbfgs>(&LbfgsSettings::default());
    goes_on_bit_for_bit::<Adam>(&AdamSettings { max_iterations: 100, ..Default::default() });
}

#[test]
fn mistakes_are_refused_with_their_numbers() {
    let go = |starts: &[f64]| maximise(&density(2, rosenbrock), starts, &MapSettings::default());
    assert!(matches!(go(&[1.0, 2.0, 3.0]), Err(Error::Starts { dim: 2, got: 3 })));
    assert!(matches!(go(&[]), Err(Error::Starts { dim: 2, got: 0 })));
    assert!(matches!(go(&[f64::NAN, 0.0, f64::INFINITY, 0.0]), Err(Error::NoFiniteStart { lanes: 2 })));
}
