//! A thousand mock lenses from image to posterior in one process, each thread with lenses and a stream of the device of its own:
//!
//!     cargo run --release --example many_lenses -- [LENSES [cpu|cuda]]
//!
//! SIE and a Sersic source, 12 parameters, 64 x 64 pixels; prints lenses a second, and how often the truth lies inside the
//! central 68 and 95 % of its posterior.

use std::path::Path;
use std::time::Instant;

use arclet::core::{Device, Processor};
use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::system::{System, simulate};
use rayon::prelude::*;

const SYSTEM: &str = r#"{
  "data": { "size": [64, 64], "pixel_scale": 0.08, "background_rms": 0.02, "psf_fwhm": 0.16, "supersampling": 1 },
  "lens": [ { "name": "lens", "profile": "sie" } ],
  "source": [ { "name": "source", "profile": "sersic" } ],
  "priors": {
    "lens.theta_E": { "uniform": { "low": 0.8, "high": 1.6 } },
    "source.amp": { "log_normal": { "loc": -0.5, "scale": 0.3 } },
    "source.R_sersic": { "log_normal": { "loc": -1.2, "scale": 0.3 } },
    "source.n_sersic": { "uniform": { "low": 0.7, "high": 2.5 } },
    "source.center_x": { "normal": { "loc": 0.0, "scale": 0.15 } },
    "source.center_y": { "normal": { "loc": 0.0, "scale": 0.15 } }
  }
}"#;

/// What one lens came to.
struct Ended {
    /// For each parameter, the fraction of draws below the truth.
    ranks: Vec<f64>,
    worst_r_hat: f64,
    divergences: u64,
    gradients: u64,
}

fn lens(seed: u64, processor: &Processor) -> anyhow::Result<Ended> {
    let system = System::from_json(SYSTEM, Path::new("many_lenses"), Path::new("."))?;
    let mock = simulate(&system, seed)?;
    let settings = FitSettings {
        seed,
        warmup: 200,
        draws: 500,
        starts: 16,
        processor: processor.clone(),
        ..FitSettings::default()
    };
    let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
    let below = |(site, truth): (&String, &Vec<f64>)| {
        let entry = found.posterior.entry(site)?;
        let draws = entry.values();
        Some(draws.iter().filter(|draw| **draw < truth[0]).count() as f64 / draws.len() as f64)
    };
    Ok(Ended {
        ranks: mock.truth.iter().filter_map(below).collect(),
        worst_r_hat: found.posterior.summary().worst_r_hat(),
        divergences: found.posterior.divergences() as u64,
        gradients: found.gradients,
    })
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(Ok(1000), |n| n.parse())?;
    let device = if arguments.next().as_deref() == Some("cuda") { Device::Cuda(0) } else { Device::Cpu };
    println!("{}", Processor::open(device)?.describe());
    let began = Instant::now();
    let all = (0..count).into_par_iter().map_init(
        || Processor::open(device),
        |processor, seed| match processor {
            Ok(processor) => lens(seed, processor),
            Err(error) => Err(error.clone().into()),
        },
    );
    let ended = all.collect::<anyhow::Result<Vec<Ended>>>()?;
    let seconds = began.elapsed().as_secs_f64();
    let ranks: Vec<f64> = ended.iter().flat_map(|e| e.ranks.iter().copied()).collect();
    let inside =
        |share: f64| ranks.iter().filter(|r| (**r - 0.5).abs() < 0.5 * share).count() as f64 / ranks.len() as f64;
    let mixed = ended.iter().filter(|e| e.worst_r_hat < 1.01).count();
    println!(
        "{count} lenses in {seconds:.1} s: {:.2} a second, {} threads\n{} gradients, {} divergences, R-hat below 1.01 for {mixed}\n\
         truth inside the central 68 %: {:.1} %, 95 %: {:.1} % of {} parameters",
        count as f64 / seconds,
        rayon::current_num_threads(),
        ended.iter().map(|e| e.gradients).sum::<u64>(),
        ended.iter().map(|e| e.divergences).sum::<u64>(),
        100.0 * inside(0.68),
        100.0 * inside(0.95),
        ranks.len(),
    );
    Ok(())
}
