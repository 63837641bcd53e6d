//! Training on an emulated GPU beside the tape: every kernel and every launch, products by a plain loop.

use std::time::Duration;

use ppl_core::autodiff::Tape;
use ppl_core::cuda::Gpu;
use ppl_core::{Array, Var};
use ppl_infer::svi::{Adam, AdamW, Clip, Loss, Optimizer, Schedule, SviSettings};
use ppl_infer::{Ending, Executor, checkpoint};

use super::inputs::noise;
use super::launch::Launch;
use super::layout::Layout;
use super::step::{Sizes, Step};
use super::{CudaSteps, Products, gradient, layers};
use crate::network::{
    LATENT, MOMENTUM, Mode, SIDE, WeightSet, WeightSpec, decode, decoder_weights, encode, encoder_weights, follow, op,
};
use crate::training::{Feed, Preset, Trainer, TrainingSet, TrainingSettings};

fn specs() -> Vec<WeightSpec> {
    encoder_weights().into_iter().chain(decoder_weights()).collect()
}

/// Smooth images, each another.
fn galaxies(n: usize) -> Vec<Vec<f32>> {
    let pixel = |k: usize, i: usize| 0.5 + 0.5 * (0.01 * i as f32 + 0.03 * (k * (i % SIDE)) as f32).sin();
    (0..n).map(|k| (0..SIDE * SIDE).map(|i| pixel(k, i)).collect()).collect()
}

/// Loss and gradients of a batch on the tape, and the running statistics after it.
fn reference(set: &WeightSet, images: &[Vec<f32>], noise: &[f32], draws: usize) -> (f64, WeightSet) {
    let (n, tape) = (images.len(), Tape::recording());
    let mut weights = set.arrays(Some(&tape));
    let pixels = Array::constant(&[n, SIDE, SIDE], images.concat()).unwrap();
    let data: Vec<f64> = images.iter().flatten().map(|x| f64::from(*x)).collect();
    let data = Var::matrix(n, SIDE * SIDE, data).unwrap();
    let code = encode(&mut weights, Mode::Training, &pixels).unwrap();
    let kl = (&code.mean * &code.mean + &code.std * &code.std - 1.0) * 0.5 - code.std.ln();
    let mut loss = kl.sum();
    for noise in noise.chunks(n * LATENT) {
        let noise: Vec<f64> = noise.iter().map(|x| f64::from(*x)).collect();
        let noise = Var::matrix(n, LATENT, noise).unwrap();
        let image = decode(&mut weights, Mode::Training, &(&code.mean + &code.std * &noise)).unwrap();
        let misfit = op::to_numbers(&op::reshaped(&image, &[n, SIDE * SIDE]).unwrap()).unwrap() - &data;
        loss = loss + (&misfit * &misfit).sum() * (1250.0 / draws as f64);
    }
    tape.backward(loss.as_value()).unwrap();
    let constant = (n * SIDE * SIDE) as f64 * (0.02_f64.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
    let mut result = WeightSet::default();
    for spec in specs() {
        let numbers = if spec.is_trained() {
            weights.get(&spec.name).unwrap().as_value().take_gradient().unwrap().pixels().to_vec()
        } else {
            let (layer, what) = spec.name.rsplit_once('.').unwrap();
            let seen: Vec<_> = weights.observed.iter().filter(|(name, ..)| name == layer).collect();
            let mut sum = vec![0.0; spec.len()];
            for (_, statistics, count) in &seen {
                let [mut mean, mut variance] = ["running_mean", "running_var"]
                    .map(|what| set.get(&format!("{layer}.{what}"), &spec.dims).unwrap().to_vec());
                follow(&mut mean, &mut variance, statistics.lane(0), *count, MOMENTUM);
                let own = if what == "running_mean" { mean } else { variance };
                sum.iter_mut().zip(own).for_each(|(sum, x)| *sum += x / seen.len() as f32);
            }
            sum
        };
        result.insert(&spec.name, &spec.dims, numbers).unwrap();
    }
    (loss.value().unwrap() + constant, result)
}

/// || a - b || / || b ||.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b))) / norm(&mut b.iter().map(|b| f64::from(*b)))
}

