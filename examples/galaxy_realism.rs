//! Simulated galaxies beside real ones: seven statistics of both, and whether a classifier tells them apart.
//!
//! `cargo run --release --example galaxy_realism [FOLDER]` writes the picture and a sheet of both into FOLDER (default: the current
//! one) and prints the table of docs/galaxies.md; the real galaxies are found by `ARCLET_DATA` (default `../shared`).

#[path = "galaxies/classifier.rs"]
mod classifier;
#[path = "galaxies/picture.rs"]
mod picture;
#[path = "galaxies/real.rs"]
mod real;
#[path = "galaxies/statistics.rs"]
mod statistics;

use std::path::PathBuf;

use arclet::infer::diagnostics::{median, sd};
use arclet::lens::fits::read_image;
use arclet::plot::{ComparisonFigure, ContactSheet, PanelKind, Quantity, Tile};
use arclet::source::data::simulate::{Population, Simulator, Survey};
use arclet::source::data::{Cuts, Galaxy, Stamp, prepare};

use classifier::cross_validated_auc;
use picture::panel;
use statistics::{NAMES, column, measure};

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
        self.statistics.extend(measure(&galaxy).map(|row| (magnitude, row)));
        self.galaxies.push((magnitude, galaxy));
    }

    fn bright(&self) -> Self {
        let mut bright = self.clone();
        bright.galaxies.retain(|(magnitude, _)| *magnitude < BRIGHT);
        bright.statistics.retain(|(magnitude, _)| *magnitude < BRIGHT);
        bright
    }

    fn rows(&self) -> Vec<[f64; 7]> {
        self.statistics.iter().map(|(_, row)| *row).collect()
    }
}

fn main() -> anyhow::Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&out)?;
    let psf = "data/galaxies/cosmos_hst_btk/real_galaxy_PSF_images_extension.fits";
    let psf = read_image(test_data::folder().join(psf))?;
    let simulator = Simulator::new(Survey::default().with_psf(psf)?, Population::default(), 1)?;
    let (mut real, mut simulated) = (Sample::default(), Sample::default());
    let mut number = 0;
    for galaxy in real::all()? {
        real.add(galaxy.magnitude, &galaxy.stamp);
        for _ in 0..COUNTERPARTS {
            let counterpart = simulator.galaxy_like(number, galaxy.magnitude, galaxy.stamp.sigma_noise);
            simulated.add(galaxy.magnitude, &counterpart.stamp);
            number += 1;
        }
    }
    println!("All magnitudes");
    report(&real, &simulated)?;
    println!("\nBrighter than magnitude {BRIGHT}");
    report(&real.bright(), &simulated.bright())?;

    let quantity = |(k, name): (usize, &&str)| Quantity {
        label: (*name).to_owned(),
        samples: [&real, &simulated].map(|sample| column(&sample.rows(), k)),
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
        let [(a, sd), (b, width)] = [real, simulated].map(|sample| {
            let values = column(&sample.rows(), k);
            (median(&values), sd(&values))
        });
        println!("| {name} | {a:.3} | {sd:.3} | {b:.3} | {width:.3} | {:+.2} |", (b - a) / sd);
    }
    println!();
    for (what, squares) in [("the seven", false), ("the seven, their squares and products", true)] {
        let (auc, error) = cross_validated_auc(&real.rows(), &simulated.rows(), squares)?;
        println!("AUC of a logistic classifier on {what}, 10-fold cross-validated: {auc:.3} +- {error:.3}");
    }
    Ok(())
}

/// Forty real and forty simulated galaxies, the brightest by magnitude: real in odd columns, simulated in even ones.
fn sheet(real: &Sample, simulated: &Sample) -> anyhow::Result<Vec<u8>> {
    let mut tiles = Vec::new();
    let mut order: Vec<usize> = (0..real.galaxies.len()).collect();
    order.sort_by(|a, b| real.galaxies[*a].0.total_cmp(&real.galaxies[*b].0));
    for k in order.into_iter().take(40) {
        let pair = [("real", &real.galaxies[k]), ("simulated", &simulated.galaxies[k * COUNTERPARTS as usize])];
        for (name, (magnitude, galaxy)) in pair {
            let image = panel(PanelKind::Galaxy, "", &galaxy.pixels, galaxy.pixel_scale)?;
            let caption = format!("{magnitude:.1} mag, {:.1}″ wide", galaxy.side as f64 * galaxy.pixel_scale);
            tiles.push(Tile { title: name.to_owned(), caption, panels: vec![image] });
        }
    }
    let title = "Real galaxies and simulated ones of the same magnitude, noise and PSF".to_owned();
    Ok(ContactSheet { title, tiles, columns: 10, ..ContactSheet::default() }.render()?)
}
