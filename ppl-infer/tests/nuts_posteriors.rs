//! NUTS and HMC on densities whose answers are known: means, deviations and quantiles, and how many gradients they cost.

mod nuts_densities;

use nuts_densities::{Plain, autoregressive, eight_schools, ill_scaled, normals, run, run_from};
use ppl_infer::{
    Target,
    diagnostics::{ess_bulk, mcse_mean, mcse_quantile, mcse_sd, mean, quantile, rhat, sd},
    mcmc::{Hmc, HmcSettings, InitialMetric, MetricAdaptation, MetricKind, Nuts, NutsSettings, Samples, Starts, Turn},
};
use std::f64::consts::PI;

/// What is known of one parameter.
struct Truth {
    mean: f64,
    sd: f64,
    /// The quantiles at 0.05 and 0.95.
    quantiles: Option<[f64; 2]>,
}

impl Truth {
    fn normal(sd: f64) -> Self {
        let q95 = 1.644_853_626_951_472_7 * sd;
        Self { mean: 0.0, sd, quantiles: Some([-q95, q95]) }
    }
}

/// The draws of one parameter, as the diagnostics want them.
fn chains(samples: &Samples, index: usize) -> Vec<Vec<f64>> {
    samples.parameter(index)
}

/// Every known number within four Monte Carlo standard errors. Of the 700 here a normal z puts 0.04 outside; over 200 seeds the z of
/// these runs have rms 0.96 to 1.11 (the quantiles' are the wider), so the seed is fixed to one without an outlier.
fn check(name: &str, samples: &Samples, truths: &[Truth]) {
    assert_eq!(samples.dim, truths.len());
    for (index, truth) in truths.iter().enumerate() {
        let chains = chains(samples, index);
        let slices: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        let all = chains.concat();
        assert!(rhat(&slices) < 1.03, "{name}[{index}]: R-hat {}", rhat(&slices));
        let near = |what: &str, found: f64, truth: f64, error: f64| {
            let z = (found - truth) / error;
            assert!(z.abs() < 4.0, "{name}[{index}] {what}: {found} for {truth}, z = {z}");
        };
        near("mean", mean(&all), truth.mean, mcse_mean(&slices));
        near("sd", sd(&all), truth.sd, mcse_sd(&slices));
        for (p, truth) in [0.05, 0.95].into_iter().zip(truth.quantiles.into_iter().flatten()) {
            near("quantile", quantile(&all, p), truth, mcse_quantile(&slices, p));
        }
    }
}

/// Runs a density under both metrics, both adaptations, with trajectories of a quarter of a turn and by static HMC, and checks each.
fn battery(name: &str, density: &impl Target, truths: &[Truth]) {
    use MetricAdaptation::{DrawGradient, Hybrid, Stan};
    use MetricKind::{Dense, Diagonal};
    for (metric, metric_adaptation) in
        [(Diagonal, Stan), (Diagonal, DrawGradient), (Diagonal, Hybrid), (Dense, Stan), (Dense, DrawGradient)]
    {
        let settings = NutsSettings { metric, metric_adaptation, seed: 1, ..Default::default() };
        check(
            &format!("{name} {metric:?} {metric_adaptation:?}"),
            &run(density, &settings, &InitialMetric::Unit),
            truths,
        );
    }
    let kernel = Nuts { turn: Turn::Quarter, ..Nuts::default() };
    let settings = NutsSettings { kernel, metric: Dense, target_accept: 0.65, seed: 1, ..Default::default() };
    check(&format!("{name} quarter"), &run(density, &settings, &InitialMetric::Unit), truths);
    // A quarter of the period of a unit normal: with the metric tuned, nearly independent draws. The jitter keeps trajectories
    // of one length from resonances.
    let kernel = Hmc { time: 0.5 * PI };
    let settings =
        HmcSettings { kernel, metric_adaptation: DrawGradient, step_jitter: 0.2, seed: 1, ..Default::default() };
    check(&format!("{name} HMC"), &run(density, &settings, &InitialMetric::Unit), truths);
}

fn normal_truths(sds: &[f64]) -> Vec<Truth> {
    sds.iter().map(|sd| Truth::normal(*sd)).collect()
}

#[test]
fn standard_normals_are_sampled() {
    for dim in [1, 2, 5, 10] {
        battery("normal", &normals(vec![1.0; dim]), &normal_truths(&vec![1.0; dim]));
    }
}

#[test]
fn ill_scaled_normals_are_sampled() {
    battery("ill-scaled", &normals(ill_scaled()), &normal_truths(&ill_scaled()));
}

