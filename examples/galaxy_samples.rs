//! Galaxies that the decoder makes of draws from its latent prior, beside simulated and real ones.
//!
//! `cargo run --release --example galaxy_samples [SOURCE_FOLDER] [OUT_FOLDER] [GALAXIES]` reads the folder that `arclet train-source`
//! wrote (default: `source`) and writes `galaxy-samples.png` (draws from the normal that was fitted to the encoded means) and
//! `galaxy-samples-wide.png` (from the prior of a fit, nine times the covariance; default: into the current folder). It prints how
//! much of a chequerboard is in the images, whether a classifier tells them apart, and how far their statistics are from those of real
//! galaxies. GALAXIES is the file `galaxies.safetensors` of the training set, whose test split is compared; without it some are
//! simulated. The real galaxies are found by `ARCLET_DATA` (default `../shared`).

#[path = "galaxies/bright.rs"]
mod bright;
#[path = "galaxies/classifier.rs"]
mod classifier;
#[path = "galaxies/picture.rs"]
mod picture;
#[path = "galaxies/real.rs"]
mod real;
#[path = "galaxies/statistics.rs"]
mod statistics;
#[path = "galaxies/truth.rs"]
mod truth;

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use arclet::core::rng::keyed;
use arclet::infer::diagnostics::{mean, median, quantile, sd};
use arclet::plot::{ContactSheet, PanelKind, Tile};
use arclet::prelude::{Family, Normal};
use arclet::source::data::simulate::{Population, Simulator, Survey, simulate_set};
use arclet::source::data::{Cuts, Dataset, Galaxy, Split};
use arclet::source::latent::{LatentPrior, WIDENING};
use arclet::source::network::{LATENT, SIDE};
use arclet::source::training::SIGMA;
use arclet::source::vae::Vae;

use classifier::{Classifier, Features, cross_validated_auc};
use picture::panel;
use statistics::{NAMES, column, measure};
use truth::with_truth;

/// Fixes the draws; the simulated galaxies are none of a training set that `arclet galaxies --seed 1` made.
const SEED: u64 = 2;

/// Galaxies of each kind.
const GALAXIES: usize = 640;

/// Galaxies of a sheet.
const SHOWN: usize = 64;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let source = PathBuf::from(arguments.next().unwrap_or_else(|| "source".into()));
    let out = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&out)?;
    let mut vae = Vae::read(&source)?;
    let prior = LatentPrior::read(&source.join("prior.safetensors"))?;
    let samples = draws(&mut vae, &prior, WIDENING.sqrt().recip())?;
    let wide = draws(&mut vae, &prior, 1.0)?;
    std::fs::write(out.join("galaxy-samples.png"), sheet("the normal fitted to the encoded means", &samples)?)?;
    std::fs::write(out.join("galaxy-samples-wide.png"), sheet("the prior of a fit, 9 times that covariance", &wide)?)?;

    let simulator = Simulator::new(Survey::default(), Population::default(), SEED)?;
    let simulated: Vec<(Galaxy, Vec<f32>)> =
        (0..).filter_map(|k| with_truth(&simulator.galaxy(k))).take(GALAXIES).collect();
    let truths: Vec<Vec<f32>> = simulated.iter().map(|(_, truth)| truth.clone()).collect();
    let training = match arguments.next() {
        Some(file) => Dataset::read(Path::new(&file))?.of(Split::Test).take(GALAXIES).cloned().collect(),
        None => simulated.iter().map(|(galaxy, _)| galaxy.clone()).collect::<Vec<_>>(),
    };
    let smooth = Simulator::new(Survey::default(), smooth_population(), SEED)?;
    let (smooth, _) = simulate_set(&smooth, GALAXIES, &Cuts::default(), &mut |_| ())?;
    let bright = bright::galaxies()?;
    let large = bright.iter().filter(|bright| bright.stamp_side >= SIDE).count();
    println!(
        "{} real galaxies, {large} of them with stamps of 64 pixels or more as the training set has\n",
        bright.len()
    );
    let real: Vec<Galaxy> = bright.into_iter().map(|bright| bright.galaxy).collect();

    chequerboard(&samples, &wide, &truths, &training);

    // Samples get the noise that a simulated galaxy has, scaled to the level of those that they are held against.
    let noises: Vec<Vec<f32>> = simulated.iter().map(|(galaxy, truth)| noise(galaxy, truth)).collect();
    let as_noisy_as = |others: &[Galaxy]| -> Vec<[f64; 7]> {
        let levels = others.iter().map(|galaxy| galaxy.sigma_noise).cycle();
        let noisy = samples.iter().zip(&noises).zip(levels).map(|((image, noise), sigma)| Galaxy {
            pixels: image.iter().zip(noise).map(|(light, unit)| light + sigma * unit).collect(),
            sigma_noise: sigma,
            ..training[0].clone()
        });
        noisy.filter_map(|galaxy| measure(&galaxy)).collect()
    };
    let rows = |galaxies: &[Galaxy]| -> Vec<[f64; 7]> { galaxies.iter().filter_map(measure).collect() };
    let (by_real, by_training) = (as_noisy_as(&real), as_noisy_as(&training));
    let [real, training, smooth] = [rows(&real), rows(&training), rows(&smooth)];
    classifiers(&real, &training, [&by_real, &by_training])?;
    distances(&real, [&by_real, &training, &smooth]);
    Ok(())
}

