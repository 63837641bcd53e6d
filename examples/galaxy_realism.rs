//! Simulated galaxies beside real ones: seven statistics of both, and whether a classifier tells them apart.
//!
//! `cargo run --release --example galaxy_realism [FOLDER]` writes the picture and a sheet of both into FOLDER (default: the current
//! one) and prints the table of docs/galaxies.md; the real galaxies are found by `ARCLET_DATA` (default `../shared`).

use std::path::PathBuf;

use arclet::infer::diagnostics::{median, sd};
use arclet::lens::fits::read_image;
use arclet::plot::{ComparisonFigure, ContactSheet, Panel, PanelKind, Quantity, Raster, Tile};
use arclet::prelude::*;
use arclet::source::data::simulate::{Population, Simulator, Survey};
use arclet::source::data::{Catalog, Cuts, Galaxy, Morphology, Stamp, prepare};

const CATALOGS: [&str; 3] = [
    "cosmos_hst_btk/real_galaxy_catalog_26_extension_example.fits",
    "cosmos_hst_paltas/real_galaxy_catalog_23.5.fits",
    "cosmos_hst_slsim/real_galaxy_catalog_23.5.fits",
];
const NAMES: [&str; 7] =
    ["concentration C", "asymmetry A", "smoothness S", "Gini", "M20", "effective radius / stamp", "axis ratio q"];

/// Simulated galaxies for each real one, of its magnitude and noise.
const COUNTERPARTS: u64 = 10;

/// Every galaxy, however small or faint: the same preparation without its cuts.
const CUTS: Cuts = Cuts { side: 64, min_side: 1, signal: [-1e9, 1e9] };

/// Magnitudes below which galaxies are bright enough for a set to learn from.
const BRIGHT: f64 = 23.5;

/// One sample: its prepared galaxies with their magnitudes, and the statistics of those that can be measured.
#[derive(Default, Clone)]
struct Sample {
    galaxies: Vec<(f64, Galaxy)>,
    statistics: Vec<(f64, [f64; 7])>,
}

impl Sample {
    fn add(&mut self, magnitude: f64, stamp: &Stamp) {
        let Ok(galaxy) = prepare(stamp, &CUTS) else { return };
        let side = galaxy.side;
        if let Ok(m) = Morphology::measure(&galaxy.pixels, side, side, f64::from(galaxy.sigma_noise)) {
            let radius = m.effective_radius / side as f64;
            let row = [m.concentration, m.asymmetry, m.smoothness, m.gini, m.m20, radius, m.axis_ratio];
            self.statistics.push((magnitude, row));
        }
        self.galaxies.push((magnitude, galaxy));
    }

    fn bright(&self) -> Self {
        let mut bright = self.clone();
        bright.galaxies.retain(|(magnitude, _)| *magnitude < BRIGHT);
        bright.statistics.retain(|(magnitude, _)| *magnitude < BRIGHT);
        bright
    }

    fn column(&self, k: usize) -> Vec<f64> {
        self.statistics.iter().map(|(_, row)| row[k]).collect()
    }
}

fn main() -> anyhow::Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let data = test_data::folder().join("data/galaxies");
    let psf = read_image(data.join("cosmos_hst_btk/real_galaxy_PSF_images_extension.fits"))?;
    let simulator = Simulator::new(Survey::default().with_psf(psf)?, Population::default(), 1)?;
    let (mut real, mut simulated) = (Sample::default(), Sample::default());
    let mut number = 0;
    for name in CATALOGS {
        let catalog = Catalog::open(data.join(name))?;
        for (entry, stamp) in catalog.entries().iter().zip(catalog.stamps()) {
            real.add(entry.magnitude, &stamp?);
            for _ in 0..COUNTERPARTS {
                let galaxy = simulator.galaxy_like(number, entry.magnitude, entry.noise_variance.sqrt());
                simulated.add(entry.magnitude, &galaxy.stamp);
                number += 1;
            }
        }
    }
    println!("All magnitudes");
    report(&real, &simulated)?;
    println!("\nBrighter than magnitude {BRIGHT}");
    report(&real.bright(), &simulated.bright())?;

    let quantity = |(k, name): (usize, &&str)| Quantity {
        label: (*name).to_owned(),
        samples: [real.column(k), simulated.column(k)],
    };
    let figure = ComparisonFigure {
        title: "Real and simulated galaxies, the same preparation".to_owned(),
        names: [
            format!("{} real, HST F814W", real.statistics.len()),
            format!("{} simulated", simulated.statistics.len()),
        ],
        quantities: NAMES.iter().enumerate().map(quantity).collect(),
    };
    std::fs::write(out.join("galaxy-statistics.png"), figure.render()?)?;
    std::fs::write(out.join("galaxy-sheet.png"), sheet(&real, &simulated)?)?;
    Ok(())
}

