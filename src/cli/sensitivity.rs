//! sensitivity: where a halo of which mass would be seen, as maps and a picture.

use std::sync::Arc;

use arclet::fit::{SensitivityMap, SensitivitySettings, View, sensitivity};
use arclet::infer::Executor;
use arclet::lens::data::ImageData;
use arclet::lens::fits::{HeaderCard, HeaderValue, Image, NamedImage, write_images};
use arclet::plot::{Extent, FitFigure, Panel, PanelKind, Raster};
use serde_json::json;

use super::args::SensitivityArguments;
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::watch::Watch;
use super::{fit, output, report, stop};

/// What it writes.
pub const FILES: [&str; 3] = ["sensitivity.fits", "sensitivity.json", "sensitivity.png"];

/// Gains above this count as seen: Bayes factors of 22,000.
const SEEN: f64 = 10.0;
/// More masses do not go on one page.
const MOST_SHOWN: usize = 4;

/// Runs the command.
pub fn run(arguments: &SensitivityArguments) -> Result<()> {
    let path = &arguments.system;
    let (system, data) = fit::read(path)?;
    let data = match <[ImageData; 1]>::try_from(data) {
        Ok([data]) => data,
        Err(none) if none.is_empty() => {
            return Err(Failure::user(format!("{} has no image, of which a map would be", path.display())));
        }
        Err(_) => {
            let fix = "a map is of one image: keep one entry of `data`";
            return Err(Failure::user(format!("{} has several bands; {fix}", path.display())));
        }
    };
    let folder = Folder::begin(&arguments.out, arguments.force, &[path], &FILES)?;
    let settings = SensitivitySettings {
        masses: arguments.masses.clone(),
        cells: usize::from(arguments.cells),
        half_width: arguments.half_width,
        tau: arguments.tau,
        concentration: arguments.concentration.into(),
    };
    stop::at_once()?;
    let mut executor = Executor::new().observe(Watch::new(1, 0, 1));
    let data = Arc::new(data);
    let map = sensitivity(&system, data.clone(), &settings, &mut executor)?;
    let gradients = executor.spent();
    // The last line of progress comes before anything else is said.
    drop(executor);
    write_images(folder.path().join("sensitivity.fits"), &named(&map, &images(&map)?))?;
    let masses: Vec<_> = (0..map.masses.len()).map(|k| summary(&map, k)).collect();
    output::json(&folder, "sensitivity.json", &json!({ "masses": masses, "gradients": gradients }))?;
    let title = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let view = View::of(&system.at_start(), &data)?;
    folder.write("sensitivity.png", &page(&title, &map, &data, &view)?)?;
    folder.finish()?;
    let mut text = String::new();
    for k in 0..map.masses.len() {
        let (place, gain) = highest(&map.gain[k]);
        let ([x, y], most) = (map.place(place), highest(&map.expected[k]).1);
        text += &format!(
            "lg M200 {:.2}: expected gain up to {most:.1}, above {SEEN} over {:.2} arcsec^2; on the data at most {gain:.1}, at ({x:.2}, {y:.2})\n",
            map.masses[k],
            area(&map, k)
        );
    }
    report::told(&format!("{text}{gradients} gradients; written to {}\n", arguments.out.display()))
}

/// The highest of finite numbers, and where it is.
fn highest(map: &[f64]) -> (usize, f64) {
    let finite = map.iter().copied().enumerate().filter(|(_, v)| v.is_finite());
    finite.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f64::NAN))
}

/// Where the expected gain is above [`SEEN`], square arcsec.
fn area(map: &SensitivityMap, k: usize) -> f64 {
    let cell = 2.0 * map.half_width / map.cells as f64;
    cell * cell * map.expected[k].iter().filter(|gain| **gain > SEEN).count() as f64
}

fn summary(map: &SensitivityMap, k: usize) -> serde_json::Value {
    let (place, gain) = highest(&map.gain[k]);
    json!({
        "log10_m200": map.masses[k],
        "highest_gain": gain,
        "at": map.place(place),
        "highest_expected_gain": highest(&map.expected[k]).1,
        "area_with_expected_gain_above_10": area(map, k),
    })
}

/// The maps of expected gains, then those of gains on the data.
fn images(map: &SensitivityMap) -> Result<Vec<(String, f64, Image)>> {
    let mut all = vec![];
    for (what, maps) in [("EXPECTED", &map.expected), ("GAIN", &map.gain)] {
        for (k, (mass, pixels)) in map.masses.iter().zip(maps).enumerate() {
            let image = Image::new(map.cells, map.cells, pixels.iter().map(|v| *v as f32).collect())?;
            all.push((format!("{what}_{}", k + 1), *mass, image));
        }
    }
    Ok(all)
}

fn named<'a>(map: &SensitivityMap, images: &'a [(String, f64, Image)]) -> Vec<NamedImage<'a>> {
    let card = |keyword, value, comment| HeaderCard { keyword, value: HeaderValue::Real(value), comment };
    let [x, y] = map.center;
    let of = |(name, mass, image): &'a (String, f64, Image)| NamedImage {
        name,
        image,
        cards: vec![
            card("LGM200", *mass, "lg of M200 of the halo, solar masses"),
            card("PIXSCALE", 2.0 * map.half_width / map.cells as f64, "arcsec per pixel"),
            card("XCENTER", x, "arcsec, x of the centre of the image"),
            card("YCENTER", y, "arcsec, y of the centre of the image"),
        ],
    };
    images.iter().map(of).collect()
}

fn page(title: &str, map: &SensitivityMap, data: &ImageData, view: &View) -> Result<Vec<u8>> {
    let extent = Extent::square(map.center, map.half_width);
    let mut panels = vec![];
    for (what, maps) in [("Expected", &map.expected), ("On the data", &map.gain)] {
        for (mass, pixels) in map.masses.iter().zip(maps).take(MOST_SHOWN) {
            let image = Raster::new(map.cells, map.cells, pixels.iter().copied(), extent)?;
            let title = Some(format!("{what}, lg M₂₀₀ = {mass}"));
            panels.push(Panel { title, ..Panel::new(PanelKind::Gain, image) });
        }
    }
    if map.masses.len() == 1 {
        let (window, scale) = (data.grid.window(), data.grid.pixel_scale());
        let (x, y) = data.grid.position(window.x0, window.y0);
        let edge = |first: f64, n: usize| [first - 0.5 * scale, first + (n as f64 - 0.5) * scale];
        let own = Extent { x: edge(x, window.width), y: edge(y, window.height) };
        let image = Raster::new(window.width, window.height, data.image.pixels.iter().copied(), own)?;
        panels.insert(0, Panel::new(PanelKind::Data, image));
    }
    let critical_curves = view.critical_curves.clone();
    let figure = FitFigure {
        title: format!("{title}: where a halo would be seen"),
        panels,
        critical_curves,
        ..FitFigure::default()
    };
    Ok(figure.render()?)
}
