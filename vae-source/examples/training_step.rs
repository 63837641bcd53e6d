//! The time of one training step of the paper's VAE without the optimizer: the negative ELBO of 32 images with one sample each,
//! and its gradient by all weights; beside `benches/peers/vae_torch.py training`.
//!
//!     cargo run --release -p vae-source --example training_step -- [IMAGES] [STEPS]

use std::time::Instant;

use ppl_core::Array;
use ppl_core::Var;
use ppl_core::autodiff::Tape;
use rand_distr::{Distribution, StandardNormal};
use vae_source::network::{LATENT, Mode, SIDE, WeightSet, decode, decoder_weights, encode, encoder_weights, op};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let images = arguments.next().transpose()?.unwrap_or(32);
    let steps = arguments.next().transpose()?.unwrap_or(10);

    let (tape, mut rng) = (Tape::recording(), ppl_core::rng::keyed(1, "step", 0));
    let specs: Vec<_> = encoder_weights().into_iter().chain(decoder_weights()).collect();
    let mut weights = WeightSet::initial(&specs, 1).arrays(Some(&tape));
    let data: Vec<f64> = (0..images * SIDE * SIDE).map(|i| 0.5 + 0.5 * (0.01 * i as f64).sin()).collect();
    let pixels = Array::constant(&[images, SIDE, SIDE], data.iter().map(|x| *x as f32).collect())?;
    let data = Var::matrix(images, SIDE * SIDE, data)?;

    let mut times = vec![];
    for step in 0..steps + 3 {
        let start = Instant::now();
        let code = encode(&mut weights, Mode::Training, &pixels)?;
        let noise: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(images * LATENT).collect();
        let z = &code.mean + &code.std * &Var::matrix(images, LATENT, noise)?;
        let image = decode(&mut weights, Mode::Training, &z)?;
        let misfit = op::to_numbers(&op::reshaped(&image, &[images, SIDE * SIDE])?)? - &data;
        let kl = (&code.mean * &code.mean + &code.std * &code.std) * 0.5 - code.std.ln();
        let loss = (&misfit * &misfit).sum() * 1250.0 + kl.sum();
        tape.backward(loss.as_value())?;
        for spec in specs.iter().filter(|spec| spec.is_trained()) {
            weights.get(&spec.name).and_then(|weight| weight.as_value().take_gradient());
        }
        weights.observed.clear();
        if step >= 3 {
            times.push(1e3 * start.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, best, threads) = (times[times.len() / 2], times[0], rayon::current_num_threads());
    println!(
        r#"{{"task": "training", "images": {images}, "threads": {threads}, "ms_median": {median:.1}, "ms_min": {best:.1}}}"#
    );
    Ok(())
}
