//! A dark halo in an HST-like image of an arc: its mass and place with the evidence for it, or, where it is too light, an upper limit.
//!
//!     cargo run --release --example subhalo -- 9.5 found.png      (lg M200, solar masses)
//!     cargo run --release --example subhalo -- 7.5 limit.png

use std::path::Path;

use arclet::core::PriorSet;
use arclet::fit::{FitSettings, View, fit};
use arclet::infer::Executor;
use arclet::infer::diagnostics::quantile;
use arclet::lens::system::{Role, System, simulate};
use arclet::plot::{Extent, Panel, PanelKind, PlacesFigure, Raster};

/// 60 x 60 pixels of 0.05 arcsec, at most 46 sigma in one of them. The halo is on the ring.
const SYSTEM: &str = r#"{
  "data": { "size": [60, 60], "pixel_scale": 0.05, "background_rms": 0.01, "psf_fwhm": 0.1 },
  "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
  "lens": [
    { "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.0 }, "e1": { "value": 0.08 }, "e2": { "value": -0.04 },
      "center_x": { "value": 0.01 }, "center_y": { "value": -0.01 } } },
    { "name": "shear", "profile": "shear", "parameters": { "gamma1": { "value": 0.03 }, "gamma2": { "value": -0.02 } } },
    { "name": "halo", "profile": "subhalo", "parameters": { "log10_m200": { "value": 9.5 }, "tau": { "value": 20 },
      "center_x": { "value": 0.55 }, "center_y": { "value": 0.85 } } } ],
  "source": [ { "name": "source", "profile": "sersic", "parameters": { "amp": { "value": 0.1 }, "R_sersic": { "value": 0.15 },
    "n_sersic": { "value": 1.2 }, "e1": { "value": 0.1 }, "e2": { "value": -0.05 }, "center_x": { "value": 0.06 },
    "center_y": { "value": 0.04 } } } ],
  "priors": { "halo.log10_m200": { "uniform": { "low": 7.0, "high": 11.0 } }, "lens.theta_E": { "uniform": { "low": 0.5, "high": 1.5 } } }
}"#;

fn main() -> anyhow::Result<()> {
    let mass: f64 = std::env::args().nth(1).map_or(Ok(9.5), |lg| lg.parse())?;
    let mut system = System::from_json(SYSTEM, Path::new("subhalo"), Path::new("."))?;
    for component in system.components.iter_mut().filter(|c| c.name == "halo") {
        component.fixed.insert("log10_m200", vec![mass]);
    }
    let mock = simulate(&System { priors: PriorSet::default(), ..system.clone() }, 1)?;
    let truth = View::of(&System { priors: PriorSet::default(), ..system.clone() }, &mock.data)?;
    // The values are what made the image; a fit knows of them the cosmology and the truncation alone.
    for component in system.components.iter_mut().filter(|c| c.role != Role::Cosmology) {
        component.fixed.retain(|name, _| *name == "tau");
    }
    let settings = FitSettings { chains: 2, draws: 300, seed: 1, ..FitSettings::default() };
    let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
    println!("| parameter | truth | mean | sd | off by | R-hat |\n|---|---|---|---|---|---|");
    for (name, s) in found.posterior.summary().iter() {
        let truth = mock.truth.get(name).map_or(f64::NAN, |values| values[0]);
        let off = (s.mean - truth) / s.sd;
        println!("| {name} | {truth:.4} | {:.4} | {:.4} | {off:+.1} | {:.3} |", s.mean, s.sd, s.r_hat);
    }
    let column = |name: &str| found.posterior.entry(name).map_or(vec![], |entry| entry.values().to_vec());
    let masses = column("halo.log10_m200");
    let limit = quantile(&masses, 0.95);
    if let Some((factor, error)) = found.halos.as_ref().map(|halos| halos.log_bayes_factor()) {
        println!("lg M200 below {limit:.2} (95 %); log Bayes factor for the halo {factor:.1} +- {error:.1}");
    }
    let seconds: f64 = found.seconds.iter().map(|(_, seconds)| seconds).sum();
    println!("chi2 per pixel {:.3}, {} gradients in {seconds:.1} s", found.view.chi2_per_pixel, found.gradients);
    if let Some(path) = std::env::args().nth(2) {
        let image = Raster::new(60, 60, truth.convergence.iter().copied(), Extent::centred(60, 60, 0.05))?;
        let panel =
            Panel { title: Some("True convergence; draws".to_owned()), ..Panel::new(PanelKind::Convergence, image) };
        let figure = PlacesFigure {
            title: format!("A dark halo of lg M₂₀₀ = {mass}"),
            panel,
            unit: "convergence κ".to_owned(),
            places: column("halo.center_x").into_iter().zip(column("halo.center_y")).map(|(x, y)| [x, y]).collect(),
            true_place: Some([0.55, 0.85]),
            label: "lg M₂₀₀ [solar masses]".to_owned(),
            numbers: masses,
            range: [7.0, 11.0],
            true_number: Some(mass),
            limit: Some((limit, format!("95 % below {limit:.2}"))),
        };
        std::fs::write(path, figure.render()?)?;
    }
    Ok(())
}
