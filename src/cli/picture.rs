//! The pictures of a fit and of a simulation.

use std::collections::BTreeMap;

use arclet::fit::{BandView, Basin, Fit, View};
use arclet::infer::posterior::Summary;
use arclet::lens::data::ImageData;
use arclet::lens::parameter::ParameterKind;
use arclet::lens::system::{Role, System};
use arclet::plot::{BandsFigure, CornerFigure, Extent, FitFigure, Panel, PanelKind, Raster, TableRow};

use super::failure::Result;
use super::label::{labels, shown};
use super::report::true_value;

/// The most parameters of a corner figure: more cannot be read.
const MOST_CORNER: usize = 16;
/// The most rows of the table beside the images: one column of them is easy to read.
const MOST_ROWS: usize = 11;
/// The most bands of a page.
const MOST_BANDS: usize = 8;
/// Numbers of one parameter that are written out.
const MOST_NUMBERS: usize = 8;

/// The images of a view; table and notes are for the caller.
pub fn page(title: &str, data: &ImageData, view: &View) -> Result<FitFigure> {
    let window = data.grid.window();
    let scale = data.grid.pixel_scale();
    let (x, y) = data.grid.position(window.x0, window.y0);
    let edge = |first: f64, n: usize| [first - 0.5 * scale, first + (n as f64 - 0.5) * scale];
    let extent = Extent { x: edge(x, window.width), y: edge(y, window.height) };
    let raster = |values: &[f32]| Raster::new(window.width, window.height, values.iter().copied(), extent);
    let mut panels = vec![
        Panel::new(PanelKind::Data, raster(&data.image.pixels)?),
        Panel::new(PanelKind::Model, raster(&view.model)?),
        Panel::new(PanelKind::Residual, raster(&view.residual)?),
    ];
    if !view.lens_light.is_empty() && !view.arcs.is_empty() {
        let arcs: Vec<f32> = data.image.pixels.iter().zip(&view.lens_light).map(|(d, l)| d - l).collect();
        panels.push(Panel::new(PanelKind::Arcs, raster(&arcs)?));
        panels.push(Panel::new(PanelKind::ArcsModel, raster(&view.arcs)?));
    }
    if !view.source.is_empty() {
        let own = Extent::square(view.source_center, view.source_half_width);
        let source = Raster::new(view.source_size, view.source_size, view.source.iter().copied(), own)?;
        panels.push(Panel::new(PanelKind::Source, source));
    }
    if !view.convergence.is_empty() {
        panels.push(Panel::new(PanelKind::Convergence, raster(&view.convergence)?));
    }
    let (width, _) = data.grid.full_size();
    let masked = window.crop(data.mask.used(), width).into_iter().map(|used| !used).collect();
    Ok(FitFigure {
        title: title.to_owned(),
        panels,
        masked: Some(masked),
        critical_curves: view.critical_curves.clone(),
        caustics: view.caustics.clone(),
        cuts: view.cuts.clone(),
        chi2_per_pixel: Some(view.chi2_per_pixel),
        ..FitFigure::default()
    })
}

/// The images of several bands, a row each; the convergence, table and notes below them.
fn bands_page(title: &str, bands: &[BandView], table: Vec<TableRow>, mut notes: Vec<String>) -> Result<BandsFigure> {
    if bands.len() > MOST_BANDS {
        notes.push(format!("the first {MOST_BANDS} of {} bands", bands.len()));
    }
    let bands = &bands[..bands.len().min(MOST_BANDS)];
    let (mut rows, mut common) = (vec![], FitFigure { table, notes, ..FitFigure::default() });
    for BandView { name, data, view, .. } in bands {
        let mut row = page(name.as_deref().unwrap_or_default(), data, view)?;
        let (kept, mass): (Vec<_>, Vec<_>) = row.panels.into_iter().partition(|p| p.kind != PanelKind::Convergence);
        row.panels = kept;
        if !mass.is_empty() {
            (common.panels, common.critical_curves) = (mass, row.critical_curves.clone());
        }
        rows.push(row);
    }
    Ok(BandsFigure { title: title.to_owned(), rows, common })
}

