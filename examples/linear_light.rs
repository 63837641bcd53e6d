//! Amplitudes sampled, integrated over, or the best that are not negative; two Sersics or many Gaussians: what each does to the search, to
//! the draws and to the time, on mock lenses of two Sersics of light each.
//!
//!     RAYON_NUM_THREADS=1 cargo run --release --example linear_light -- [LENSES [NAME ..]]
//!
//! Seconds are those of the processor (of Linux), which other programs do not lengthen much, shared out over the stages as the clock has it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::data::{DataFiles, ImageData, Inputs};
use arclet::lens::system::{Mock, System, simulate};

/// What is simulated: lens light of a bulge and a halo, arcs of an exponential disc.
const TRUTH: &str = r#"{
  "data": { "size": [64, 64], "pixel_scale": 0.075, "background_rms": 0.02, "exposure_time": 2000.0, "psf_fwhm": 0.16 },
  "lens": [ { "name": "lens", "profile": "sie" }, { "name": "shear", "profile": "shear" } ],
  "light": [
    { "name": "bulge", "profile": "sersic", "parameters": { "n_sersic": { "value": 4.0 } } },
    { "name": "halo", "profile": "sersic", "parameters": { "n_sersic": { "value": 1.0 } } } ],
  "source": [ { "name": "source", "profile": "sersic" } ],
  "priors": {
    "lens.theta_E": { "uniform": { "low": 0.9, "high": 1.4 } },
    "bulge.amp": { "log_normal": { "loc": 0.4, "scale": 0.2 } },
    "bulge.R_sersic": { "log_normal": { "loc": -0.9, "scale": 0.2 } },
    "halo.amp": { "log_normal": { "loc": -1.4, "scale": 0.2 } },
    "halo.R_sersic": { "log_normal": { "loc": 0.2, "scale": 0.2 } },
    "source.amp": { "log_normal": { "loc": 0.4, "scale": 0.3 } },
    "source.R_sersic": { "log_normal": { "loc": -1.8, "scale": 0.3 } },
    "source.n_sersic": { "uniform": { "low": 0.7, "high": 2.0 } },
    "source.center_x": { "normal": { "loc": 0.0, "scale": 0.08 } },
    "source.center_y": { "normal": { "loc": 0.0, "scale": 0.08 } }
  }
}"#;

/// The ways that are compared: a name, the lens light, a key of the source, a key of the system.
const WAYS: [(&str, &str, &str, &str); 5] = [
    ("sampled", r#"{ "name": "bulge", "profile": "sersic", "count": 2 }"#, "", "marginal"),
    ("marginal", r#"{ "name": "bulge", "profile": "sersic", "count": 2, "amp": "linear" }"#, LINEAR, "marginal"),
    (
        "non_negative",
        r#"{ "name": "bulge", "profile": "sersic", "count": 2, "amp": "linear" }"#,
        LINEAR,
        "non_negative",
    ),
    ("mge marginal", r#"{ "name": "bulge", "profile": "mge", "gaussians": 30, "amp": "linear" }"#, LINEAR, "marginal"),
    (
        "mge non_negative",
        r#"{ "name": "bulge", "profile": "mge", "gaussians": 30, "amp": "linear" }"#,
        LINEAR,
        "non_negative",
    ),
];
const LINEAR: &str = r#", "amp": "linear""#;

/// The parameters that all ways have.
const COMMON: [&str; 7] =
    ["lens.theta_E", "lens.e1", "lens.e2", "shear.gamma1", "shear.gamma2", "source.R_sersic", "source.n_sersic"];

fn system(light: &str, source: &str, amplitudes: &str) -> anyhow::Result<System> {
    let json = format!(
        r#"{{ "lens": [ {{ "name": "lens", "profile": "sie" }}, {{ "name": "shear", "profile": "shear" }} ], "light": [ {light} ],
            "source": [ {{ "name": "source", "profile": "sersic"{source} }} ], "amplitudes": "{amplitudes}" }}"#
    );
    Ok(System::from_json(&json, Path::new("linear_light"), Path::new("."))?)
}

/// The mock with the noise of each pixel, which does not depend on the model that is fitted.
fn data(truth: &System, mock: &Mock) -> anyhow::Result<Arc<ImageData>> {
    let files = truth.data.clone().ok_or_else(|| anyhow::anyhow!("no data"))?;
    let files = DataFiles { background_rms: None, exposure_time: None, exposure_map: None, ..files };
    let psf = mock.data.psf.clone();
    Ok(Arc::new(files.assemble(Inputs { noise: Some(mock.sigma.clone()), psf, ..Inputs::new(mock.image.clone()) })?))
}

/// Seconds that the processor has worked for this program; NaN where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the 12th and 13th field after the name in parentheses, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = fields.filter_map(|ticks| ticks.parse().ok()).collect();
    if let [user, system] = ticks[..] { (user + system) / 100.0 } else { f64::NAN }
}

