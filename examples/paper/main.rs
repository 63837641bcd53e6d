//! The paper, reproduced: two real galaxies behind two lenses, seen at three noise levels, fitted and sampled.
//!
//! `cargo run --release --example paper [SYSTEM] [NOISE]`; the galaxies are found by `ARCLET_DATA` (default `../shared`).

#[path = "../galaxies/bright.rs"]
mod bright;
mod galaxy;
mod mock;
#[path = "../galaxies/real.rs"]
mod real;
#[path = "../galaxies/statistics.rs"]
mod statistics;

use std::path::Path;
use std::time::Instant;

use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;

const SYSTEM: &str = r#"{
  "preset": "paper",
  "lens": [ { "name": "lens", "profile": "sple" }, { "name": "shear", "profile": "shear" } ],
  "source": [ { "name": "source", "profile": "vae", "interpolation": "cubic" } ]
}"#;

fn main() -> anyhow::Result<()> {
    let args: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    for source in galaxy::two()? {
        if args.first().is_some_and(|s| *s != source.system) {
            continue;
        }
        let truth = mock::Truth::drawn(source.system as u64);
        println!("system {}: {} galaxy of magnitude {:.2}, {truth:?}", source.system, source.what, source.magnitude);
        let clean = mock::lensed(&truth, &source)?;
        for (k, sigma) in mock::SIGMAS.into_iter().enumerate() {
            if args.get(1).is_some_and(|n| *n != k) {
                continue;
            }
            let mock = mock::observed(&clean, sigma, 10 * source.system as u64 + k as u64)?;
            println!("noise {sigma}: S/N {:.0}", mock::signal_to_noise(&mock)?);
            let system = System::from_json_with(SYSTEM, Path::new("paper"), Path::new("."), &arclet::profiles())?;
            let start = Instant::now();
            let settings = FitSettings { warmup: 100, draws: 200, ..FitSettings::default() };
            let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
            println!(
                "{:.1} s: {:?}, {} gradients, chi2 {:.4}",
                start.elapsed().as_secs_f64(),
                found.seconds,
                found.gradients,
                found.view.chi2_per_pixel
            );
            for warning in found.posterior.warnings() {
                println!("  warning: {warning}");
            }
            let summary = found.posterior.summary();
            for (name, stats) in summary.iter().filter(|(name, _)| !name.contains(".z")) {
                println!(
                    "  {name:<18} {:>9.4} +- {:.4}  ess {:.0}  r-hat {:.3}",
                    stats.mean, stats.sd, stats.ess_bulk, stats.r_hat
                );
            }
            let z = summary.iter().filter(|(name, _)| name.contains(".z"));
            let (ess, r_hat) = z.fold((f64::INFINITY, 0.0_f64), |(e, r), (_, s)| (e.min(s.ess_bulk), r.max(s.r_hat)));
            println!("  z: least ess {ess:.0}, largest r-hat {r_hat:.3}");
        }
    }
    Ok(())
}
