//! Metrics: what the ways to tune the metric cost, over posteriors of posteriordb, a horseshoe and Neal's funnel.
//!
//! `cargo run --release --example metrics [SEEDS] [NAME..]` prints the table of docs/samplers.md: least bulk ESS over the unconstrained
//! scalars a gradient of sampling, both summed over the seeds 0, 1, .. (3 unless told), by tuning. Names are parts of
//! those of posteriors; without one it is all of them. Reference data by `ARCLET_DATA`.

#[path = "../tests/posteriordb/mod.rs"]
mod posteriordb;

use arclet::core::ModelDensity;
use arclet::infer::diagnostics::ess_bulk;
use arclet::infer::mcmc::{MetricAdaptation, NutsSettings};
use arclet::infer::target::FnDensity;
use arclet::infer::{Executor, Target, sample_with};
use posteriordb::models::POSTERIORS;
use posteriordb::reader::{data, stan_efficiency};
use rayon::prelude::*;

const TUNINGS: [(&str, MetricAdaptation); 3] = [
    ("stan", MetricAdaptation::Stan),
    ("draw_gradient", MetricAdaptation::DrawGradient),
    ("hybrid", MetricAdaptation::Hybrid),
];

/// Neal's funnel: v ~ N(0, 3), nine x ~ N(0, e^(v/2)).
fn funnel(x: &[f64], g: &mut [f64]) -> f64 {
    let (v, precision) = (x[0], (-x[0]).exp());
    let sum: f64 = x[1..].iter().map(|x| x * x).sum();
    let n = (x.len() - 1) as f64;
    g[0] = -v / 9.0 - 0.5 * n + 0.5 * precision * sum;
    g[1..].iter_mut().zip(&x[1..]).for_each(|(g, x)| *g = -precision * x);
    -v * v / 18.0 - 0.5 * n * v - 0.5 * precision * sum
}

/// Coefficients of the horseshoe, of which the first five are not zero, and observations.
const COEFFICIENTS: usize = 30;
const OBSERVATIONS: usize = 60;

/// A regression under the horseshoe prior (Carvalho, Polson & Scott 2010), non-centred: z ~ N(0, 1), lambda, tau ~ HalfCauchy(1),
/// beta = z lambda tau, y ~ N(X beta, 1); scales by their logarithms.
fn horseshoe() -> impl Fn(&[f64], &mut [f64]) -> f64 {
    let wave = |i: usize, j: usize| (0.7 * ((i + 1) * (j + 2)) as f64 + 0.3 * (i * i) as f64).sin();
    let design: Vec<f64> =
        (0..OBSERVATIONS * COEFFICIENTS).map(|k| 1.4 * wave(k / COEFFICIENTS, k % COEFFICIENTS)).collect();
    let truth = |j: usize| if j < 5 { [3.0, -2.0, 1.5, 1.0, -0.7][j] } else { 0.0 };
    let row = move |i: usize| i * COEFFICIENTS..(i + 1) * COEFFICIENTS;
    let noise = |i: usize| (12.9898 * (i + 1) as f64).sin() * 1.2;
    let y: Vec<f64> = (0..OBSERVATIONS)
        .map(|i| noise(i) + design[row(i)].iter().enumerate().map(|(j, x)| x * truth(j)).sum::<f64>())
        .collect();
    move |q, g| {
        let (z, rest) = q.split_at(COEFFICIENTS);
        let (log_lambda, log_tau) = (&rest[..COEFFICIENTS], rest[COEFFICIENTS]);
        let scale = |j: usize| (log_lambda[j] + log_tau).exp();
        let beta: Vec<f64> = (0..COEFFICIENTS).map(|j| z[j] * scale(j)).collect();
        let (mut logp, mut by_beta) = (0.0, vec![0.0; COEFFICIENTS]);
        for (i, y) in y.iter().enumerate() {
            let x = &design[row(i)];
            let residual = y - x.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>();
            logp -= 0.5 * residual * residual;
            by_beta.iter_mut().zip(x).for_each(|(g, x)| *g += residual * x);
        }
        // ln of a half-Cauchy's density in its logarithm t: t - ln(1 + e^2t); slope 1 - 2 e^2t / (1 + e^2t) = -tanh t.
        let half_cauchy =
            |t: f64| t - if t > 0.0 { 2.0 * t + (-2.0 * t).exp().ln_1p() } else { (2.0 * t).exp().ln_1p() };
        let mut by_tau = -log_tau.tanh();
        logp += half_cauchy(log_tau);
        for j in 0..COEFFICIENTS {
            logp += half_cauchy(log_lambda[j]) - 0.5 * z[j] * z[j];
            let by_scale = by_beta[j] * beta[j];
            g[j] = by_beta[j] * scale(j) - z[j];
            g[COEFFICIENTS + j] = by_scale - log_lambda[j].tanh();
            by_tau += by_scale;
        }
        g[2 * COEFFICIENTS] = by_tau;
        logp
    }
}

/// Number of the funnel, and how many times as many seeds it takes: its least ESS differs tenfold from seed to seed.
const FUNNEL: usize = 1;
const FUNNEL_SEEDS: u64 = 20;

