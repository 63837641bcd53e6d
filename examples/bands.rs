//! A lens in two bands, whose source is redder in its middle: a smaller, brighter galaxy in F160W than in F814W. Both images at once, the second half a
//! pixel beside the first, and each alone. Prints the parameters that they share beside their true values, and the colour gradient.
//!
//!     cargo run --release --example bands -- [PICTURE.png]

use std::path::Path;
use std::sync::Arc;

use arclet::fit::{Fit, FitSettings, Method, fit_bands};
use arclet::infer::Executor;
use arclet::lens::data::ImageData;
use arclet::lens::system::{Role, System, simulate_bands};
use arclet::plot::{BandsFigure, Extent, FitFigure, Panel, PanelKind, Raster};

const SYSTEM: &str = include_str!("data/bands.json");

fn fitted(system: &System, data: &[Arc<ImageData>]) -> anyhow::Result<Fit> {
    let settings = FitSettings { method: Method::Map, seed: 1, ..FitSettings::default() };
    Ok(fit_bands(system, data, &settings, &mut Executor::new())?)
}

fn main() -> anyhow::Result<()> {
    let mut system = System::from_json(SYSTEM, Path::new("bands.json"), Path::new("."))?;
    let mut known = system.clone();
    known.priors = known.priors.filtered(|_| false);
    let mocks = simulate_bands(&known, 3)?;
    let data: Vec<_> = mocks.iter().map(|mock| mock.data.clone()).collect();
    // The values are what made the images; a fit knows none of them but that the second is not turned.
    system.components.iter_mut().for_each(|component| component.fixed.retain(|name, _| *name == "rotation"));
    let both = fitted(&system, &data)?;
    let one = |band: usize| {
        let alone = system.of_bands(&[band]).with_roles(&[Role::Lens, Role::Light, Role::Source]);
        fitted(&alone, &data[band..=band])
    };
    let alone = [one(0)?, one(1)?];
    let (summary, others) = (both.posterior.summary(), alone.each_ref().map(|fit| fit.posterior.summary()));
    println!("| parameter | truth | both bands | f814w alone | f160w alone |\n|---|---|---|---|---|");
    for (name, s) in summary.iter() {
        let truth = mocks[0].truth.get(name).map_or(f64::NAN, |values| values[0]);
        let beside =
            others.each_ref().map(|of| of.get(name).map_or("-".to_owned(), |s| format!("{:.5} ± {:.5}", s.mean, s.sd)));
        println!("| {name} | {truth:.5} | {:.5} ± {:.5} | {} | {} |", s.mean, s.sd, beside[0], beside[1]);
    }
    let draws = |name: &str| both.posterior.entry(name).map_or(vec![], |entry| entry.values().to_vec());
    let ratio: Vec<f64> =
        draws("source.f160w.R_sersic").iter().zip(draws("source.f814w.R_sersic")).map(|(h, i)| h / i).collect();
    let mean = ratio.iter().sum::<f64>() / ratio.len() as f64;
    let sd = (ratio.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / ratio.len() as f64).sqrt();
    println!("radius in F160W over F814W {mean:.3} ± {sd:.3}, true 0.700; chi2 per pixel {:.3}", both.chi2_per_pixel());
    if let Some(path) = std::env::args().nth(1) {
        let mut rows = vec![];
        for band in &both.bands {
            let (window, scale, view) = (band.data.grid.window(), band.data.grid.pixel_scale(), &band.view);
            let extent = Extent::centred(window.width, window.height, scale);
            let panel = |kind, values: &[f32]| -> anyhow::Result<Panel> {
                Ok(Panel::new(kind, Raster::new(window.width, window.height, values.iter().copied(), extent)?))
            };
            let own = Extent::square(view.source_center, view.source_half_width);
            let source = Raster::new(view.source_size, view.source_size, view.source.iter().copied(), own)?;
            let panels = vec![
                panel(PanelKind::Data, &band.data.image.pixels)?,
                panel(PanelKind::Model, &view.model)?,
                panel(PanelKind::Residual, &view.residual)?,
                Panel::new(PanelKind::Source, source),
            ];
            let (title, chi2_per_pixel) = (band.name.clone().unwrap_or_default(), Some(view.chi2_per_pixel));
            rows.push(FitFigure {
                title,
                panels,
                chi2_per_pixel,
                caustics: view.caustics.clone(),
                ..FitFigure::default()
            });
        }
        let title = "One lens in two bands".to_owned();
        std::fs::write(path, BandsFigure { title, rows, ..BandsFigure::default() }.render()?)?;
    }
    Ok(())
}