/// The panels of point sources alone: the convergence with their images, the plane of the source with themselves.
fn points_page(title: &str, view: &View) -> Result<FitFigure> {
    let mut panels = vec![];
    if let Some(square) = view.convergence_square {
        let own = Extent::square(square.center, square.half_width);
        let image = Raster::new(square.cells, square.cells, view.convergence.iter().copied(), own)?;
        panels.push(Panel { title: Some("Image plane".to_owned()), ..Panel::new(PanelKind::Convergence, image) });
    }
    let own = Extent::square(view.source_center, view.source_half_width);
    let source = Raster::new(view.source_size, view.source_size, view.source.iter().copied(), own)?;
    panels.push(Panel { title: Some("Source plane".to_owned()), ..Panel::new(PanelKind::Magnification, source) });
    Ok(FitFigure {
        title: title.to_owned(),
        panels,
        critical_curves: view.critical_curves.clone(),
        caustics: view.caustics.clone(),
        cuts: view.cuts.clone(),
        observed: view.points.iter().flat_map(|p| p.observed.iter().copied()).collect(),
        images: view.points.iter().flat_map(|p| p.images.iter().map(|image| image.position)).collect(),
        sources: view.points.iter().filter_map(|p| p.source).collect(),
        ..FitFigure::default()
    })
}

/// `fit.png`.
pub fn fit_page(title: &str, fit: &Fit, summary: &Summary) -> Result<Vec<u8>> {
    let names = ranked(&fit.system, shown(summary.iter().map(|(name, _)| name)));
    let rows = names.into_iter().take(MOST_ROWS).filter_map(|(name, label)| {
        let s = summary.get(name)?;
        Some(TableRow::new(&label, s.q16, s.q50, s.q84))
    });
    let (table, mut notes) = (rows.collect(), vec![]);
    if let Some(radius) = fit.view.einstein_radius {
        notes.push(format!("Einstein radius {radius:.4} arcsec"));
    }
    let (chains, draws) = (fit.posterior.chains(), fit.posterior.draws());
    let r_hat = Some(summary.worst_r_hat()).filter(|r| r.is_finite()).map(|r| format!(", R-hat ≤ {r:.3}"));
    notes.push(format!("{chains} chains × {draws} draws{}", r_hat.unwrap_or_default()));
    if !fit.bands.is_empty() {
        return Ok(bands_page(title, &fit.bands, table, notes)?.render()?);
    }
    let figure = match &fit.data {
        Some(data) => page(title, data, &fit.view)?,
        None => points_page(title, &fit.view)?,
    };
    Ok(FitFigure { table, notes, ..figure }.render()?)
}

/// `basin-2.png`, ..
pub fn basin_page(title: &str, fit: &Fit, data: &ImageData, basin: &Basin) -> Result<Vec<u8>> {
    let title = format!("{title}: another reading");
    let rows = ranked(&fit.system, basin.best.keys().map(String::as_str).collect()).into_iter().take(MOST_ROWS);
    let table = rows.map(|(name, label)| TableRow::text(&label, &numbers(&basin.best[name]))).collect();
    let mut notes = vec![];
    let first = fit.basins.first().and_then(|first| first.log_evidence);
    if let (Some(first), Some(own)) = (first, basin.log_evidence) {
        notes.push(format!("log evidence {:+.1} (search)", own - first).replace('-', "−"));
    }
    if let Some(radius) = basin.view.einstein_radius {
        notes.push(format!("Einstein radius {radius:.4} arcsec"));
    }
    if !basin.bands.is_empty() {
        return Ok(bands_page(&title, &basin.bands, table, notes)?.render()?);
    }
    Ok(FitFigure { table, notes, ..page(&title, data, &basin.view)? }.render()?)
}

