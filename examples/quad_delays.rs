//! H0 from the time delays of a quad: positions, flux ratios and delays of four images that lenstronomy has made, fitted to a power law with
//! shear. Prints each parameter beside its true value and draws the posterior.
//!
//!     cargo run --release --example quad_delays -- [PICTURE.png]

use std::collections::BTreeMap;
use std::path::Path;

use arclet::fit::{FitSettings, fit_points};
use arclet::infer::Executor;
use arclet::lens::system::System;
use arclet::plot::CornerFigure;
use serde_json::Value as Json;

/// Made by scripts/golden/quad_delays.py, as is the truth; `arclet fit` takes the file too.
const SYSTEM: &str = include_str!("data/quad_delays.json");
const TRUTH: &str = include_str!("data/quad_delays_truth.json");
const SHOWN: [(&str, &str); 5] =
    [("cosmology.H0", "H₀"), ("lens.gamma", "γ"), ("lens.theta_E", "θ_E"), ("lens.e1", "e₁"), ("shear.gamma1", "γ₁")];

fn main() -> anyhow::Result<()> {
    let system = System::from_json(SYSTEM, Path::new("quad_delays.json"), Path::new("."))?;
    let truth: BTreeMap<String, Json> = serde_json::from_str(TRUTH)?;
    let found = fit_points(&system, &FitSettings { seed: 1, ..FitSettings::default() }, &mut Executor::new())?;
    let summary = found.posterior.summary();
    println!("| parameter | truth | mean | sd | off by | ESS | R-hat |");
    println!("|---|---|---|---|---|---|---|");
    for (name, s) in summary.iter() {
        let truth = truth.get(name).and_then(Json::as_f64).unwrap_or(f64::NAN);
        let (off, ess) = ((s.mean - truth) / s.sd, s.ess_bulk.min(s.ess_tail));
        println!("| {name} | {truth:.3} | {:.4} | {:.4} | {off:+.1} | {ess:.0} | {:.3} |", s.mean, s.sd, s.r_hat);
    }
    for (name, s) in found.derived.summary().iter() {
        println!("{name}: {:.4} +- {:.4}", s.mean, s.sd);
    }
    let seconds: f64 = found.seconds.iter().map(|(_, seconds)| seconds).sum();
    println!("{} gradients in {seconds:.1} s, {} divergences", found.gradients, found.posterior.divergences());
    if let Some(path) = std::env::args().nth(1) {
        let column = |name: &str| found.posterior.entry(name).map_or(vec![], |entry| entry.values().to_vec());
        let figure = CornerFigure {
            title: "H₀ from the delays of a quad".to_owned(),
            labels: SHOWN.iter().map(|(_, label)| (*label).to_owned()).collect(),
            samples: SHOWN.iter().map(|(name, _)| column(name)).collect(),
            truths: Some(SHOWN.iter().map(|(name, _)| truth.get(*name).and_then(Json::as_f64)).collect()),
            ..CornerFigure::default()
        };
        std::fs::write(path, figure.render()?)?;
    }
    Ok(())
}