#[test]
fn correlated_normals_are_sampled() {
    battery("correlated", &autoregressive(5, 0.9, 3.0), &normal_truths(&[3.0; 5]));
}

#[test]
fn tails_heavier_than_normal_are_sampled() {
    // Student's t with 10 degrees of freedom, and the logistic distribution.
    let f = |x: &[f64], g: &mut [f64]| {
        let t = x[0] * x[0] / 10.0;
        g[0] = -1.1 * x[0] / (1.0 + t);
        g[1] = -(0.5 * x[1]).tanh();
        -5.5 * t.ln_1p() - x[1].abs() - 2.0 * (-x[1].abs()).exp().ln_1p()
    };
    let (q_student, q_logistic) = (1.812_461_122_811_676, 19.0_f64.ln());
    let truths = [
        Truth { mean: 0.0, sd: 1.25_f64.sqrt(), quantiles: Some([-q_student, q_student]) },
        Truth { mean: 0.0, sd: PI / 3.0_f64.sqrt(), quantiles: Some([-q_logistic, q_logistic]) },
    ];
    battery("tails", &Plain { dim: 2, f }, &truths);
}

#[test]
fn a_bent_density_is_sampled() {
    // x ~ N(0, 1), y ~ N(x^2 / 2, 1): y has mean 1/2 and variance 1 + 2/4.
    let f = |x: &[f64], g: &mut [f64]| {
        let d = x[1] - 0.5 * x[0] * x[0];
        g[0] = x[0] * d - x[0];
        g[1] = -d;
        -0.5 * (x[0] * x[0] + d * d)
    };
    battery(
        "bent",
        &Plain { dim: 2, f },
        &[Truth::normal(1.0), Truth { mean: 0.5, sd: 1.5_f64.sqrt(), quantiles: None }],
    );
}

/// Moments of mu and log tau of the eight schools, by quadrature: given tau, mu is normal and the schools integrate out.
fn eight_schools_truth() -> [Truth; 2] {
    const Y: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    const SIGMA: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let (mut total, mut mu, mut log_tau) = (0.0, [0.0; 2], [0.0; 2]);
    for k in 0..20_000 {
        let t = -16.0 + 24.0 * (f64::from(k) + 0.5) / 20_000.0;
        let tau2 = (2.0 * t).exp();
        let (mut precision, mut shift, mut logp) = (1.0 / 25.0, 0.0, t - (tau2 / 25.0).ln_1p());
        for (y, sigma) in Y.iter().zip(SIGMA) {
            let w = 1.0 / (sigma * sigma + tau2);
            precision += w;
            shift += w * y;
            logp += 0.5 * w.ln() - 0.5 * w * y * y;
        }
        let m = shift / precision;
        let weight = (logp + 0.5 * shift * m - 0.5 * precision.ln()).exp();
        total += weight;
        mu[0] += weight * m;
        mu[1] += weight * (m * m + 1.0 / precision);
        log_tau[0] += weight * t;
        log_tau[1] += weight * t * t;
    }
    [mu, log_tau].map(|moments| {
        let mean = moments[0] / total;
        Truth { mean, sd: (moments[1] / total - mean * mean).sqrt(), quantiles: None }
    })
}

#[test]
fn eight_schools_cost_no_more_gradients_than_in_stan() {
    let (mut ess, mut gradients, seeds) = (0.0, 0, 5);
    for seed in 0..seeds {
        let settings = NutsSettings { seed, ..Default::default() };
        let samples = run(&eight_schools(), &settings, &InitialMetric::Unit);
        let bulk = |index| {
            let chains = chains(&samples, index);
            ess_bulk(&chains.iter().map(Vec::as_slice).collect::<Vec<_>>())
        };
        ess += (0..10).map(bulk).fold(f64::INFINITY, f64::min);
        gradients += samples.gradients().1;
        if seed == 0 {
            // mu and log tau alone.
            let pick = |draws: &[f64]| draws.chunks_exact(10).flat_map(|draw| [draw[8], draw[9]]).collect();
            let mut picked = samples.clone();
            picked.dim = 2;
            picked.chains.iter_mut().for_each(|chain| chain.draws = pick(&chain.draws));
            check("eight schools", &picked, &eight_schools_truth());
        }
    }
    // Stan, same model and settings: least bulk ESS per gradient of sampling 0.0605. The mean of five runs scatters by 4%.
    let per_gradient = ess / gradients as f64;
    assert!(per_gradient > 0.0605, "{per_gradient}");
}

/// Gradients per draw.
fn effort(samples: &Samples) -> f64 {
    samples.gradients().1 as f64 / (samples.chains.len() * samples.common_draws()) as f64
}

