//! Five models as a user of NumPyro writes them, timed: a gradient with one and with four lanes, and NUTS of four chains.
//!
//! `python benches/peers/models_numpyro.py` makes the data, runs this and NumPyro in turn, and prints both beside each other.

use std::time::Instant;

use arclet::core::distributions::BernoulliLogits;
use arclet::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Data {
    county: Vec<usize>,
    floor: Vec<f64>,
    log_radon: Vec<f64>,
    person: Vec<usize>,
    item: Vec<usize>,
    correct: Vec<f64>,
    series: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    outcome: Vec<f64>,
}

/// Intercepts and slopes by county (Gelman & Hill 2007).
fn radon(ctx: &mut Ctx, data: &Data) -> Result<()> {
    let mu_a = ctx.sample("mu_alpha", Normal::new(0.0, 1.0))?;
    let sigma_a = ctx.sample("sigma_alpha", HalfCauchy::new(1.0))?;
    let mu_b = ctx.sample("mu_beta", Normal::new(0.0, 1.0))?;
    let sigma_b = ctx.sample("sigma_beta", HalfCauchy::new(1.0))?;
    let (alpha, beta) = ctx.plate("county", 85, |ctx| {
        Ok((ctx.sample("alpha", Normal::new(&mu_a, &sigma_a))?, ctx.sample("beta", Normal::new(&mu_b, &sigma_b))?))
    })?;
    let sigma = ctx.sample("sigma", HalfCauchy::new(1.0))?;
    let mean = alpha.at(&data.county) + beta.at(&data.county) * Var::vector(data.floor.as_slice());
    ctx.observe("log_radon", Normal::new(mean, sigma), &data.log_radon)
}

/// The two-parameter logistic model of item response: 200 persons, 20 items.
fn item_response(ctx: &mut Ctx, data: &Data) -> Result<()> {
    let ability = ctx.plate("person", 200, |ctx| ctx.sample("ability", Normal::new(0.0, 1.0)))?;
    let (discrimination, difficulty) = ctx.plate("item", 20, |ctx| {
        let discrimination = ctx.sample("discrimination", LogNormal::new(0.0, 0.5))?;
        Ok((discrimination, ctx.sample("difficulty", Normal::new(0.0, 1.0))?))
    })?;
    let logits = discrimination.at(&data.item) * (ability.at(&data.person) - difficulty.at(&data.item));
    ctx.observe("correct", BernoulliLogits::new(logits), &data.correct)
}

/// A latent AR(1) of 200 steps under noise, by its innovations.
fn autoregression(ctx: &mut Ctx, data: &Data) -> Result<()> {
    let steps = data.series.len();
    let phi = ctx.sample("phi", Uniform::new(-1.0, 1.0))?;
    let scale = ctx.sample("scale", HalfNormal::new(1.0))?;
    let noise = ctx.sample("noise", HalfNormal::new(1.0))?;
    let shock = ctx.plate("step", steps, |ctx| ctx.sample("shock", Normal::new(0.0, 1.0)))?;
    let states =
        scan([&Var::scalar(0.0)], &[&shock], &[&phi, &scale], |[x, shock, phi, scale]| [phi * x + scale * shock])?;
    ctx.observe("series", Normal::new(states, noise), &data.series)
}

/// Logistic regression on 2000 rows of 20 covariates.
fn logistic(ctx: &mut Ctx, covariates: &Var<(usize, usize)>, data: &Data) -> Result<()> {
    let intercept = ctx.sample("intercept", Normal::new(0.0, 1.0))?;
    let beta = ctx.plate("covariate", 20, |ctx| ctx.sample("beta", Normal::new(0.0, 1.0)))?;
    ctx.observe("outcome", BernoulliLogits::new(covariates.matvec(&beta)? + intercept), &data.outcome)
}

const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

fn schools(ctx: &mut Ctx) -> Result<()> {
    let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
    let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
    let z = ctx.plate("schools", 8, |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
    ctx.observe("effect", Normal::new(z * tau + mu, ERROR), EFFECT)
}

/// Microseconds of one gradient, a lane, where so many are evaluated together.
fn gradient(density: &impl LogDensity, lanes: usize) -> Result<f64> {
    let dim = density.dim();
    let mut positions: Vec<f64> = (0..lanes * dim).map(|i| 0.3 * (1.3 * i as f64).sin()).collect();
    let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; lanes * dim]);
    let mut times = vec![];
    let begin = Instant::now();
    while times.len() < 20 || begin.elapsed().as_secs_f64() < 1.0 {
        let start = Instant::now();
        for _ in 0..10 {
            positions[0] += 1e-9;
            density.logp_and_grad(&positions, &mut logp, &mut grad)?;
        }
        times.push(1e5 * start.elapsed().as_secs_f64() / lanes as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn time(name: &str, model: impl Fn(&mut Ctx) -> Result<()>) -> anyhow::Result<()> {
    let density = ModelDensity::new(&model)?;
    let (one, four) = (gradient(&density, 1)?, gradient(&density, 4)?);
    let start = Instant::now();
    let posterior = nuts(&model, &NutsSettings { seed: 1, ..Default::default() })?;
    let seconds = start.elapsed().as_secs_f64();
    let least = posterior.summary().iter().map(|(_, stats)| stats.ess_bulk).fold(f64::INFINITY, f64::min);
    let line = serde_json::json!({ "name": name, "us": one, "us_of_4": four, "seconds": seconds, "ess": least });
    println!("{line}");
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "target/peers.json".to_owned());
    let data: Data = serde_json::from_reader(std::io::BufReader::new(std::fs::File::open(path)?))?;
    let covariates = data.covariates.as_slice().into_var();
    time("radon", |ctx| radon(ctx, &data))?;
    time("item response", |ctx| item_response(ctx, &data))?;
    time("AR(1)", |ctx| autoregression(ctx, &data))?;
    time("logistic", |ctx| logistic(ctx, &covariates, &data))?;
    time("eight schools", schools)
}
