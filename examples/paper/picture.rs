//! The pictures: truth, fit and residuals in both planes (figures 6 and 7), and the posterior of three numbers (figures 8 and 9).

use arclet::fit::Fit;
use arclet::plot::{ContactSheet, CornerFigure, Panel, PanelKind, Raster, Tile};
use arclet::prelude::*;
use arclet::source::profile::{self, Interpolation, Placed};

use crate::galaxy::Source;
use crate::mock::{Mock, PIXEL, SIZE, Truth, WIDTH};

/// One observation: as it was, as it was fitted, and the same of the source.
pub fn tile(source: &Source, truth: &Truth, mock: &Mock, found: &Fit) -> anyhow::Result<Tile> {
    let view = &found.view;
    let lens = |kind, title: &str, pixels: &[f32]| -> anyhow::Result<Panel> {
        let image = Raster::centred(SIZE, SIZE, pixels.iter().copied(), PIXEL)?;
        Ok(Panel { title: Some(title.to_owned()), ..Panel::new(kind, image) })
    };
    let n = view.source_size;
    let pixel = 2.0 * view.source_half_width / n as f64;
    let plane = |title: &str, kind, pixels: &[f32]| -> anyhow::Result<Panel> {
        let image = Raster::centred(n, n, pixels.iter().copied(), pixel)?;
        Ok(Panel { title: Some(title.to_owned()), ..Panel::new(kind, image) })
    };
    let real = on_plane(source, truth, n, view.source_center, view.source_half_width)?;
    // A tenth of the maximum is one, as in the paper.
    let highest = real.iter().copied().fold(0.0, f32::max);
    let off: Vec<f32> = real.iter().zip(&view.source).map(|(t, f)| 10.0 * (t - f) / highest).collect();
    Ok(Tile {
        title: format!("noise {}", mock.sigma),
        caption: format!("χ²/pixel = {:.3}; a source residual of 1 is a tenth of the maximum", view.chi2_per_pixel),
        panels: vec![
            lens(PanelKind::Data, "observed", &mock.data.image.pixels)?,
            lens(PanelKind::Model, "fit", &view.model)?,
            lens(PanelKind::Residual, "residual / σ", &view.residual)?,
            plane("true source", PanelKind::Source, &real)?,
            plane("fitted source", PanelKind::Source, &view.source)?,
            plane("source residual", PanelKind::Residual, &off)?,
        ],
    })
}

/// The true source on the pixels on which the fitted one is shown.
fn on_plane(source: &Source, truth: &Truth, n: usize, centre: [f64; 2], half: f64) -> anyhow::Result<Vec<f32>> {
    let at = |k: usize, axis: usize| (centre[axis] + half * ((2 * k + 1) as f64 / n as f64 - 1.0)) as f32;
    let x = (0..n * n).map(|i| at(i % n, 0));
    let y = (0..n * n).map(|i| at(i / n, 1));
    let positions = Array::constant(&[2, n * n], x.chain(y).collect())?;
    let placed = Placed::new(truth.source[0], truth.source[1], WIDTH, 1.0, 0.0);
    let image = Array::constant(&[64, 64], source.pixels.clone())?;
    Ok(profile::brightness(&image, &positions, &placed, Interpolation::Bilinear)?.lane(0).to_vec())
}

/// The three observations of a system below each other.
pub fn sheet(source: &Source, tiles: Vec<Tile>) -> anyhow::Result<Vec<u8>> {
    let title = format!("System {}: a {} galaxy of magnitude {:.1}", source.system, source.what, source.magnitude);
    let note = "10″ × 10″ and the source plane; residuals from −5 to 5".to_owned();
    Ok(ContactSheet { title, note, tiles, columns: 1 }.render()?)
}

/// The posteriors of r_ein, gamma and phi at the noise levels, the noisiest first, with the truth.
pub fn corner(source: &Source, truth: &Truth, found: &[(f64, Fit)]) -> anyhow::Result<Vec<u8>> {
    let shown = [("lens.r_ein", "r_Ein [″]"), ("lens.gamma", "γ"), ("lens.phi", "φ [rad]")];
    let known = truth.named();
    let truths = shown.map(|(name, _)| known.iter().find(|(other, _)| *other == name).map(|(_, value)| *value));
    let posterior = |(sigma, fit): &(f64, Fit)| {
        let samples = shown.map(|(name, _)| fit.posterior.entry(name).map_or(vec![], |e| e.values().to_vec()));
        (format!("noise {sigma}"), samples.to_vec())
    };
    let mut all = found.iter().map(posterior);
    let (name, samples) = all.next().unwrap_or_default();
    let figure = CornerFigure {
        title: format!("System {}", source.system),
        labels: shown.map(|(_, label)| label.to_owned()).into(),
        samples,
        truths: Some(truths.into()),
        name,
        beside: all.collect(),
    };
    Ok(figure.render()?)
}
