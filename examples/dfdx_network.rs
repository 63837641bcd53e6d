//! A small Bayesian network made of dfdx's own layers, whose weights are sites of the model: Fisher's irises, by SVI and by NUTS.

use arclet::core::autodiff::{DfdxTensor, dfdx};
use arclet::prelude::*;
use dfdx::nn::{Module, modules::Linear};
use dfdx::shapes::Const;
use dfdx::tensor::{Cpu, Merge, OwnedTape, PutTape, SplitTape, Tensor};
use dfdx::tensor_ops::{RealizeTo, ReshapeTo, tanh};

/// Length and width of sepals and petals (cm) of 150 flowers of three species (Fisher 1936).
const IRIS: &str = include_str!("data/iris.csv");
const HIDDEN: usize = 5;
const SPECIES: usize = 3;
/// One flower of so many is held out.
const EVERY: usize = 5;

type Rows<const N: usize> = Tensor<(usize, Const<N>), f64, Cpu, OwnedTape<f64, Cpu>>;

/// One layer of dfdx with these weights `[O, I]` and this bias `[1, O]`.
fn layer<const I: usize, const O: usize>(x: Rows<I>, weight: DfdxTensor, bias: DfdxTensor) -> Rows<O> {
    let (weight, tape) = weight.realize::<(Const<O>, Const<I>)>().split_tape();
    let (bias, more) = bias.reshape_like(&(Const::<O>,)).split_tape();
    let (x, own) = x.split_tape();
    Linear { weight, bias }.forward(x.put_tape(own.merge(tape).merge(more)))
}

/// Linear, tanh, linear: the logits of the species, one row a flower.
fn network([x, w1, b1, w2, b2]: [DfdxTensor; 5]) -> DfdxTensor {
    let hidden: Rows<HIDDEN> = tanh(layer(x.realize::<(usize, Const<4>)>(), w1, b1));
    let logits: Rows<SPECIES> = layer(hidden, w2, b2);
    logits.realize()
}

/// What there is to learn from, and what is held out.
struct Flowers {
    seen: Var<(usize, usize)>,
    species: Vec<f64>,
    held_out: Var<(usize, usize)>,
    true_species: Vec<usize>,
}

fn flowers() -> anyhow::Result<Flowers> {
    let rows = IRIS.lines().skip(1).map(|line| line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>());
    let rows: Vec<Vec<f64>> = rows.collect::<Result<_, _>>()?;
    // Centred and scaled roughly: about a standard deviation of each length.
    let scaled =
        |row: &Vec<f64>| [(row[0] - 5.8) / 0.8, (row[1] - 3.1) / 0.4, (row[2] - 3.8) / 1.8, (row[3] - 1.2) / 0.8];
    let part =
        |held_out: bool| rows.iter().enumerate().filter(move |(i, _)| (i % EVERY == 0) == held_out).map(|(_, row)| row);
    let matrix = |held_out| {
        let numbers: Vec<f64> = part(held_out).flat_map(scaled).collect();
        Var::matrix(numbers.len() / 4, 4, numbers)
    };
    let species = part(false).map(|row| row[4]).collect();
    let true_species = part(true).map(|row| row[4] as usize).collect();
    Ok(Flowers { seen: matrix(false)?, species, held_out: matrix(true)?, true_species })
}

fn model(ctx: &mut Ctx, flowers: &Flowers) -> Result<()> {
    let standard =
        |rows, columns| Ok::<_, Error>(Normal::new(Var::matrix(rows, columns, vec![0.0; rows * columns])?, 1.0));
    let w1 = ctx.sample("w1", standard(HIDDEN, 4)?)?;
    let b1 = ctx.sample("b1", Normal::new([0.0; HIDDEN], 1.0))?;
    let w2 = ctx.sample("w2", standard(SPECIES, HIDDEN)?)?;
    let b2 = ctx.sample("b2", Normal::new([0.0; SPECIES], 1.0))?;
    let logits = |x: &Var<(usize, usize)>| -> Var<(usize, usize)> {
        dfdx([x.as_value(), w1.as_value(), b1.as_value(), w2.as_value(), b2.as_value()], network)
    };
    ctx.deterministic("held_out", logits(&flowers.held_out))?;
    ctx.observe("species", CategoricalLogits::new(logits(&flowers.seen)), &flowers.species)
}

/// How many of the held-out flowers are named rightly by the mean of the probabilities, and their mean log probability.
fn score(posterior: &Posterior, truth: &[usize]) -> (usize, f64) {
    let logits = posterior.get("held_out").map_or(&[][..], |site| site.values());
    let mut probabilities = vec![[0.0; SPECIES]; truth.len()];
    for draw in logits.chunks_exact(SPECIES * truth.len()) {
        for (sum, row) in probabilities.iter_mut().zip(draw.as_chunks::<SPECIES>().0) {
            let each = row.map(f64::exp);
            let all: f64 = each.iter().sum();
            sum.iter_mut().zip(each).for_each(|(sum, p)| *sum += p / all);
        }
    }
    let draws = logits.len() as f64 / (SPECIES * truth.len()) as f64;
    let likely = |row: &[f64; SPECIES]| (0..SPECIES).max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let right = probabilities.iter().zip(truth).filter(|(row, species)| likely(row) == Some(**species)).count();
    let log: f64 = probabilities.iter().zip(truth).map(|(row, species)| (row[*species] / draws).ln()).sum();
    (right, log / truth.len() as f64)
}

fn main() -> anyhow::Result<()> {
    let flowers = flowers()?;
    let program = |ctx: &mut Ctx| model(ctx, &flowers);
    let guide = AutoNormal::new(program)?;
    let learning_rate = Schedule::Cosine { peak: 0.03, warmup: 50, last: 1e-4 };
    let fitted =
        svi(program, guide.guide(), &SviSettings { steps: 2000, learning_rate, seed: 1, ..Default::default() })?;
    let chains = nuts(program, &NutsSettings { warmup: 300, draws: 300, seed: 1, ..Default::default() })?;
    let all = flowers.true_species.len();
    for (name, posterior) in [("SVI, independent normals", fitted.posterior(1200)?), ("NUTS", chains)] {
        let (right, log) = score(&posterior, &flowers.true_species);
        println!("{name}: {right} of {all} held-out flowers named rightly, mean log probability {log:.3}");
    }
    Ok(())
}
