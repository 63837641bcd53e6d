//! Calibration of a source of pixels (Talts et al. 2018, arXiv:1804.06788): mocks whose source is drawn from the prior of the field, scales and
//! all, each fitted from its image, beginning at the truth; the rank of the truth among the draws must be uniform for every number of the lens.
//!
//!     cargo run --release --example pixels_calibration -- [MOCKS] [--threads=N] [--draws=N]

use std::path::Path;
use std::time::Instant;

use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::infer::diagnostics::Ranks;
use arclet::lens::system::{System, simulate};
use rayon::prelude::*;

/// Priors from which most draws are lenses; the fit has the same.
const SYSTEM: &str = r#"{
  "data": { "size": [60, 60], "pixel_scale": 0.06, "psf_fwhm": 0.09, "background_rms": 0.02, "supersampling": 1 },
  "lens": [ { "name": "lens", "profile": "epl" }, { "name": "shear", "profile": "shear" } ],
  "source": [ { "name": "source", "profile": "pixels", "pixels": 30 } ],
  "priors": {
    "lens.theta_E": { "uniform": { "low": 0.9, "high": 1.3 } },
    "lens.gamma": { "truncated_normal": { "loc": 2.0, "scale": 0.15, "low": 1.5, "high": 2.5 } },
    "lens.e1": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "lens.e2": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "lens.center_x": { "normal": { "loc": 0.0, "scale": 0.03 } },
    "lens.center_y": { "normal": { "loc": 0.0, "scale": 0.03 } },
    "shear.gamma1": { "normal": { "loc": 0.0, "scale": 0.03 } },
    "shear.gamma2": { "normal": { "loc": 0.0, "scale": 0.03 } },
    "source.scale": { "log_normal": { "loc": 0.5, "scale": 0.15 } },
    "source.center_x": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "source.center_y": { "normal": { "loc": 0.0, "scale": 0.1 } },
    "source.amp": { "log_normal": { "loc": -1.2, "scale": 0.3 } },
    "source.length": { "log_normal": { "loc": -2.2, "scale": 0.4 } },
    "source.slope": { "truncated_normal": { "loc": 4.0, "scale": 0.7, "low": 2.6, "high": 6.0 } },
    "source.width": { "log_normal": { "loc": -0.2, "scale": 0.1 } },
    "source.offset_x": { "normal": { "loc": 0.0, "scale": 0.02 } },
    "source.offset_y": { "normal": { "loc": 0.0, "scale": 0.02 } }
  }
}"#;

/// What one mock came to.
struct Ended {
    /// For each number of the lens, the fraction of draws below the truth and how many standard deviations their mean is from it.
    lens: Vec<(String, f64, f64)>,
    r_hat: f64,
    chi2: f64,
    seconds: f64,
}

fn mock(seed: u64, settings: &FitSettings) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let mut system = System::from_json_with(SYSTEM, Path::new("calibration"), Path::new("."), &arclet::profiles())?;
    let mock = simulate(&system, seed)?;
    // Half of a field is dark, and the search looks for a galaxy: what is asked is whether the posterior about the truth has the right width.
    for component in &mut system.components {
        for parameter in component.profile.parameters() {
            component
                .start
                .extend(mock.truth.get(&component.site(parameter)).map(|truth| (parameter.name, truth.clone())));
        }
    }
    let found = fit(&system, mock.data.clone(), settings, &mut Executor::new())?;
    let summary = found.posterior.summary();
    let (mut lens, mut r_hat) = (vec![], 0.0_f64);
    for (site, truth) in mock.truth.iter().filter(|(site, _)| !site.starts_with("source.")) {
        let (Some(entry), Some(row)) = (found.posterior.entry(site), summary.get(site)) else { continue };
        let draws = entry.values();
        let below = draws.iter().filter(|draw| **draw < truth[0]).count() as f64 / draws.len() as f64;
        lens.push((site.clone(), below, (row.mean - truth[0]) / row.sd));
        r_hat = r_hat.max(row.r_hat);
    }
    Ok(Ended { lens, r_hat, chi2: found.view.chi2_per_pixel, seconds: began.elapsed().as_secs_f64() })
}

fn main() -> anyhow::Result<()> {
    let (options, numbers): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let number = |name: &str, default: usize| {
        let value = options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Ok(default), str::parse)
    };
    let count: u32 = numbers.first().map_or(Ok(40), |n| n.parse())?;
    let draws = number("--draws", 200)?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(number("--threads", 1)?).build()?;
    let one = |seed: u32| -> anyhow::Result<Ended> {
        let seed = u64::from(seed);
        let settings = FitSettings { seed, warmup: 100, draws, ..FitSettings::default() };
        let ended = mock(seed, &settings)?;
        let z: Vec<String> = ended.lens.iter().map(|(_, _, z)| format!("{z:+.2}")).collect();
        let Ended { chi2, r_hat, seconds, .. } = ended;
        println!("mock {seed}: chi2 {chi2:.3}, R-hat {r_hat:.3}, {seconds:.1} s; z {}", z.join(" "));
        Ok(ended)
    };
    let ended: Vec<Ended> =
        threads.install(|| (0..count).into_par_iter().with_max_len(1).map(one).collect::<anyhow::Result<_>>())?;
    let mut all = Ranks::default();
    let (mut squares, mut n) = (0.0, 0.0);
    for (name, rank, z) in ended.iter().flat_map(|e| &e.lens) {
        all.push(name, *rank);
        (squares, n) = (squares + z * z, n + 1.0);
    }
    println!("\n{}\n\nroot mean square of z {:.2}", all.table(), f64::sqrt(squares / n));
    Ok(())
}
