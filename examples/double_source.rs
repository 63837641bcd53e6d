//! A double source plane lens: one galaxy lenses two others at different redshifts, the nearer of which lenses the farther too. The ratio of the
//! two rings measures distances: here the equation of state of the dark energy, w0. Prints each parameter beside its true value.
//!
//!     cargo run --release --example double_source -- [PICTURE.png]

use std::path::Path;

use arclet::core::PriorSet;
use arclet::fit::{FitSettings, fit};
use arclet::infer::Executor;
use arclet::lens::system::{Role, System, simulate};
use arclet::plot::{Extent, FitFigure, Panel, PanelKind, Raster};

/// The redshifts of the Jackpot lens, SDSS J0946+1006 (Gavazzi et al. 2008). `far` is at `z_source`, which Einstein radii are given for.
const SYSTEM: &str = r#"{
  "data": { "size": [120, 120], "pixel_scale": 0.05, "background_rms": 0.01, "psf_fwhm": 0.1 },
  "cosmology": { "z_lens": 0.222, "z_source": 2.035, "parameters": { "w0": { "value": -1.0 } } },
  "lens": [
    { "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.7 }, "e1": { "value": 0.05 }, "e2": { "value": 0.08 },
      "center_x": { "value": 0.0 }, "center_y": { "value": 0.0 } } },
    { "name": "near_mass", "profile": "sis", "redshift": 0.609, "parameters": { "theta_E": { "value": 0.15 }, "center_x": { "value": 0.1 },
      "center_y": { "value": 0.03 } } } ],
  "source": [
    { "name": "near", "profile": "sersic", "redshift": 0.609, "parameters": { "amp": { "value": 0.6 }, "R_sersic": { "value": 0.12 },
      "n_sersic": { "value": 1.2 }, "e1": { "value": 0.1 }, "e2": { "value": 0.05 }, "center_x": { "value": 0.1 }, "center_y": { "value": 0.03 } } },
    { "name": "far", "profile": "sersic", "parameters": { "amp": { "value": 0.5 }, "R_sersic": { "value": 0.1 }, "n_sersic": { "value": 1.0 },
      "e1": { "value": 0.0 }, "e2": { "value": 0.1 }, "center_x": { "value": -0.05 }, "center_y": { "value": 0.1 } } } ],
  "priors": {
    "lens.theta_E": { "normal": { "loc": 1.7, "scale": 0.1 } }, "near_mass.theta_E": { "uniform": { "low": 0.0, "high": 0.4 } },
    "near_mass.center_x": { "normal": { "loc": 0.1, "scale": 0.05 } }, "near_mass.center_y": { "normal": { "loc": 0.03, "scale": 0.05 } },
    "near.R_sersic": { "log_normal": { "loc": -2.1, "scale": 0.3 } }, "far.R_sersic": { "log_normal": { "loc": -2.3, "scale": 0.3 } },
    "cosmology.w0": { "uniform": { "low": -2.5, "high": -0.4 } } }
}"#;

fn main() -> anyhow::Result<()> {
    let mut system = System::from_json(SYSTEM, Path::new("double_source"), Path::new("."))?;
    let mock = simulate(&System { priors: PriorSet::default(), ..system.clone() }, 4)?;
    // The values are what made the image; a fit knows of them the matter and the flatness of the universe alone.
    for component in &mut system.components {
        component.fixed.retain(|name, _| component.role == Role::Cosmology && *name != "w0");
    }
    let settings = FitSettings { seed: 1, draws: 500, ..FitSettings::default() };
    let found = fit(&system, mock.data.clone(), &settings, &mut Executor::new())?;
    println!("| parameter | truth | mean | sd | off by | R-hat |");
    println!("|---|---|---|---|---|---|");
    for (name, s) in found.posterior.summary().iter() {
        let truth = mock.truth.get(name).map_or(f64::NAN, |values| values[0]);
        println!(
            "| {name} | {truth:.4} | {:.4} | {:.4} | {:+.1} | {:.3} |",
            s.mean,
            s.sd,
            (s.mean - truth) / s.sd,
            s.r_hat
        );
    }
    let seconds: f64 = found.seconds.iter().map(|(_, seconds)| seconds).sum();
    println!("chi2 per pixel {:.3}, {} gradients in {seconds:.1} s", found.view.chi2_per_pixel, found.gradients);
    if let Some(path) = std::env::args().nth(1) {
        let extent = Extent::centred(120, 120, 0.05);
        let panel = |kind, values: &[f32]| -> anyhow::Result<Panel> {
            Ok(Panel::new(kind, Raster::new(120, 120, values.iter().copied(), extent)?))
        };
        let panels = vec![
            panel(PanelKind::Data, &mock.image.pixels)?,
            panel(PanelKind::Model, &found.view.model)?,
            panel(PanelKind::Residual, &found.view.residual)?,
        ];
        let figure = FitFigure { title: "Two sources behind one lens".to_owned(), panels, ..FitFigure::default() };
        std::fs::write(path, figure.render()?)?;
    }
    Ok(())
}