/// The table of medians, and how well classifiers tell the samples apart.
fn report(real: &Sample, simulated: &Sample) -> anyhow::Result<()> {
    for (name, sample) in [("real", real), ("simulated", simulated)] {
        println!("{name}: {} galaxies, {} of them measured", sample.galaxies.len(), sample.statistics.len());
    }
    println!(
        "\n| statistic | real: median | sd | simulated: median | sd | difference / real sd |\n|---|---|---|---|---|---|"
    );
    for (k, name) in NAMES.iter().enumerate() {
        let [(a, sd), (b, width)] = [real, simulated].map(|sample| (median(&sample.column(k)), sd(&sample.column(k))));
        println!("| {name} | {a:.3} | {sd:.3} | {b:.3} | {width:.3} | {:+.2} |", (b - a) / sd);
    }
    println!();
    for (what, squares) in [("the seven", false), ("the seven, their squares and products", true)] {
        let (auc, error) = cross_validated_auc(real, simulated, squares)?;
        println!("AUC of a logistic classifier on {what}, 10-fold cross-validated: {auc:.3} +- {error:.3}");
    }
    Ok(())
}

/// The area under the ROC curve with its standard error (Hanley & McNeil 1982), with the squares and products of the statistics as
/// further features if asked for. Each galaxy is scored by a regression, itself an arclet model, that has not seen its tenth.
fn cross_validated_auc(real: &Sample, simulated: &Sample, squares: bool) -> anyhow::Result<(f64, f64)> {
    let all = real.statistics.iter().map(|(_, row)| (row, 1.0));
    let all = all.chain(simulated.statistics.iter().map(|(_, row)| (row, 0.0)));
    let scales: Vec<(f64, f64)> = (0..7)
        .map(|k| {
            let both = [real.column(k), simulated.column(k)].concat();
            (median(&both), sd(&both))
        })
        .collect();
    let rows: Vec<(Vec<f64>, f64)> = all
        .map(|(row, y)| {
            // A few far values would otherwise rule the fit.
            let standard = row.iter().zip(&scales).map(|(v, (median, sd))| ((v - median) / sd).clamp(-4.0, 4.0));
            let mut features: Vec<f64> = std::iter::once(1.0).chain(standard).collect();
            if squares {
                for i in 1..=7 {
                    for j in 1..=i {
                        features.push(features[i] * features[j]);
                    }
                }
            }
            (features, y)
        })
        .collect();
    let dim = rows[0].0.len();
    let mut scores = vec![0.0; rows.len()];
    for fold in 0..10 {
        let seen: Vec<_> = rows.iter().enumerate().filter(|(k, _)| k % 10 != fold).map(|(_, row)| row).collect();
        let x: Vec<f64> = seen.iter().flat_map(|(x, _)| x).copied().collect();
        let (x, y) =
            (Var::matrix(seen.len(), dim, x)?, Var::vector(seen.iter().map(|(_, y)| *y).collect::<Vec<f64>>()));
        let model = |ctx: &mut Ctx| {
            let weights = ctx.plate("weights", dim, |ctx| ctx.sample("weight", Normal::new(0.0, 1.0)))?;
            ctx.observe("real", Bernoulli::new(x.matvec(&weights)?.sigmoid()), &y)
        };
        let density = ModelDensity::new(model)?;
        let best = maximise(&density, &vec![0.0; dim], &MapSettings::default())?;
        for (k, (row, _)) in rows.iter().enumerate().filter(|(k, _)| k % 10 == fold) {
            scores[k] = row.iter().zip(&best.position).map(|(v, w)| v * w).sum();
        }
    }
    let score = |wanted: f64| rows.iter().zip(&scores).filter(move |((_, y), _)| *y == wanted).map(|(_, s)| *s);
    let (mut above, mut pairs) = (0.0, 0.0);
    for a in score(1.0) {
        for b in score(0.0) {
            above += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    let auc: f64 = above / pairs;
    let (n, m) = (score(1.0).count() as f64, score(0.0).count() as f64);
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let variance = (auc * (1.0 - auc) + (n - 1.0) * (q1 - auc * auc) + (m - 1.0) * (q2 - auc * auc)) / (n * m);
    Ok((auc, variance.sqrt()))
}

/// Forty real and forty simulated galaxies, the brightest by magnitude: real in odd columns, simulated in even ones.
fn sheet(real: &Sample, simulated: &Sample) -> anyhow::Result<Vec<u8>> {
    let mut tiles = Vec::new();
    let mut order: Vec<usize> = (0..real.galaxies.len()).collect();
    order.sort_by(|a, b| real.galaxies[*a].0.total_cmp(&real.galaxies[*b].0));
    for k in order.into_iter().take(40) {
        let pair = [("real", &real.galaxies[k]), ("simulated", &simulated.galaxies[k * COUNTERPARTS as usize])];
        for (name, (magnitude, galaxy)) in pair {
            let pixels = galaxy.pixels.iter().map(|p| f64::from(*p));
            let image = Raster::centred(galaxy.side, galaxy.side, pixels, galaxy.pixel_scale)?;
            let caption = format!("{magnitude:.1} mag, {:.1}″ wide", galaxy.side as f64 * galaxy.pixel_scale);
            tiles.push(Tile { title: name.to_owned(), caption, panels: vec![Panel::new(PanelKind::Galaxy, image)] });
        }
    }
    let title = "Real galaxies and simulated ones of the same magnitude, noise and PSF".to_owned();
    Ok(ContactSheet { title, tiles, columns: 10, ..ContactSheet::default() }.render()?)
}