/// All on a thread of the pool: from outside it every operation would wait for one to wake.
fn main() -> anyhow::Result<()> {
    rayon::scope(|_| compare())
}

fn compare() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let lenses: u64 = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let only: Vec<String> = arguments.collect();
    let truth = System::from_json(TRUTH, Path::new("truth"), Path::new("."))?;
    println!(
        "| lens | way | search: gradients | s | sampling: gradients | s | ms each | draws of amplitudes: s | ESS, least of 7 | per 1000 gradients | per s | theta_E: z | z rms of 7 | chi2/pixel | R-hat |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for seed in 1..=lenses {
        let mock = simulate(&truth, seed)?;
        let data = data(&truth, &mock)?;
        for (name, light, source, amplitudes) in WAYS {
            if !only.is_empty() && !only.iter().any(|o| o == name) {
                continue;
            }
            let settings = FitSettings { seed, warmup: 150, draws: 250, ..FitSettings::default() };
            let (begun, since) = (cpu_seconds(), Instant::now());
            let found = fit(&system(light, source, amplitudes)?, data.clone(), &settings, &mut Executor::new())?;
            let summary = found.posterior.summary();
            let of = COMMON.map(|site| {
                let truth = mock.truth.get(site).map_or(f64::NAN, |v| v[0]);
                summary.get(site).map_or((f64::NAN, f64::NAN, f64::NAN), |s| {
                    ((s.mean - truth) / s.sd, s.ess_bulk.min(s.ess_tail), s.r_hat)
                })
            });
            let ess = of.iter().map(|o| o.1).fold(f64::INFINITY, f64::min);
            let r_hat = of.iter().map(|o| o.2).fold(0.0, f64::max);
            let rms = (of.iter().map(|o| o.0 * o.0).sum::<f64>() / of.len() as f64).sqrt();
            let share = (cpu_seconds() - begun) / since.elapsed().as_secs_f64();
            let of_stages = |wanted: fn(&str) -> bool| {
                share * found.seconds.iter().filter(|(stage, _)| wanted(stage)).map(|(_, s)| s).sum::<f64>()
            };
            let sampling = of_stages(|stage| stage == "sampling");
            let before = of_stages(|stage| stage != "sampling" && stage != "draws of amplitudes");
            let after = of_stages(|stage| stage == "draws of amplitudes");
            let searched = found.gradients - found.sampling_gradients;
            let thousands = found.sampling_gradients as f64 / 1000.0;
            println!(
                "| {seed} | {name} | {searched} | {before:.1} | {} | {sampling:.1} | {:.2} | {after:.1} | {ess:.0} | {:.1} | {:.1} | {:+.1} | {rms:.2} | {:.3} | {r_hat:.3} |",
                found.sampling_gradients,
                sampling / thousands,
                ess / thousands,
                ess / sampling,
                of[0].0,
                found.view.chi2_per_pixel,
            );
        }
    }
    Ok(())
}
