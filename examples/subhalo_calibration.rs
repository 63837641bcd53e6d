//! Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of dark haloes: mocks drawn from priors, the mass of the halo log-uniform
//! and its place uniform, each fitted from its image alone; the rank of the truth among the draws must be uniform.
//!
//!     cargo run --release --example subhalo_calibration -- [MOCKS [PARTICLES]]

use std::path::Path;

use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::infer::diagnostics::Ranks;
use arclet::lens::system::{System, simulate};

/// From a halo that changes nothing (1e8 solar masses) to one that cannot be missed (1e10).
const SYSTEM: &str = r#"{
  "data": { "size": [32, 32], "pixel_scale": 0.1, "background_rms": 0.01, "psf_fwhm": 0.1, "supersampling": 1 },
  "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
  "lens": [
    { "name": "lens", "profile": "sie", "parameters": { "center_x": { "value": 0.0 }, "center_y": { "value": 0.0 } } },
    { "name": "halo", "profile": "subhalo", "parameters": { "tau": { "value": 20 } } } ],
  "source": [ { "name": "source", "profile": "sersic",
    "parameters": { "n_sersic": { "value": 1.2 }, "e1": { "value": 0.1 }, "e2": { "value": -0.05 } } } ],
  "priors": {
    "lens.theta_E": { "uniform": { "low": 0.8, "high": 1.2 } },
    "lens.e1": { "truncated_normal": { "loc": 0.0, "scale": 0.1, "low": -0.3, "high": 0.3 } },
    "lens.e2": { "truncated_normal": { "loc": 0.0, "scale": 0.1, "low": -0.3, "high": 0.3 } },
    "halo.log10_m200": { "uniform": { "low": 8.0, "high": 10.0 } },
    "halo.center_x": { "uniform": { "low": -1.6, "high": 1.6 } },
    "halo.center_y": { "uniform": { "low": -1.6, "high": 1.6 } },
    "source.amp": { "log_normal": { "loc": -2.3, "scale": 0.2 } },
    "source.R_sersic": { "log_normal": { "loc": -1.9, "scale": 0.2 } },
    "source.center_x": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "source.center_y": { "normal": { "loc": 0.0, "scale": 0.1 } }
  }
}"#;

fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(100), |n| n.parse())?;
    let draws: usize = std::env::args().nth(2).map_or(Ok(200), |n| n.parse())?;
    let system = System::from_json(SYSTEM, Path::new("subhalo_calibration"), Path::new("."))?;
    let (mut ranks, mut seen) = (Ranks::default(), 0);
    for seed in 0..count {
        let mock = simulate(&system, seed)?;
        let settings = FitSettings { seed, chains: 1, draws, starts: 16, ..FitSettings::default() };
        let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
        for (site, truth) in &mock.truth {
            // What is fixed has no draws.
            if let Some(entry) = found.posterior.entry(site) {
                ranks.add(site, truth[0], entry.values());
            }
        }
        let factor = found.halos.as_ref().map_or(f64::NAN, |halos| halos.log_bayes_factor().0);
        seen += usize::from(factor > 5.0);
        let mass = found.posterior.summary();
        let mass = mass.get("halo.log10_m200").map_or((f64::NAN, f64::NAN), |s| (s.mean, s.sd));
        let (truth, seconds) = (mock.truth["halo.log10_m200"][0], found.seconds.iter().map(|s| s.1).sum::<f64>());
        println!(
            "mock {seed}: lg M200 {truth:.2}, found {:.2} +- {:.2}, log Bayes factor {factor:.1}, {seconds:.1} s",
            mass.0, mass.1
        );
    }
    println!("log Bayes factor above 5 for {seen} of {count}\n\n{}", ranks.table());
    Ok(())
}
