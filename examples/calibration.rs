//! Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of the paper's model: mocks drawn from it, source and all, each fitted
//! from its image alone; the rank of the truth among the draws must be uniform for every number of the lens and of the source's place.
//!
//!     cargo run --release --example calibration -- [MOCKS] [--cuda] [--threads=N] [--chains=N] [--warmup=N] [--draws=N]

use std::path::Path;
use std::time::Instant;

use arclet::core::{Device, Processor};
use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::infer::diagnostics::Ranks;
use arclet::lens::system::{System, simulate};
use rayon::prelude::*;

/// Priors from which most draws are lenses; the fit has the same.
const SYSTEM: &str = r#"{
  "data": { "size": [256, 256], "pixel_scale": 0.0390625, "background_rms": 0.1, "psf_fwhm": 0.1177410, "supersampling": 1 },
  "lens": [ { "name": "lens", "profile": "sple" }, { "name": "shear", "profile": "shear" } ],
  "source": [ { "name": "source", "profile": "vae", "interpolation": "cubic", "rotation": false } ],
  "priors": {
    "lens.r_ein": { "uniform": { "low": 1.0, "high": 2.0 } },
    "lens.gamma": { "uniform": { "low": 1.7, "high": 2.3 } },
    "lens.phi": { "normal": { "loc": 0.5, "scale": 0.4 } },
    "lens.q": { "uniform": { "low": 0.5, "high": 0.95 } },
    "lens.center_x": { "normal": { "loc": 0.0, "scale": 0.05 } },
    "lens.center_y": { "normal": { "loc": 0.0, "scale": 0.05 } },
    "shear.gamma1": { "normal": { "loc": 0.0, "scale": 0.04 } },
    "shear.gamma2": { "normal": { "loc": 0.0, "scale": 0.04 } },
    "source.scale": { "log_normal": { "loc": 1.2, "scale": 0.1 } },
    "source.amp": { "log_normal": { "loc": 0.0, "scale": 0.2 } },
    "source.center_x": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "source.center_y": { "normal": { "loc": 0.0, "scale": 0.1 } }
  }
}"#;

/// The largest R-hat of chains that have mixed well enough to be told apart from the others.
const MIXED: f64 = 1.05;

/// What one mock came to.
struct Ended {
    /// For each number of lens and place, the fraction of draws below the truth.
    ranks: Vec<(String, f64)>,
    worst_r_hat: f64,
    least_ess: f64,
    divergences: usize,
    chi2: f64,
    seconds: f64,
}

fn mock(seed: u64, settings: &FitSettings) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let system = System::from_json_with(SYSTEM, Path::new("calibration"), Path::new("."), &arclet::profiles())?;
    let mock = simulate(&system, seed)?;
    let found = fit(&system, mock.data.clone(), settings, &mut Executor::new())?;
    let below = |(site, truth): (&String, &Vec<f64>)| {
        let entry = found.posterior.entry(site)?;
        let draws = entry.values();
        Some((site.clone(), draws.iter().filter(|draw| **draw < truth[0]).count() as f64 / draws.len() as f64))
    };
    let scalar = |(_, truth): &(&String, &Vec<f64>)| truth.len() == 1;
    let summary = found.posterior.summary();
    Ok(Ended {
        ranks: mock.truth.iter().filter(scalar).filter_map(below).collect(),
        worst_r_hat: summary.worst_r_hat(),
        least_ess: summary.worst_ess(),
        divergences: found.posterior.divergences(),
        chi2: found.view.chi2_per_pixel,
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn main() -> anyhow::Result<()> {
    let (options, numbers): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let number = |name: &str, default: usize| {
        let value = options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Ok(default), str::parse)
    };
    let count: usize = numbers.first().map_or(Ok(100), |n| n.parse())?;
    let device = if options.iter().any(|o| o == "--cuda") { Device::Cuda(0) } else { Device::Cpu };
    println!("{}", Processor::open(device)?.describe());
    let (chains, warmup, draws) = (number("--chains", 4)?, number("--warmup", 50)?, number("--draws", 200)?);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(number("--threads", 1)?).build()?;
    let began = Instant::now();
    let one = |processor: &mut anyhow::Result<Processor>, seed: u32| -> anyhow::Result<Ended> {
        let processor = processor.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?.clone();
        let seed = u64::from(seed);
        let settings =
            FitSettings { seed, chains, warmup, draws, target_accept: Some(0.65), processor, ..FitSettings::default() };
        let ended = mock(seed, &settings)?;
        let ranks: Vec<String> = ended.ranks.iter().map(|(_, rank)| format!("{rank:.3}")).collect();
        println!(
            "mock {seed}: chi2 {:.3}, R-hat {:.3}, ESS {:.0}, {} divergences, {:.1} s; ranks {}",
            ended.chi2,
            ended.worst_r_hat,
            ended.least_ess,
            ended.divergences,
            ended.seconds,
            ranks.join(" ")
        );
        Ok(ended)
    };
    let ended: Vec<Ended> = threads.install(|| {
        let seeds = (0..u32::try_from(count)?).into_par_iter().with_max_len(1);
        seeds.map_init(|| Processor::open(device).map_err(anyhow::Error::from), one).collect::<anyhow::Result<_>>()
    })?;
    println!("{count} mocks in {:.0} s", began.elapsed().as_secs_f64());
    print_table(&ended);
    Ok(())
}

/// Histograms of the ranks, and the probability of a chi^2 as large as theirs if they were uniform.
fn print_table(ended: &[Ended]) {
    let mut all = Ranks::default();
    for (name, rank) in ended.iter().flat_map(|e| &e.ranks) {
        all.push(name, *rank);
    }
    println!("\n{}", all.table());
    let mixed = |limit: f64| ended.iter().filter(|e| e.worst_r_hat < limit).count();
    println!(
        "\nR-hat of all numbers below 1.01 for {}, below 1.05 for {} of {}; {} divergences",
        mixed(1.01),
        mixed(MIXED),
        ended.len(),
        ended.iter().map(|e| e.divergences).sum::<usize>(),
    );
    // All parameters together: 20 % and 2 % if the ranks are uniform.
    let outside = |mixed: bool, share: f64| {
        let some = ended.iter().filter(|e| (e.worst_r_hat < MIXED) == mixed);
        let ranks: Vec<f64> = some.flat_map(|e| e.ranks.iter().map(|(_, rank)| *rank)).collect();
        let out = ranks.iter().filter(|rank| **rank < share || **rank >= 1.0 - share).count();
        100.0 * out as f64 / ranks.len() as f64
    };
    println!(
        "in the outer tenths {:.1} % and the outer hundredths {:.1} % of the ranks with R-hat below {MIXED}; {:.1} % and {:.1} % above",
        outside(true, 0.1),
        outside(true, 0.01),
        outside(false, 0.1),
        outside(false, 0.01),
    );
}