/// The largest distance of a weight, with its name.
fn largest(got: &WeightSet, expected: &WeightSet, specs: &[WeightSpec]) -> (f64, String) {
    let of = |spec: &WeightSpec| {
        let [got, expected] = [got, expected].map(|set| set.get(&spec.name, &spec.dims).unwrap());
        (distance(got, expected), spec.name.clone())
    };
    specs.iter().map(of).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn loss_gradients_and_running_statistics_are_those_of_the_tape() {
    // A number that rounding takes across the kink of ReLU would change the gradient of so small a batch by a thousandth: every channel
    // that is normalised is off on one side.
    let set = off_the_kinks(&WeightSet::initial(&specs(), 7));
    // An odd batch; one draw, and two that are normalised apart.
    for (images, draws) in [(3, 1), (2, 2)] {
        let galaxies = galaxies(images);
        let slices: Vec<&[f32]> = galaxies.iter().map(Vec::as_slice).collect();
        let noise: Vec<f32> = noise(3, 0, draws, images).collect();
        let (loss, expected) = reference(&set, &galaxies, &noise, draws);
        let (got, gradients) = gradient(&Gpu::emulated(), Products::Single, &set, &slices, &noise).unwrap();
        // Single precision, in sums of another order.
        assert!((got - loss).abs() < 1e-6 * loss.abs(), "{draws} draws: loss {got}, tape {loss}");
        let (off, name) = largest(&gradients, &expected, &specs());
        assert!(off < 1e-4, "{draws} draws: {name} is off by {off:e}");
    }
}

/// Weights with which normalised numbers are about 6 or -6, channel by channel, and codes are not large for it.
fn off_the_kinks(set: &WeightSet) -> WeightSet {
    let mut off = WeightSet::default();
    for (name, tensor) in set.iter() {
        let mut numbers = tensor.numbers.clone();
        if name.ends_with(".bias") && set.iter().any(|(other, _)| other == name.replace(".bias", ".running_mean")) {
            numbers.iter_mut().enumerate().for_each(|(i, bias)| *bias = if i % 2 == 0 { 6.0 } else { -6.0 });
        }
        if name.starts_with("encoder.mean") || name.starts_with("encoder.log_std") {
            numbers.iter_mut().for_each(|x| *x *= 0.1);
        }
        off.insert(name, &tensor.dims, numbers).unwrap();
    }
    off
}

fn settings(svi: SviSettings) -> TrainingSettings {
    let settings = TrainingSettings::of(Preset::Fast, 2, 5);
    let svi = SviSettings { steps: 4, seed: 5, loss: Loss::MeanField, learning_rate: Schedule::Constant(1e-5), ..svi };
    TrainingSettings { batch: 2, epochs: 2, svi, ..settings }
}

#[test]
fn a_training_takes_the_steps_of_the_tape_and_goes_on_from_its_checkpoint_bit_for_bit() {
    let images = galaxies(7);
    let slices = || images.iter().map(Vec::as_slice);
    let set = || {
        // Three images to validate with, in batches of two.
        TrainingSet { feed: Feed::new(slices().take(4), 2, true, 5).unwrap(), validation: slices().skip(4).collect() }
    };
    // With an epsilon above most of the gradients, a step goes with the gradient, not with its sign.
    let adam = Adam { epsilon: 1e3, ..Adam::default() };
    let adamw = AdamW { epsilon: 1e3, weight_decay: 0.5, ..AdamW::default() };
    let norm = SviSettings {
        particles: 2,
        optimizer: Optimizer::AdamW(adamw),
        clip: Some(Clip::Norm(1e4)),
        ..SviSettings::default()
    };
    let value =
        SviSettings { optimizer: Optimizer::Adam(adam), clip: Some(Clip::Value(50.0)), ..SviSettings::default() };
    for svi in [norm, value] {
        let particles = svi.particles;
        let mut tape = Trainer::new(settings(svi.clone())).unwrap();
        assert!(matches!(Executor::new().rounds(3).run(&set(), &mut tape), Ending::Paused));
        let on = || Trainer::on(Gpu::emulated(), settings(svi.clone()), Products::Single).unwrap();
        let mut whole = on();
        assert!(matches!(Executor::new().rounds(3).run(&set(), &mut whole), Ending::Paused));
        for (got, elbo) in whole.elbos().zip(tape.elbos()) {
            assert!((got - elbo).abs() < 1e-6 * elbo.abs(), "{particles} draws: ELBO {got}, tape {elbo}");
        }
        let [got, validation] = [whole.epochs()[0].validation, tape.epochs()[0].validation];
        assert!(
            (got - validation).abs() < 1e-6 * validation.abs(),
            "{particles} draws: validation {got}, tape {validation}"
        );
        // Of biases there is only how far they have come from zero in two steps, by gradients that the kinks of ReLU make as uncertain
        // as a hundredth in so small a batch.
        let networks = [
            (encoder_weights(), whole.encoder(), tape.encoder()),
            (decoder_weights(), whole.decoder(), tape.decoder()),
        ];
        for (specs, got, expected) in networks {
            let (off, name) = largest(&got.unwrap(), &expected.unwrap(), &specs);
            assert!(off < 3e-2, "{particles} draws: {name} is off by {off:e}");
        }

        if particles == 1 {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.bin");
        let mut first = on();
        assert!(matches!(
            Executor::new().rounds(1).checkpoint(&path, Duration::MAX).run(&set(), &mut first),
            Ending::Paused
        ));
        let mut second: Trainer<CudaSteps> = checkpoint::load(&set(), &path).unwrap();
        second.stepper_mut().use_gpu(Gpu::emulated()).unwrap();
        assert!(matches!(Executor::new().rounds(2).run(&set(), &mut second), Ending::Paused));
        assert_eq!(second.elbos().collect::<Vec<_>>(), whole.elbos().collect::<Vec<_>>());
        assert_eq!(second.epochs()[0].validation, whole.epochs()[0].validation);
        assert_eq!(second.decoder().unwrap(), whole.decoder().unwrap());
        assert_eq!(second.encoder().unwrap(), whole.encoder().unwrap());
        let refused = checkpoint::load::<_, Trainer>(&set(), &path).unwrap_err();
        assert!(refused.to_string().contains("not a checkpoint of training"), "{refused}");
    }
}

#[test]
fn a_loss_that_is_not_finite_moves_nothing_and_is_told() {
    let mut images = galaxies(2);
    images[1][77] = f32::INFINITY;
    let feed = Feed::new(images.iter().map(Vec::as_slice), 2, false, 5).unwrap();
    let set = TrainingSet { feed, validation: vec![] };
    let mut trainer = Trainer::on(Gpu::emulated(), settings(SviSettings::default()), Products::Single).unwrap();
    let before = trainer.encoder().unwrap();
    let Ending::Failed(error) = Executor::new().rounds(1).run(&set, &mut trainer) else { panic!("it went on") };
    assert!(error.to_string().contains("log probability of site `x`"), "{error}");
    assert_eq!((trainer.steps(), trainer.encoder().unwrap()), (0, before));
}

#[test]
fn another_loss_than_that_with_the_closed_form_is_refused() {
    let svi = SviSettings { loss: Loss::Trace, ..SviSettings::default() };
    let settings = TrainingSettings { svi, ..settings(SviSettings::default()) };
    let refused = Trainer::on(Gpu::emulated(), settings, Products::Single).map(drop).unwrap_err();
    assert!(refused.to_string().contains("mean_field"), "{refused}");
}

#[test]
fn a_step_has_fewer_than_eighty_launches() {
    let (layout, images) = (Layout::new(), 32);
    let step = Step::new(Sizes { images, draws: 1, clip: None, galaxies: 1 }, &layout);
    let all: Vec<&Launch> = step.gradients.iter().chain(&step.update).collect();
    let multiplied: usize = all.iter().map(|launch| launch.multiplied()).sum();
    // Forward, by weights, by images; the first layer has no images to go back to. With the heads: 2 x 64 x 4096.
    let (encoder, decoder) = (layers::encoder(), layers::decoder());
    let of = |layers: &[layers::Layer]| layers.iter().map(layers::Layer::products).sum::<usize>();
    let expected = images * (3 * (of(&encoder) + of(&decoder) + 2 * 64 * 4096) - encoder[0].products());
    assert_eq!(multiplied, expected);
    println!(
        "{} launches, {} GFLOP, {} MB",
        all.len(),
        2e-9 * multiplied as f64,
        4e-6 * step.memory.iter().sum::<usize>() as f64
    );
    assert!(all.len() < 80, "{}", all.len());
    for launch in all {
        println!("{}", launch.describe());
    }
}
