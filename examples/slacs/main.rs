//! The 30 SLACS lenses, one system file for all: the fitted Einstein radius beside the published one. Side by side, as asked for: Sersic
//! profiles (`sersic`), a decoded galaxy for a source (`vae`), many Gaussians for the lens light (`mge`).
//!
//! `cargo run --release --example slacs [map|nuts] [sersic] [vae] [mge] [--cuda] [--threads=N] [--readings] [--page=FOLDER] [NAME ..]`; the data
//! are found by `ARCLET_DATA` (default `../shared`). With `--page` all fits of a model are drawn on one sheet, FOLDER/slacs-MODEL.png.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arclet::core::{Device, Processor};
use arclet::fit::{Basin, Fit, FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;
use arclet::plot::Tile;
use rayon::prelude::*;

mod page;

/// A file for each kind of model.
const MODELS: [(&str, &str); 3] = [
    ("sersic", include_str!("../slacs.json")),
    ("vae", include_str!("../slacs-vae.json")),
    ("mge", include_str!("../slacs-mge.json")),
];

/// A lens with the catalogue's Einstein radius, and its fits.
struct Row {
    name: String,
    published: f64,
    /// For each model: Einstein radius; chi2 a pixel of the whole mask, of the arcs, from half the published radius to one and a half, and
    /// within half; seconds.
    fits: Vec<[f64; 6]>,
    /// For each model what it looks like, where that was asked for.
    tiles: Vec<Tile>,
}

fn main() -> anyhow::Result<()> {
    let (options, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let method = if words.iter().any(|w| w == "nuts") { Method::Nuts } else { Method::Map };
    let named = |word: &String| MODELS.iter().any(|(name, _)| name == word);
    let only: Vec<&String> = words.iter().filter(|w| !named(w) && *w != "map" && *w != "nuts").collect();
    let asked = |name: &str| words.iter().any(|w| w == name) || (name == MODELS[0].0 && !words.iter().any(named));
    let models: Vec<_> = MODELS.into_iter().filter(|(name, _)| asked(name)).collect();
    let threads = options.iter().find_map(|o| o.strip_prefix("--threads=")).map_or(Ok(1), str::parse)?;
    let folder_of_pages = options.iter().find_map(|o| o.strip_prefix("--page="));
    let readings = options.iter().any(|o| o == "--readings");
    let device = if options.iter().any(|o| o == "--cuda") { Device::Cuda(0) } else { Device::Cpu };
    println!("{}", Processor::open(device)?.describe());

    let folder = test_data::folder().join("data/slacs");
    let catalog = std::fs::read_to_string(folder.join("catalog.csv"))?;
    let lens = |line: &str| -> Option<(String, f64)> {
        let mut fields = line.split(',');
        let (name, published) = (fields.next()?, fields.nth(2)?.parse().ok()?);
        (only.is_empty() || only.iter().any(|o| *o == name)).then(|| (name.to_owned(), published))
    };
    let lenses: Vec<(String, f64)> = catalog.lines().skip(1).filter_map(lens).collect();
    let titles: Vec<String> =
        models.iter().map(|(name, _)| format!("{name:>8}   ratio    chi2    arcs    ring  inside seconds")).collect();
    println!("{:<12} {:>9} {}", "lens", "published", titles.join(" "));
    let one = |processor: &mut anyhow::Result<Processor>, (name, published): &(String, f64)| -> anyhow::Result<Row> {
        let processor = processor.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        // A median needs no more draws of a Gaussian, and linear amplitudes are found for each.
        let draws = if method == Method::Map { 100 } else { FitSettings::default().draws };
        let settings = FitSettings { method, draws, basins: 6, processor: processor.clone(), ..FitSettings::default() };
        let mut found: Vec<(Fit, f64)> = vec![];
        for (model, text) in &models {
            let since = Instant::now();
            let system = System::from_json_with(text, Path::new(model), &folder.join(name), &arclet::profiles())?;
            let data = Arc::new(system.data.as_ref().ok_or_else(|| anyhow::anyhow!("no data"))?.read(&system.folder)?);
            let fit = fit(&system, data, &settings, &mut Executor::new())?;
            found.push((fit, since.elapsed().as_secs_f64()));
        }
        let arcs = arcs(&found);
        let numbers = |(fit, seconds): &(Fit, f64)| {
            let theta_e = fit.posterior.entry("lens.theta_E").map_or(f64::NAN, |e| median(e.values()));
            let ring = |inner: f64, outer: f64| {
                mean_square(&fit.view.residual, &ring(fit, inner * published, outer * published))
            };
            let chi2 = [mean_square(&fit.view.residual, &arcs), ring(0.5, 1.5), ring(0.0, 0.5)];
            [theta_e, fit.view.chi2_per_pixel, chi2[0], chi2[1], chi2[2], *seconds]
        };
        let drawn = found.iter().filter(|_| folder_of_pages.is_some());
        let tiles = drawn.map(|(fit, _)| page::tile(name, *published, fit)).collect::<anyhow::Result<_>>()?;
        let row = Row { name: name.clone(), published: *published, fits: found.iter().map(numbers).collect(), tiles };
        println!("{row}");
        for (fit, _) in found.iter().filter(|_| readings) {
            fit.basins.iter().for_each(|basin| println!("    {}", reading(basin, *published)));
        }
        Ok(row)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let rows: Vec<Row> = pool.install(|| {
        let open = || Processor::open(device).map_err(anyhow::Error::from);
        lenses.par_iter().with_max_len(1).map_init(open, one).collect::<anyhow::Result<_>>()
    })?;
    for (k, (name, _)) in models.iter().enumerate() {
        let within = |limit: f64| rows.iter().filter(|r| (r.fits[k][0] / r.published - 1.0).abs() < limit).count();
        let of = |what: usize| median(&rows.iter().map(|r| r.fits[k][what]).collect::<Vec<f64>>());
        println!(
            "{name}: {} of {} within 10 %, {} within 5 %; median chi2 a pixel {:.3}, in the arcs {:.3}",
            within(0.1),
            rows.len(),
            within(0.05),
            of(1),
            of(2)
        );
        if let Some(folder) = folder_of_pages {
            let path = Path::new(folder).join(format!("slacs-{name}.png"));
            std::fs::write(&path, page::sheet(name, rows.iter().map(|row| row.tiles[k].clone()).collect())?)?;
        }
    }
    Ok(())
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<12} {:>9.2}", self.name, self.published)?;
        for [theta_e, chi2, arcs, ring, inside, seconds] in &self.fits {
            let ratio = theta_e / self.published;
            write!(f, " {theta_e:>8.3} {ratio:>7.3} {chi2:>7.3} {arcs:>7.3} {ring:>7.3} {inside:>7.3} {seconds:>7.1}")?;
        }
        Ok(())
    }
}

/// A reading of the image in a line.
fn reading(basin: &Basin, published: f64) -> String {
    let theta_e = basin.best.get("lens.theta_E").map_or(f64::NAN, |numbers| numbers[0]);
    let (density, evidence) = (basin.log_density, basin.log_evidence.unwrap_or(f64::NAN));
    let ratio = theta_e / published;
    format!(
        "theta_E {theta_e:.3} ({ratio:.3}), log density {density:.1}, log evidence {evidence:.1}, chi2 {:.3}",
        basin.view.chi2_per_pixel
    )
}

/// The pixels in which the lensed source of any of the fits is brighter than the noise.
fn arcs(found: &[(Fit, f64)]) -> Vec<bool> {
    let pixels = found.first().map_or(0, |(fit, _)| fit.view.residual.len());
    let mut any = vec![false; pixels];
    for (fit, _) in found {
        let Some(data) = &fit.data else { continue };
        let inverse_sigma = data.inverse_sigma(&fit.view.model);
        let bright =
            fit.view.arcs.iter().zip(inverse_sigma).map(|(source, inverse_sigma)| source * inverse_sigma > 1.0);
        any.iter_mut().zip(bright).for_each(|(any, bright)| *any |= bright);
    }
    any
}

/// The pixels from one distance to another from the centre of the image.
fn ring(fit: &Fit, inner: f64, outer: f64) -> Vec<bool> {
    let Some(data) = &fit.data else { return vec![] };
    let (grid, window) = (&data.grid, data.grid.window());
    let places = window.rows().flat_map(|y| window.columns().map(move |x| grid.position(x, y)));
    places.map(|(x, y)| (inner..outer).contains(&x.hypot(y))).collect()
}

fn mean_square(residual: &[f32], of: &[bool]) -> f64 {
    let used: Vec<f64> =
        residual.iter().zip(of).filter(|(z, of)| **of && !z.is_nan()).map(|(z, _)| f64::from(*z).powi(2)).collect();
    used.iter().sum::<f64>() / used.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
