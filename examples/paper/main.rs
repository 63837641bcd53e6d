//! The paper, reproduced: two real galaxies behind two lenses, seen at three noise levels, fitted and sampled.
//!
//! `cargo run --release --example paper [SYSTEM [NOISE]] [--map] [--cuda] [--chains=N] [--warmup=N] [--draws=N] [--accept=X]` prints the tables of
//! docs/reproduction.md and writes `paper-fits-SYSTEM.png` and `paper-posterior-SYSTEM.png` into the current folder; with `--map`
//! by the Laplace approximation alone, with `--cuda` on a GPU; the galaxies are found by `ARCLET_DATA` (default `../shared`).

#[path = "../galaxies/bright.rs"]
mod bright;
mod galaxy;
mod mock;
mod picture;
#[path = "../galaxies/real.rs"]
mod real;
#[path = "../galaxies/statistics.rs"]
mod statistics;

use std::path::Path;
use std::time::Instant;

use arclet::core::{Device, Processor};
use arclet::fit::{Fit, FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;

use galaxy::Source;
use mock::{Mock, SIGMAS, Truth};

/// The smooth decoder was chosen after a look at both systems.
const SYSTEM: &str = r#"{
  "preset": "paper",
  "lens": [ { "name": "lens", "profile": "sple" }, { "name": "shear", "profile": "shear" } ],
  "source": [ { "name": "source", "profile": "vae", "interpolation": "cubic", "decoder": "smooth" } ]
}"#;

/// What was chosen on system 1, and what after a look at both, is said in docs/reproduction.md.
const WARMUP: usize = 50;
const DRAWS: usize = 450;
const TARGET_ACCEPT: f64 = 0.75;

fn main() -> anyhow::Result<()> {
    let (options, numbers): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let given = |name: &str| options.iter().any(|option| option == name);
    let text = |name: &str| options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str, default: usize| text(name).map_or(Ok(default), str::parse);
    let accept = text("--accept").map_or(Ok(TARGET_ACCEPT), str::parse)?;
    let method = if given("--map") { Method::Map } else { Method::Nuts };
    let (chains, warmup, draws) = (number("--chains", 4)?, number("--warmup", WARMUP)?, number("--draws", DRAWS)?);
    let processor = Processor::open(if given("--cuda") { Device::Cuda(0) } else { Device::Cpu })?;
    println!("{}", processor.describe());
    let asked: Vec<usize> = numbers.iter().map(|a| a.parse()).collect::<Result<_, _>>()?;
    let wanted = |which: usize, value: usize| asked.get(which).is_none_or(|asked| *asked == value);
    let system = System::from_json_with(SYSTEM, Path::new("paper"), Path::new("."), &arclet::profiles())?;
    println!(
        "| system | noise | S/N | chi2/pixel | MAP: gradients, s | NUTS: gradients, s | all, s | divergences | least ESS, lens | largest R-hat |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut posteriors = String::new();
    for source in galaxy::two()?.into_iter().filter(|source| wanted(0, source.system)) {
        let truth = Truth::drawn(source.system as u64);
        let clean = mock::lensed(&truth, &source)?;
        let (mut tiles, mut fits) = (Vec::new(), Vec::new());
        for (noise, sigma) in SIGMAS.into_iter().enumerate().filter(|(noise, _)| wanted(1, *noise)) {
            let mock = mock::observed(&clean, sigma, (10 * source.system + noise) as u64)?;
            let began = Instant::now();
            let settings = FitSettings {
                method,
                chains,
                warmup,
                draws,
                target_accept: Some(accept),
                processor: processor.clone(),
                ..FitSettings::default()
            };
            let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
            print_row(&source, &mock, &found, began.elapsed().as_secs_f64())?;
            posteriors += &posterior_rows(&source, &truth, sigma, &found);
            tiles.push(picture::tile(&source, &truth, &mock, &found)?);
            fits.push((sigma, found));
        }
        std::fs::write(format!("paper-posterior-{}.png", source.system), picture::corner(&source, &truth, &fits)?)?;
        std::fs::write(format!("paper-fits-{}.png", source.system), picture::sheet(&source, tiles)?)?;
    }
    println!("\n| system | noise | parameter | truth | posterior | error, % | bias, % | bias, sd |");
    println!("|---|---|---|---|---|---|---|---|");
    print!("{posteriors}");
    Ok(())
}

fn print_row(source: &Source, mock: &Mock, found: &Fit, all: f64) -> anyhow::Result<()> {
    let summary = found.posterior.summary();
    let lens = |name: &str| !name.starts_with("source");
    let ess = summary.iter().filter(|(name, _)| lens(name)).map(|(_, s)| s.ess_bulk).fold(f64::INFINITY, f64::min);
    let r_hat = summary.iter().map(|(_, s)| s.r_hat).fold(0.0, f64::max);
    let seconds = |sampling: bool| {
        let stages = found.seconds.iter().filter(|(stage, _)| (*stage == "sampling") == sampling);
        stages.fold(0.0, |sum, (_, s)| sum + s)
    };
    let (maximum, sampling) = (seconds(false), seconds(true));
    let drawn = found.sampling_gradients;
    println!(
        "| {} | {} | {:.0} | {:.3} | {}, {maximum:.0} | {drawn}, {sampling:.0} | {all:.0} | {} | {ess:.0} | {r_hat:.3} |",
        source.system,
        mock.sigma,
        mock::signal_to_noise(mock)?,
        found.view.chi2_per_pixel,
        found.gradients - drawn,
        found.posterior.divergences(),
    );
    Ok(())
}

/// What the paper shows of the lens: how uncertain it is, and how far from the truth.
fn posterior_rows(source: &Source, truth: &Truth, sigma: f64, found: &Fit) -> String {
    let summary = found.posterior.summary();
    let mut rows = String::new();
    for (name, truth) in truth.named() {
        let Some(stats) = summary.get(name) else { continue };
        let (mean, sd) = (stats.mean, stats.sd);
        let percent = |x: f64| 100.0 * x / truth.abs();
        rows += &format!(
            "| {} | {sigma} | {name} | {truth:.4} | {mean:.4} ± {sd:.4} | {:.2} | {:+.2} | {:+.1} |\n",
            source.system,
            percent(sd),
            percent(mean - truth),
            (mean - truth) / sd
        );
    }
    rows
}
