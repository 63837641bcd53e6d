//! The files of a fit.

use std::collections::BTreeMap;

use arclet::fit::{BandView, Fit, FitSettings, View};
use arclet::infer::posterior::Summary;
use arclet::lens::data::{DataFiles, ImageData};
use arclet::lens::fits::{HeaderCard, HeaderValue, Image, NamedImage, write_images};
use arclet::lens::grid::Window;
use arclet::lens::image_file::{read_header, read_image};
use arclet::lens::registration::Registration;
use serde::Serialize;

use super::basins;
use super::best::best;
use super::failure::Result;
use super::folder::Folder;
use super::{picture, pretty, summary};

/// What a fit writes.
pub const FILES: [&str; 14] = [
    "basin-2.png",
    "basin-3.png",
    "basin-4.png",
    "basin-5.png",
    "basin-6.png",
    "basins.json",
    "best.json",
    "corner.png",
    "curves.json",
    "fit.png",
    "model.fits",
    "posterior.nc",
    "priors.json",
    "summary.json",
];

/// What a fit is called, and the JSON of its system.
pub struct Titled<'a> {
    pub title: &'a str,
    pub text: &'a str,
}

/// Writes the [`FILES`]; no picture of the posterior where it has nothing to show, and none of basins where there is one.
pub fn write(
    folder: &Folder,
    Titled { title, text }: &Titled<'_>,
    fit: &mut Fit,
    settings: &FitSettings,
    summary: &Summary,
    truth: Option<&BTreeMap<String, Vec<f64>>>,
) -> Result<()> {
    json(folder, "summary.json", &summary::json(fit, settings, summary))?;
    json(folder, "priors.json", &fit.priors.to_json())?;
    let beside = fit.system.folder == folder.path();
    json(folder, "best.json", &best(text, fit, beside)?)?;
    let View { critical_curves, caustics, cuts, .. } = &fit.view;
    let curves = serde_json::json!({ "critical_curves": critical_curves, "caustics": caustics, "cuts": cuts });
    json(folder, "curves.json", &curves)?;
    let method = summary::method(fit, settings);
    fit.posterior.set_attribute("seed", settings.seed).set_attribute("method", method);
    fit.posterior.write_netcdf(folder.path().join("posterior.nc"))?;
    if let Some(data) = &fit.data {
        model_fits(folder, fit, data)?;
    }
    folder.write("fit.png", &picture::fit_page(title, fit, summary)?)?;
    if !fit.basins.is_empty() {
        json(folder, "basins.json", &basins::json(fit))?;
    }
    for (k, basin) in fit.basins.iter().enumerate().skip(1) {
        if let Some(data) = &fit.data {
            folder.write(&basins::picture(k), &picture::basin_page(title, fit, data, basin)?)?;
        }
    }
    if let Some(corner) = picture::corner(title, fit, truth)? {
        folder.write("corner.png", &corner)?;
    }
    Ok(())
}

/// Writes a JSON file for people and scripts.
pub fn json(folder: &Folder, name: &str, value: &impl Serialize) -> Result<()> {
    folder.write(name, pretty::json(value)?.as_bytes())
}

/// Writes `truth.json`: one number for each parameter, a list for the copies of a component.
pub fn truth(folder: &Folder, truth: &BTreeMap<String, Vec<f64>>) -> Result<()> {
    let value = |values: &Vec<f64>| match values.as_slice() {
        [one] => serde_json::json!(one),
        many => serde_json::json!(many),
    };
    let truth: BTreeMap<&String, serde_json::Value> = truth.iter().map(|(site, v)| (site, value(v))).collect();
    json(folder, "truth.json", &truth)
}

