//! A GPU held against the tape: loss and gradient of one batch at the same weights, images and draws of z, then how many images a second
//! it trains on; beside `benches/peers/vae_torch_cuda.py`. Exit code 1 where a gradient is off by more than its tolerance.
//!
//!     cargo run --release -p vae-source --features cuda --example training_cuda [-- check|time|launches ..]

use std::process::ExitCode;
use std::time::Instant;

use ppl_core::autodiff::Tape;
use ppl_core::cuda::Gpu;
use ppl_core::{Array, Var, rng};
use ppl_infer::svi::SviSettings;
use ppl_infer::{Ending, Executor};
use rand_distr::{Distribution, StandardNormal};
use vae_source::network::{
    LATENT, Mode, SIDE, WeightSet, WeightSpec, decode, decoder_weights, encode, encoder_weights, op,
};
use vae_source::training::cuda::{Products, gradient, times};
use vae_source::training::{Feed, Preset, Trainer, TrainingSet, TrainingSettings};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<ExitCode> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wants = |what: &str| asked.is_empty() || asked.iter().any(|task| task == what);
    let gpu = Gpu::open(0)?;
    println!("{}", gpu.describe());
    let mut good = true;
    if wants("check") {
        for (images, draws) in [(32, 1), (7, 3)] {
            good &= check(&gpu, images, draws)?;
        }
        good &= repeats(&gpu)?;
    }
    if wants("time") {
        for (products, draws) in
            [(Products::Tf32, 1), (Products::Single, 1), (Products::Tf32, 10), (Products::Single, 10)]
        {
            time(&gpu, products, draws)?;
        }
    }
    if wants("launches") {
        launches(&gpu)?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn specs() -> Vec<WeightSpec> {
    encoder_weights().into_iter().chain(decoder_weights()).collect()
}

/// Smooth images, each another.
fn galaxies(n: usize) -> Vec<Vec<f32>> {
    let pixel = |k: usize, i: usize| 0.5 + 0.5 * (0.01 * i as f32 + 0.03 * (k * (i % SIDE)) as f32).sin();
    (0..n).map(|k| (0..SIDE * SIDE).map(|i| pixel(k, i)).collect()).collect()
}

/// Weights with which normalised numbers are about 6 or -6, channel by channel, and codes are not large for it: a number that rounding takes across the kink of ReLU
/// would change a gradient more than rounding itself does.
fn weights() -> Result<WeightSet> {
    let all = specs();
    let mut set = WeightSet::default();
    for spec in &all {
        let mut numbers = spec.initial(7);
        if spec.name.ends_with(".bias") && all.iter().any(|s| s.name == spec.name.replace(".bias", ".running_mean")) {
            numbers.iter_mut().enumerate().for_each(|(i, bias)| *bias = if i % 2 == 0 { 6.0 } else { -6.0 });
        }
        if spec.name.starts_with("encoder.mean") || spec.name.starts_with("encoder.log_std") {
            numbers.iter_mut().for_each(|x| *x *= 0.1);
        }
        set.insert(&spec.name, &spec.dims, numbers)?;
    }
    Ok(set)
}

fn noise(draws: usize, images: usize) -> Vec<f32> {
    StandardNormal.sample_iter(rng::keyed(3, "noise", 0)).take(draws * images * LATENT).collect()
}

/// The loss on the tape; the gradients are left at the weights.
fn on_the_tape(set: &WeightSet, images: &[&[f32]], noise: &[f32], draws: usize) -> Result<(f64, WeightSet)> {
    let (n, tape) = (images.len(), Tape::recording());
    let mut weights = set.arrays(Some(&tape));
    let pixels = Array::constant(&[n, SIDE, SIDE], images.concat())?;
    let data: Vec<f64> = images.iter().flat_map(|image| image.iter().map(|x| f64::from(*x))).collect();
    let data = Var::matrix(n, SIDE * SIDE, data)?;
    let code = encode(&mut weights, Mode::Training, &pixels)?;
    let kl = (&code.mean * &code.mean + &code.std * &code.std - 1.0) * 0.5 - code.std.ln();
    let mut loss = kl.sum();
    for noise in noise.chunks(n * LATENT) {
        let noise: Vec<f64> = noise.iter().map(|x| f64::from(*x)).collect();
        let z = &code.mean + &code.std * &Var::matrix(n, LATENT, noise)?;
        let image = decode(&mut weights, Mode::Training, &z)?;
        let misfit = op::to_numbers(&op::reshaped(&image, &[n, SIDE * SIDE])?)? - &data;
        loss = loss + (&misfit * &misfit).sum() * (1250.0 / draws as f64);
    }
    tape.backward(loss.as_value())?;
    let constant = (n * SIDE * SIDE) as f64 * (0.02_f64.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
    let mut gradients = WeightSet::default();
    for spec in specs().iter().filter(|spec| spec.is_trained()) {
        let gradient = weights.get(&spec.name).and_then(|weight| weight.as_value().take_gradient());
        let gradient = gradient.ok_or("a weight without a gradient")?;
        gradients.insert(&spec.name, &spec.dims, gradient.pixels().to_vec())?;
    }
    Ok((loss.value()? + constant, gradients))
}

/// || a - b || / || b ||.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b))) / norm(&mut b.iter().map(|b| f64::from(*b)))
}

fn check(gpu: &Gpu, images: usize, draws: usize) -> Result<bool> {
    let (set, galaxies, noise) = (weights()?, galaxies(images), noise(draws, images));
    let slices: Vec<&[f32]> = galaxies.iter().map(Vec::as_slice).collect();
    let (loss, expected) = on_the_tape(&set, &slices, &noise, draws)?;
    let mut good = true;
    // The gradient of the first layer has gone through ten products of 11 bits, one after the other.
    for (products, tolerance) in [(Products::Single, 1e-4), (Products::Tf32, 5e-2)] {
        let (got, gradients) = gradient(gpu, products, &set, &slices, &noise)?;
        let off = (got - loss).abs() / loss.abs();
        println!("{products:?}, {images} images, {draws} draws: loss {got:.6} (tape {loss:.6}), off by {off:.1e}");
        good &= off < tolerance;
        for (name, tensor) in expected.iter() {
            let off = distance(gradients.get(name, &tensor.dims)?, &tensor.numbers);
            let mark = if off < tolerance { "" } else { "  <- above the tolerance" };
            println!("  {name:28} {off:.1e}{mark}");
            good &= off < tolerance;
        }
    }
    Ok(good)
}

/// Whether the same step gives the same bits.
fn repeats(gpu: &Gpu) -> Result<bool> {
    let (set, galaxies, noise) = (weights()?, galaxies(32), noise(1, 32));
    let slices: Vec<&[f32]> = galaxies.iter().map(Vec::as_slice).collect();
    let of = || gradient(gpu, Products::Tf32, &set, &slices, &noise);
    let (first, second) = (of()?, of()?);
    let same = first == second;
    println!("the same step gives the same bits: {same}");
    Ok(same)
}

/// Images a second of a training as the trainer does it: batch, step, loss back on the host.
fn time(gpu: &Gpu, products: Products, draws: usize) -> Result<()> {
    const BATCH: usize = 32;
    let (galaxies, steps) = (galaxies(1024), if draws == 1 { 1000 } else { 200 });
    let feed = Feed::new(galaxies.iter().map(Vec::as_slice).cycle().take(1280 * BATCH), BATCH, true, 5)?;
    let mut settings = TrainingSettings::of(Preset::Fast, 1_000_000, 5);
    settings.epochs = 1000;
    settings.svi = SviSettings { particles: draws, ..settings.svi };
    // An epoch of many steps, so that no validation is timed.
    let set = TrainingSet { feed, validation: vec![galaxies[0].as_slice()] };
    let mut trainer = Trainer::on(gpu.clone(), settings, products)?;
    let mut run = |rounds: u64| -> Result<f64> {
        let start = Instant::now();
        match Executor::new().rounds(rounds).run(&set, &mut trainer) {
            Ending::Failed(error) => Err(error.into()),
            _ => Ok(start.elapsed().as_secs_f64()),
        }
    };
    run(50)?;
    let mut times = [run(steps)?, run(steps)?, run(steps)?].map(|seconds| seconds / steps as f64);
    times.sort_by(f64::total_cmp);
    println!(
        r#"{{"task": "training", "device": "cuda", "products": "{products:?}", "images": {BATCH}, "draws": {draws}, "ms_median": {:.3}, "images_per_second": {:.0}, "elbo": {:.1}}}"#,
        1e3 * times[1],
        BATCH as f64 / times[1],
        trainer.elbos().last().unwrap_or(f64::NAN),
    );
    Ok(())
}

/// Where the time of a step goes.
fn launches(gpu: &Gpu) -> Result<()> {
    let (set, galaxies, noise) = (weights()?, galaxies(32), noise(1, 32));
    let slices: Vec<&[f32]> = galaxies.iter().map(Vec::as_slice).collect();
    for products in [Products::Tf32, Products::Single] {
        let times = times(gpu, products, &set, &slices, &noise, 50)?;
        println!("{products:?}: {:.3} ms in {} launches", times.iter().map(|(_, ms)| ms).sum::<f64>(), times.len());
        times.iter().for_each(|(name, ms)| println!("  {:8.2} us  {name}", 1e3 * ms));
    }
    Ok(())
}