/// mu_d(z) of `GALAXIES` draws z from the prior, its standard deviations multiplied by `factor`.
fn draws(vae: &mut Vae, prior: &LatentPrior, factor: f64) -> anyhow::Result<Vec<Vec<f32>>> {
    let draw = |k: usize| {
        let mut rng = keyed(SEED, "z", k);
        prior.transformed(&(0..LATENT).map(|_| Normal::sample(&mut rng, [0.0, factor])).collect::<Vec<_>>())
    };
    Ok(vae.decode(&(0..GALAXIES).flat_map(draw).collect::<Vec<_>>())?)
}

/// Galaxies of one component without structure: spheroids and smooth discs, each with the isophotes of a Sersic profile, of the
/// magnitudes, sizes, indices and axis ratios that the simulated ones have.
fn smooth_population() -> Population {
    Population {
        irregular: [0.0; 2],
        armed: [0.0; 2],
        barred: 0.0,
        ringed: 0.0,
        bulge_share: 0.0,
        lopsidedness: 0.0,
        clumpy: 0.0,
        patchiness: [0.0; 2],
        dust: [0.0; 2],
        paired: 0.0,
        tailed: 0.0,
        ..Population::default()
    }
}

/// What a simulated galaxy has beside its truth, in standard deviations of its noise.
fn noise(galaxy: &Galaxy, truth: &[f32]) -> Vec<f32> {
    galaxy.pixels.iter().zip(truth).map(|(noisy, light)| (noisy - light) / galaxy.sigma_noise).collect()
}

fn chequerboard(samples: &[Vec<f32>], wide: &[Vec<f32>], truths: &[Vec<f32>], training: &[Galaxy]) {
    let noisy: Vec<Vec<f32>> = training.iter().map(|galaxy| galaxy.pixels.clone()).collect();
    println!(
        "| images | power near the Nyquist frequencies / other high frequencies | rms there / white noise of 1/50 |"
    );
    println!("|---|---|---|");
    for (name, images) in [
        ("samples", samples),
        ("samples of the wide prior", wide),
        ("simulated galaxies without noise", truths),
        ("training galaxies, with noise", &noisy),
    ] {
        let (ratios, levels): (Vec<f64>, Vec<f64>) = images.iter().map(|image| nyquist(image)).unzip();
        println!("| {name} | {:.3} | {:.4} |", median(&ratios), median(&levels));
    }
}

/// The mean power of an image within three modes of the Nyquist frequencies (1/2, 0), (0, 1/2), (1/2, 1/2) a pixel, where patterns
/// of two pixels are: over that of the other modes with a period below four pixels along x or y (1 for white noise; below 1 where
/// the power falls with the frequency); and its root over that of white noise of the standard deviation 1/50.
fn nyquist(image: &[f32]) -> (f64, f64) {
    let half = SIDE / 2;
    let (mut near, mut other) = (Vec::new(), Vec::new());
    for (k, power) in powers(image).into_iter().enumerate() {
        let [x, y] = [k % SIDE, k / SIDE].map(|k| k.min(SIDE - k));
        let from = |x0: usize, y0: usize| (x.abs_diff(x0) as f64).hypot(y.abs_diff(y0) as f64);
        if from(half, 0).min(from(0, half)).min(from(half, half)) <= 3.0 {
            near.push(power);
        } else if x.max(y) > half / 2 {
            other.push(power);
        }
    }
    let near = mean(&near);
    (near / mean(&other), (near / (image.len() as f64 * SIGMA * SIGMA)).sqrt())
}

/// |sum_xy image e^(-2 pi i (k x + l y) / side)|^2 for all k and l.
fn powers(image: &[f32]) -> Vec<f64> {
    let wave: Vec<(f64, f64)> = (0..SIDE).map(|j| (-TAU * j as f64 / SIDE as f64).sin_cos()).collect();
    // Along one axis, then along the other: line after line, each transform a column of the result.
    let transformed = |lines: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        let at = |i: usize| {
            let line = &lines[i % SIDE * SIDE..][..SIDE];
            line.iter().enumerate().fold((0.0, 0.0), |(re, im), (j, (a, b))| {
                let (sin, cos) = wave[j * (i / SIDE) % SIDE];
                (re + a * cos - b * sin, im + a * sin + b * cos)
            })
        };
        (0..SIDE * SIDE).map(at).collect()
    };
    let pixels = image.iter().map(|pixel| (f64::from(*pixel), 0.0)).collect();
    transformed(transformed(pixels)).into_iter().map(|(re, im)| re * re + im * im).collect()
}