/// `model.fits`: the size of the image that was read; NaN in what was not modelled. Of several bands the extensions of each.
fn model_fits(folder: &Folder, fit: &Fit, data: &ImageData) -> Result<()> {
    let mut all = vec![];
    if fit.bands.is_empty() {
        all.extend(extensions(fit, fit.system.data.as_ref(), data, &fit.view, None)?);
    }
    for (BandView { name, data, view, .. }, files) in fit.bands.iter().zip(&fit.system.bands) {
        all.extend(extensions(fit, Some(files), data, view, name.as_deref())?);
    }
    let named = all.iter().map(|Extension { name, image, cards }| NamedImage { name, image, cards: cards.clone() });
    Ok(write_images(folder.path().join("model.fits"), &named.collect::<Vec<_>>())?)
}

/// An image of `model.fits`.
struct Extension {
    name: String,
    image: Image,
    cards: Vec<HeaderCard<'static>>,
}

/// The extensions of one image, with the name of its band behind theirs.
fn extensions(
    fit: &Fit,
    files: Option<&DataFiles>,
    data: &ImageData,
    view: &View,
    band: Option<&str>,
) -> Result<Vec<Extension>> {
    let grid = &data.grid;
    let (size, window) = (grid.full_size(), grid.window());
    let path = files.and_then(|files| files.image.as_ref()).map(|path| fit.system.folder.join(path));
    let image = match &path {
        Some(path) => read_image(path)?,
        None => full(&data.image.pixels, size, window)?,
    };
    // Where the image is on the sky, so that others can lay the model over it.
    let header = path.map(read_header).transpose()?.flatten();
    let places = header.map(|header| header.places()).unwrap_or_default();
    let parts: [(&str, &[f32]); 4] = [
        ("MODEL", &view.model),
        ("RESIDUAL", &view.residual),
        ("LENS_LIGHT", &view.lens_light),
        ("SOURCE", &view.arcs),
    ];
    let mut images = vec![("DATA", image)];
    for (name, pixels) in parts {
        // A part without a component shines nowhere.
        let none = vec![0.0; if pixels.is_empty() { window.len() } else { 0 }];
        images.push((name, full(if pixels.is_empty() { &none } else { pixels }, size, window)?));
    }
    let plane = match view.source_size {
        0 => Image::new(1, 1, vec![0.0])?,
        n => Image::new(n, n, view.source.clone())?,
    };
    let pixel = 2.0 * view.source_half_width / view.source_size.max(1) as f64;
    let of_band = |name: &str| band.map_or_else(|| name.to_owned(), |band| format!("{name}_{band}"));
    let Registration { offset, rotation } = grid.registration();
    let turned = (rotation != 0.0).then(|| card("ROTATION", rotation, "rad, counter-clockwise"));
    let seen = images.into_iter().map(|(name, image)| {
        let cards = cards(grid.pixel_scale(), offset).into_iter().chain(turned.clone());
        Extension { name: of_band(name), image, cards: cards.chain(places.iter().cloned()).collect() }
    });
    let source = Extension { name: of_band("SOURCE_PLANE"), image: plane, cards: cards(pixel, view.source_center) };
    Ok(seen.chain([source]).collect())
}

fn card(keyword: &'static str, value: f64, comment: &'static str) -> HeaderCard<'static> {
    HeaderCard { keyword, value: HeaderValue::Real(value), comment }
}

fn cards(scale: f64, [x, y]: [f64; 2]) -> Vec<HeaderCard<'static>> {
    vec![
        card("PIXSCALE", scale, "arcsec per pixel"),
        card("XCENTER", x, "arcsec, x of the centre of the image"),
        card("YCENTER", y, "arcsec, y of the centre of the image"),
    ]
}

/// The pixels of a window in an image of the full size.
fn full(pixels: &[f32], (width, height): (usize, usize), window: Window) -> Result<Image> {
    let mut all = vec![f32::NAN; width * height];
    for (row, pixels) in window.rows().zip(pixels.chunks_exact(window.width)) {
        all[row * width + window.x0..][..window.width].copy_from_slice(pixels);
    }
    Ok(Image::new(width, height, all)?)
}