/// `simulation.png`.
pub fn simulation_page(
    title: &str,
    system: &System,
    views: &[BandView],
    truth: &BTreeMap<String, Vec<f64>>,
) -> Result<Vec<u8>> {
    let rows = ranked(system, truth.keys().map(String::as_str).collect()).into_iter();
    let table: Vec<TableRow> = rows.map(|(name, label)| TableRow::text(&label, &numbers(&truth[name]))).collect();
    if let [BandView { name: None, data, view, .. }] = views {
        let mut figure = FitFigure { table, ..page(title, data, view)? };
        name_simulated(&mut figure);
        return Ok(figure.render()?);
    }
    let mut figure = bands_page(title, views, table, vec![])?;
    figure.rows.iter_mut().for_each(name_simulated);
    Ok(figure.render()?)
}

/// The titles of the panels of a simulation.
fn name_simulated(figure: &mut FitFigure) {
    for panel in &mut figure.panels {
        panel.title = match panel.kind {
            PanelKind::Data => Some("Simulated image".to_owned()),
            PanelKind::Model => Some("Without noise".to_owned()),
            PanelKind::Residual => Some("Noise / σ".to_owned()),
            PanelKind::Arcs => Some("Simulated − lens light".to_owned()),
            PanelKind::ArcsModel => Some("Arcs without noise".to_owned()),
            _ => None,
        };
    }
    figure.chi2_per_pixel = None;
}

/// `corner.png`: at most 16 parameters, the lens first, then where the source is and how large.
pub fn corner(title: &str, fit: &Fit, truth: Option<&BTreeMap<String, Vec<f64>>>) -> Result<Option<Vec<u8>>> {
    let entries: Vec<_> = fit.posterior.entries().collect();
    let mut names = ranked(&fit.system, shown(entries.iter().map(|e| e.name())));
    names.truncate(MOST_CORNER);
    if names.is_empty() {
        return Ok(None);
    }
    let column = |name: &str| entries.iter().find(|e| e.name() == name).map(|e| e.values().to_vec());
    let figure = CornerFigure {
        title: title.to_owned(),
        samples: names.iter().filter_map(|(name, _)| column(name)).collect(),
        truths: truth.map(|truth| names.iter().map(|(name, _)| true_value(truth, name)).collect()),
        labels: names.into_iter().map(|(_, label)| label).collect(),
        ..CornerFigure::default()
    };
    Ok(Some(figure.render()?))
}

/// Names and labels in the order of interest: the lens, the place and size of the sources, their rest, the lens light;
/// scalars before the copies of a component.
fn ranked<'a>(system: &System, mut names: Vec<&'a str>) -> Vec<(&'a str, String)> {
    let rank = |name: &&str| {
        let site = name.split('[').next().unwrap_or(name);
        let sites = system.components.iter().enumerate().flat_map(|(i, component)| {
            let parameters = component.profile.parameters().iter().enumerate();
            parameters.map(move |(j, parameter)| (component.site(parameter), component.role, parameter.kind, (i, j)))
        });
        let found = sites.into_iter().find(|s| s.0 == site);
        let interest = match found {
            Some((_, Role::Lens | Role::Cosmology, ..)) => 0,
            Some((
                _,
                Role::Source | Role::Points,
                ParameterKind::Center | ParameterKind::Radius | ParameterKind::Width,
                _,
            )) => 1,
            Some((_, Role::Source, ..)) => 2,
            _ => 3,
        };
        (name.ends_with(']'), interest, found.map(|f| f.3))
    };
    names.sort_by_cached_key(rank);
    let labels = labels(names.iter().copied());
    names.into_iter().zip(labels).collect()
}

fn numbers(values: &[f64]) -> String {
    let one = |v: &f64| if v.abs() < 1e-3 || v.abs() >= 1e5 { format!("{v:.3e}") } else { format!("{v:.4}") };
    if values.len() > MOST_NUMBERS {
        return format!("{} numbers", values.len());
    }
    let each: Vec<String> = values.iter().map(|v| if *v == 0.0 { "0".to_owned() } else { one(v) }).collect();
    each.join(", ").replace('-', "−")
}