/// How well classifiers tell the samples apart, and what the one that was made for real and simulated galaxies says of samples.
fn classifiers(real: &[[f64; 7]], training: &[[f64; 7]], samples: [&[[f64; 7]]; 2]) -> anyhow::Result<()> {
    let counts = [real, training, samples[0], samples[1]].map(<[_]>::len);
    println!(
        "\nmeasured: {} real, {} training galaxies, {} and {} samples\n",
        counts[0], counts[1], counts[2], counts[3]
    );
    println!("| told apart | AUC, the seven statistics | AUC, with squares and products |\n|---|---|---|");
    for (name, a, b) in [
        ("real galaxies and samples", real, samples[0]),
        ("real and training galaxies", real, training),
        ("training galaxies and samples", training, samples[1]),
    ] {
        let [(plain, e), (squares, f)] = [cross_validated_auc(a, b, false)?, cross_validated_auc(a, b, true)?];
        println!("| {name} | {plain:.3} ± {e:.3} | {squares:.3} ± {f:.3} |");
    }
    // One half of the training galaxies teaches, the other gives the quantile.
    let (taught, held) = training.split_at(training.len() / 2);
    let seen = real.iter().map(|row| (row, 1.0)).chain(taught.iter().map(|row| (row, 0.0)));
    let classifier = Classifier::fit(&Features::of(real, taught, false), seen)?;
    let scores = |rows: &[[f64; 7]]| -> Vec<f64> { rows.iter().map(|row| classifier.score(row)).collect() };
    let bar = quantile(&scores(held), 0.1);
    let above = scores(samples[1]).iter().filter(|score| **score > bar).count();
    println!(
        "\n{:.1} % of the samples look more like real galaxies than the worst tenth of the training galaxies",
        100.0 * above as f64 / samples[1].len() as f64
    );
    Ok(())
}

/// The Wasserstein distances of the statistics from those of the real galaxies.
fn distances(real: &[[f64; 7]], others: [&[[f64; 7]]; 3]) {
    println!("\nW1 / standard deviation of the real galaxies\n");
    println!(
        "| statistic | samples | training galaxies | smooth galaxies | as few training galaxies from the others |"
    );
    println!("|---|---|---|---|---|");
    let mut sums = [0.0; 4];
    for (k, name) in NAMES.iter().enumerate() {
        let (real_values, training) = (column(real, k), column(others[1], k));
        let unit = sd(&real_values);
        let [a, b, c] = others.map(|rows| wasserstein(&real_values, &column(rows, k)) / unit);
        // What chance alone gives to a sample as small as that of the real galaxies.
        let chance = |(i, few): (usize, &[f64])| {
            let (before, after) = (&training[..i * few.len()], &training[(i + 1) * few.len()..]);
            wasserstein(few, &[before, after].concat()) / unit
        };
        let d = mean(&training.chunks_exact(real.len()).enumerate().map(chance).collect::<Vec<_>>());
        println!("| {name} | {a:.3} | {b:.3} | {c:.3} | {d:.3} |");
        sums.iter_mut().zip([a, b, c, d]).for_each(|(sum, distance)| *sum += distance / NAMES.len() as f64);
    }
    println!("| mean | {:.3} | {:.3} | {:.3} | {:.3} |", sums[0], sums[1], sums[2], sums[3]);
}

/// W1: the area between the distribution functions of two samples.
fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    let step =
        |values: &[f64], height: f64| values.iter().map(|v| (*v, height / values.len() as f64)).collect::<Vec<_>>();
    let mut steps = [step(a, 1.0), step(b, -1.0)].concat();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut apart = 0.0;
    let areas = steps.windows(2).map(|pair| {
        apart += pair[0].1;
        f64::abs(apart) * (pair[1].0 - pair[0].0)
    });
    areas.sum()
}

/// The first samples.
fn sheet(prior: &str, samples: &[Vec<f32>]) -> anyhow::Result<Vec<u8>> {
    let mut tiles = Vec::new();
    for (k, image) in samples.iter().take(SHOWN).enumerate() {
        let maximum = image.iter().copied().fold(f32::MIN, f32::max);
        tiles.push(Tile {
            title: (k + 1).to_string(),
            caption: format!("maximum {maximum:.2}"),
            panels: vec![panel(PanelKind::Galaxy, "", image, 1.0 / SIDE as f64)?],
        });
    }
    let title = format!("Decoded draws from {prior}");
    let note = "64 x 64 pixels without noise; greys asinh from −0.1 (black) to 1 (white)".to_owned();
    Ok(ContactSheet { title, note, tiles, columns: 8 }.render()?)
}