/// What one run cost: least bulk ESS over the unconstrained scalars, gradients of sampling.
#[derive(Clone, Copy, Default)]
struct Cost {
    ess: f64,
    gradients: f64,
    divergences: usize,
}

impl Cost {
    fn of(target: &impl Target, metric_adaptation: MetricAdaptation, seed: u64) -> anyhow::Result<Cost> {
        let settings = NutsSettings { seed, metric_adaptation, ..Default::default() };
        let samples = sample_with(target, &settings, &mut Executor::new())?.samples;
        let bulk = |index| {
            let chains = samples.parameter(index);
            ess_bulk(&chains.iter().map(Vec::as_slice).collect::<Vec<_>>())
        };
        Ok(Cost {
            ess: (0..samples.dim).map(bulk).fold(f64::INFINITY, f64::min),
            gradients: samples.gradients().1 as f64,
            divergences: samples.divergences(),
        })
    }

    fn plus(self, other: Cost) -> Cost {
        Cost {
            ess: self.ess + other.ess,
            gradients: self.gradients + other.gradients,
            divergences: self.divergences + other.divergences,
        }
    }
}

/// The posteriors, by number: two densities in code, then those of posteriordb.
fn run(posterior: usize, tuning: MetricAdaptation, seed: u64) -> anyhow::Result<Cost> {
    match posterior {
        0 => Cost::of(&FnDensity::new(2 * COEFFICIENTS + 1, horseshoe()), tuning, seed),
        FUNNEL => Cost::of(&FnDensity::new(10, funnel), tuning, seed),
        k => Cost::of(&ModelDensity::new(POSTERIORS[k - 2].model())?, tuning, seed),
    }
}

fn main() -> anyhow::Result<()> {
    let seeds: u64 = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let posteriordb = if data().is_some() { POSTERIORS } else { &[] };
    let names: Vec<&str> = ["horseshoe", "funnel"].into_iter().chain(posteriordb.iter().map(|p| p.name)).collect();
    let parts: Vec<String> = std::env::args().skip(2).collect();
    let wanted = |p: usize| parts.is_empty() || parts.iter().any(|part| names[p].contains(part));
    let posteriors: Vec<usize> = (0..names.len()).filter(|p| wanted(*p)).collect();
    let jobs: Vec<(usize, usize, u64)> = posteriors
        .iter()
        .copied()
        .flat_map(|p| {
            let seeds = if p == FUNNEL { FUNNEL_SEEDS * seeds } else { seeds };
            (0..TUNINGS.len()).flat_map(move |t| (0..seeds).map(move |seed| (p, t, seed)))
        })
        .collect();
    let costs: Vec<Cost> =
        jobs.par_iter().map(|&(p, t, seed)| run(p, TUNINGS[t].1, seed)).collect::<anyhow::Result<_>>()?;
    let sum = |p: usize, t: usize| {
        let own = jobs.iter().zip(&costs).filter(|((a, b, _), _)| (*a, *b) == (p, t));
        own.fold(Cost::default(), |sum, (_, cost)| sum.plus(*cost))
    };

    let columns: Vec<&str> = TUNINGS.iter().map(|(name, _)| *name).collect();
    println!(
        "| posterior | {} | Stan itself | divergences of {seeds} runs (funnel: {}) |",
        columns.join(" | "),
        FUNNEL_SEEDS * seeds
    );
    println!("|---|{}---|---|", "---|".repeat(TUNINGS.len()));
    let stan = if posteriordb.is_empty() { Default::default() } else { stan_efficiency() };
    let mut logs = [0.0; TUNINGS.len()];
    for (p, name) in posteriors.iter().map(|p| (*p, names[*p])) {
        let costs: [Cost; TUNINGS.len()] = std::array::from_fn(|t| sum(p, t));
        let efficiency = costs.map(|cost| cost.ess / cost.gradients);
        // Relative to the first tuning, posterior by posterior, so that none counts more for being easy.
        logs.iter_mut().zip(efficiency).for_each(|(log, e)| *log += (e / efficiency[0]).ln() / posteriors.len() as f64);
        let of_stan = stan.get(name).map_or(String::new(), |x| format!("{x:.4}"));
        println!(
            "| {name} | {} | {of_stan} | {} |",
            efficiency.map(|e| format!("{e:.4}")).join(" | "),
            costs.map(|cost| cost.divergences.to_string()).join(" / "),
        );
    }
    println!(
        "| geometric mean, relative to {} | {} | | |",
        columns[0],
        logs.map(|x| format!("{:.2}", x.exp())).join(" | ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradients_are_those_of_central_differences() {
        fn check(dim: usize, f: impl Fn(&[f64], &mut [f64]) -> f64) {
            let q: Vec<f64> = (0..dim).map(|i| (1.7 * i as f64).sin() * 0.8).collect();
            let (mut g, mut unused) = (vec![0.0; dim], vec![0.0; dim]);
            f(&q, &mut g);
            for i in 0..dim {
                let mut at = |step: f64| {
                    let mut q = q.clone();
                    q[i] += step;
                    f(&q, &mut unused)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((g[i] - difference).abs() < 1e-6 * g[i].abs().max(1.0), "{i}: {} {difference}", g[i]);
            }
        }
        check(10, funnel);
        check(2 * COEFFICIENTS + 1, horseshoe());
    }
}
