//! A small Bayesian network whose layers are dfdx operations, with weights that are sites of the model: regression by NUTS.

use arclet::core::autodiff::dfdx;
use arclet::prelude::*;
use dfdx::tensor_ops::{TryMatMul, tanh};

/// Hidden units.
const WIDTH: usize = 6;
/// Points to learn from, and their noise.
const POINTS: usize = 40;
const NOISE: f64 = 0.1;

/// y = tanh(x w1) w2 for rows x = (position, 1): one node of the tape, made of dfdx's matrix products.
fn network(x: &Var<(usize, usize)>, w1: &Var<(usize, usize)>, w2: &Var<(usize, usize)>) -> Var<(usize, usize)> {
    dfdx([x.as_value(), w1.as_value(), w2.as_value()], |[x, w1, w2]| tanh(x.matmul(w1)).matmul(w2))
}

fn model(ctx: &mut Ctx, x: &Var<(usize, usize)>, y: &Var<(usize, usize)>) -> Result<()> {
    let standard = |rows, columns| Var::matrix(rows, columns, vec![0.0; rows * columns]);
    let w1 = ctx.sample("w1", Normal::new(standard(2, WIDTH)?, 1.5))?;
    let w2 = ctx.sample("w2", Normal::new(standard(WIDTH, 1)?, 1.0))?;
    let mean = ctx.deterministic("mean", network(x, &w1, &w2))?;
    ctx.observe("y", Normal::new(mean, NOISE), y)
}

fn main() -> anyhow::Result<()> {
    let at = |i: usize| -2.0 + 4.0 * i as f64 / (POINTS - 1) as f64;
    let rows: Vec<f64> = (0..POINTS).flat_map(|i| [at(i), 1.0]).collect();
    // A wave with a little of a faster one, which stands for noise and is the same on every run.
    let truth: Vec<f64> = (0..POINTS).map(|i| (2.0 * at(i)).sin()).collect();
    let data: Vec<f64> = (0..POINTS).map(|i| truth[i] + NOISE * (37.0 * at(i)).sin()).collect();
    let (x, y) = (Var::matrix(POINTS, 2, rows)?, Var::matrix(POINTS, 1, data)?);
    let settings = NutsSettings { warmup: 500, draws: 500, seed: 1, ..Default::default() };
    let posterior = nuts(|ctx: &mut Ctx| model(ctx, &x, &y), &settings)?;
    let mean = posterior.get("mean").map_or(&[][..], |mean| mean.values());
    let draws = mean.len() / POINTS;
    let error = |i: usize| mean.iter().skip(i).step_by(POINTS).sum::<f64>() / draws as f64 - truth[i];
    let rms = ((0..POINTS).map(|i| error(i).powi(2)).sum::<f64>() / POINTS as f64).sqrt();
    println!("{} draws; the mean of the network is off by {rms:.3} rms where the noise is {NOISE}", draws);
    Ok(())
}