#[test]
fn a_given_covariance_is_used_from_the_first_step_and_not_spoilt() {
    // Narrow and correlated, like a lens: sd 1e-3, correlations 0.9^k.
    let (dim, rho, scale) = (30, 0.9_f64, 1e-3);
    let density = autoregressive(dim, rho, scale);
    let entry = |k: usize| scale * scale * rho.powi((k / dim).abs_diff(k % dim) as i32);
    let initial = InitialMetric::Dense((0..dim * dim).map(entry).collect());
    use MetricAdaptation::{DrawGradient, Fixed, Pooled, Stan};
    for metric_adaptation in [Fixed, Stan, DrawGradient, Pooled] {
        let settings =
            NutsSettings { warmup: 300, metric: MetricKind::Dense, metric_adaptation, seed: 8, ..Default::default() };
        let starts = Starts::Given(vec![scale; 4 * dim]);
        let (samples, _) = run_from(&density, &settings, starts, &initial).unwrap();
        check("given", &samples, &normal_truths(&vec![scale; dim]));
        // With its true covariance a normal of this size takes 7 leapfrogs a draw; one adapted from 100 draws may take 15.
        assert!(effort(&samples) < 12.0, "{metric_adaptation:?}: {}", effort(&samples));
        assert!(samples.gradients().0 < 4 * 300 * 15, "{:?}", samples.gradients());
    }
}

#[test]
fn chains_that_pool_mend_a_bad_covariance_in_fifty_transitions() {
    // Given the unit covariance, too wide by 9 in some directions and too narrow by 9 in others of a correlated normal.
    let (dim, rho) = (30, 0.7_f64);
    let density = autoregressive(dim, rho, 1.0);
    let entry = |k: usize| if k / dim == k % dim { [9.0, 1.0, 1.0 / 9.0][k % 3] } else { 0.0 };
    let initial = InitialMetric::Dense((0..dim * dim).map(entry).collect());
    let efforts =
        [MetricAdaptation::Fixed, MetricAdaptation::Stan, MetricAdaptation::Pooled].map(|metric_adaptation| {
            let dense = NutsSettings { metric: MetricKind::Dense, metric_adaptation, seed: 3, ..Default::default() };
            let settings = NutsSettings { warmup: 50, draws: 500, ..dense };
            let (samples, _) = run_from(&density, &settings, Starts::Given(vec![0.5; 4 * dim]), &initial).unwrap();
            check("pooled", &samples, &normal_truths(&vec![1.0; dim]));
            effort(&samples)
        });
    println!("leapfrogs a draw: fixed, Stan's, pooled: {efforts:?}");
    // The true covariance takes 7.
    assert!(efforts[2] < 9.0 && efforts[2] < 0.4 * efforts[0] && efforts[2] < 0.6 * efforts[1], "{efforts:?}");
}

#[test]
fn a_chain_that_fails_keeps_nobody_waiting() {
    let density = normals(vec![1.0, 2.0]);
    let mut starts = vec![0.5; 8];
    starts[2] = f64::NAN;
    let metric_adaptation = MetricAdaptation::Pooled;
    let settings = NutsSettings { warmup: 60, draws: 50, metric_adaptation, ..Default::default() };
    let (samples, _) = run_from(&density, &settings, Starts::Given(starts), &InitialMetric::Unit).unwrap();
    let drawn: Vec<usize> = samples.chains.iter().map(|chain| chain.len()).collect();
    assert_eq!(drawn, [50, 0, 50, 50]);
    assert!(samples.chains[1].failure.is_some());
    assert_eq!(samples.chains[0].metric, samples.chains[3].metric);
}

#[test]
fn warm_up_finds_step_and_scales() {
    let metric_adaptation = MetricAdaptation::DrawGradient;
    let settings = NutsSettings { seed: 4, metric_adaptation, ..Default::default() };
    let samples = run(&normals(ill_scaled()), &settings, &InitialMetric::Unit);
    for chain in &samples.chains {
        let stat = chain.stats.iter().map(|s| s.info.accept_stat).sum::<f64>() / chain.len() as f64;
        // Dual averaging ends above its target as a rule; the mean scatters by 0.02 from chain to chain.
        assert!((0.75..0.93).contains(&stat), "acceptance {stat}");
        for (variance, sd) in chain.metric.variances().iter().zip(ill_scaled()) {
            // Exact for independent normals: draws and gradients are proportional.
            assert!((variance / (sd * sd) - 1.0).abs() < 1e-9, "{variance} for {}", sd * sd);
        }
        assert!(chain.stats.iter().all(|s| s.step_size == chain.step_size));
    }
}
