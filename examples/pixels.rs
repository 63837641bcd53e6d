//! One SLACS lens with three sources: a Sersic profile, a decoded galaxy, and pixels under a Gaussian process. A tenth of the pixels is held
//! out; how well each model foretells them says which source the data know.
//!
//! `cargo run --release --example pixels [NAME] [PICTURE.png]`; the data are found by `ARCLET_DATA` (default `../shared`).

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arclet::fit::{Fit, FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::data::ImageData;
use arclet::lens::system::System;
use arclet::plot::{ContactSheet, Panel, PanelKind, Raster, Tile};

/// The system of each source.
fn system(source: &str) -> String {
    format!(
        r#"{{ "data": {{ "image": "image.fits", "noise": "noise.fits", "psf": "psf.fits", "pixel_scale": 0.05, "mask_radius": 2.5 }},
        "lens": [ {{ "name": "lens", "profile": "sie" }}, {{ "name": "shear", "profile": "shear" }} ],
        "light": [ {{ "name": "light", "profile": "sersic", "count": 2 }} ],
        "source": [ {{ "name": "source", {source} }} ] }}"#
    )
}

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let (name, picture) = (words.next().unwrap_or_else(|| "J0728+3835".to_owned()), words.next());
    let folder = test_data::folder().join("data/slacs").join(&name);
    let mut tiles = vec![];
    println!("{:<28} {:>9} {:>9} {:>9} {:>8}", "source", "theta_E", "chi2", "held out", "seconds");
    for (title, source) in [
        ("Sersic profile", r#""profile": "sersic""#),
        ("decoded galaxy", r#""profile": "vae""#),
        ("40 x 40 pixels", r#""profile": "pixels", "pixels": 40"#),
    ] {
        let since = Instant::now();
        let system = System::from_json_with(&system(source), Path::new(title), &folder, &arclet::profiles())?;
        let whole = system.data.as_ref().ok_or_else(|| anyhow::anyhow!("no data"))?.read(&folder)?;
        let weights = whole.inverse_sigma(&whole.image.pixels);
        // Every tenth pixel, in no pattern.
        let held: Vec<bool> = (0..weights.len()).map(|i| i.wrapping_mul(2_654_435_761) >> 7 & 1023 < 102).collect();
        let kept = weights.iter().zip(&held).map(|(w, held)| if *held { 0.0 } else { *w }).collect();
        let settings = FitSettings { method: Method::Map, draws: 100, ..FitSettings::default() };
        let found = fit(&system, Arc::new(whole.reweighted(kept)), &settings, &mut Executor::new())?;
        let foretold = mean_square(&whole, &found, &weights, &held);
        let theta_e = found.best["lens.theta_E"][0];
        let seconds = since.elapsed().as_secs_f64();
        println!("{title:<28} {theta_e:>9.3} {:>9.3} {foretold:>9.3} {seconds:>8.1}", found.view.chi2_per_pixel);
        tiles.push(tile(title, &whole, &found, foretold)?);
    }
    let title = format!("{name}, three sources");
    let page =
        ContactSheet { title, note: "5″ × 5″; residuals from −5 to 5".to_owned(), tiles, columns: 1 }.render()?;
    Ok(picture.map_or(Ok(()), |path| std::fs::write(path, page))?)
}

/// Mean square of the residual in pixels that were held out.
fn mean_square(data: &ImageData, found: &Fit, weights: &[f32], held: &[bool]) -> f64 {
    let pixels = data.image.pixels.iter().zip(&found.view.model).zip(weights).zip(held);
    let squares: Vec<f64> = pixels
        .filter(|(((_, _), w), held)| **held && **w > 0.0)
        .map(|(((d, m), w), _)| f64::from((d - m) * w).powi(2))
        .collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

fn tile(title: &str, data: &ImageData, found: &Fit, foretold: f64) -> anyhow::Result<Tile> {
    let (view, grid) = (&found.view, &data.grid);
    let lens = |kind, pixels: &[f32]| -> anyhow::Result<Panel> {
        Ok(Panel::new(kind, Raster::centred(grid.width(), grid.height(), pixels.iter().copied(), grid.pixel_scale())?))
    };
    let arcs: Vec<f32> = data.image.pixels.iter().zip(&view.lens_light).map(|(d, l)| d - l).collect();
    let (n, pixel) = (view.source_size, 2.0 * view.source_half_width / view.source_size as f64);
    let source = Panel::new(PanelKind::Source, Raster::centred(n, n, view.source.iter().copied(), pixel)?);
    let residual = lens(PanelKind::Residual, &data.residual(&view.model))?;
    let panels = vec![lens(PanelKind::Data, &arcs)?, lens(PanelKind::Model, &view.arcs)?, residual, source];
    Ok(Tile { title: title.to_owned(), caption: format!("χ² of pixels held out: {foretold:.3}"), panels })
}
