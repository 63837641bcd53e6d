//! Dark haloes in their hundreds: a population drawn from a mass function, its number random, with haloes along the line of sight or without; the
//! image of the arc behind them and what they change of it.
//!
//!     cargo run --release --example subhalo_population -- [SEED [PICTURE.png]]

use std::path::Path;

use arclet::core::{Ctx, handler};
use arclet::fit::View;
use arclet::lens::cosmology::Cosmology;
use arclet::lens::system::{HaloPopulation, Mock, System, simulate};
use arclet::plot::{Extent, FitFigure, Panel, PanelKind, Raster};

const SIDE: usize = 80;
const SYSTEM: &str = r#"{
  "data": { "size": [80, 80], "pixel_scale": 0.05, "background_rms": 0.01, "psf_fwhm": 0.1, "supersampling": 2 },
  "cosmology": { "z_lens": 0.3, "z_source": 1.2 },
  "lens": [ { "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 1.2 }, "e1": { "value": 0.08 },
    "e2": { "value": -0.04 }, "center_x": { "value": 0 }, "center_y": { "value": 0 } } } ],
  "source": [ { "name": "source", "profile": "sersic", "parameters": { "amp": { "value": 0.1 }, "R_sersic": { "value": 0.15 },
    "n_sersic": { "value": 1.2 }, "e1": { "value": 0.1 }, "e2": { "value": -0.05 }, "center_x": { "value": 0.06 },
    "center_y": { "value": 0.04 } } } ]
}"#;

fn main() -> anyhow::Result<()> {
    let seed: u64 = std::env::args().nth(1).map_or(Ok(1), |n| n.parse())?;
    let smooth = System::from_json(SYSTEM, Path::new("subhalo_population"), Path::new("."))?;
    let subhalos = HaloPopulation { mean_count: 100.0, ..HaloPopulation::default() };
    let in_front = HaloPopulation { name: "in_front".to_owned(), mean_count: 100.0, ..HaloPopulation::default() }
        .along_the_line_of_sight(&Cosmology::flat(70.0, 0.3), 1.2, 6);
    let both = |ctx: &mut Ctx| {
        let mut all = subhalos.draw(ctx)?;
        all.extend(in_front.draw(ctx)?);
        Ok(all)
    };
    let halos = handler::trace(handler::seed(both, seed))?.returned;
    let clumpy =
        System { components: smooth.components.iter().cloned().chain(halos.clone()).collect(), ..smooth.clone() };
    let (with, without) = (simulate(&clumpy, seed)?, simulate(&smooth, seed)?);
    let mass = |k: usize| halos[k].fixed["log10_m200"][0];
    let largest = (0..halos.len()).map(mass).fold(f64::NEG_INFINITY, f64::max);
    let same_plane = halos.iter().filter(|halo| halo.redshift.is_none()).count();
    println!(
        "{same_plane} haloes with the lens, {} along the line of sight; the largest of 10^{largest:.2}",
        halos.len() - same_plane
    );
    let change: Vec<f32> = with.signal.pixels.iter().zip(&without.signal.pixels).map(|(a, b)| (a - b) / 0.01).collect();
    let chi2: f64 = change.iter().map(|z| f64::from(*z).powi(2)).sum();
    println!("the image without them differs by chi2 = {chi2:.0} before anything else is fitted");
    if let Some(path) = std::env::args().nth(2) {
        let extent = Extent::centred(SIDE, SIDE, 0.05);
        let panel = |kind, title: &str, values: &[f32]| -> anyhow::Result<Panel> {
            let image = Raster::new(SIDE, SIDE, values.iter().copied(), extent)?;
            Ok(Panel { title: Some(title.to_owned()), ..Panel::new(kind, image) })
        };
        let Mock { data, image, .. } = &with;
        let view = View::of(&clumpy, data)?;
        let panels = vec![
            panel(PanelKind::Data, "With noise", &image.pixels)?,
            panel(PanelKind::Residual, "What the haloes change", &change)?,
            panel(PanelKind::Convergence, "Convergence with the lens", &view.convergence)?,
        ];
        let figure = FitFigure { title: format!("{} dark haloes", halos.len()), panels, ..FitFigure::default() };
        std::fs::write(path, figure.render()?)?;
    }
    Ok(())
}
