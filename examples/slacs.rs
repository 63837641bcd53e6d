//! The 30 SLACS lenses, one system file for all: the fitted Einstein radius beside the published one, with a Sersic profile for a source or
//! a decoded galaxy (`vae`), or both side by side.
//!
//! `cargo run --release --example slacs [map|nuts] [sersic|vae|both] [--cuda] [--threads=N] [NAME ..]`; the data are found by `ARCLET_DATA`
//! (default `../shared`).

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arclet::core::{Device, Processor};
use arclet::fit::{Fit, FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;
use rayon::prelude::*;

/// One file for each kind of source.
const SOURCES: [(&str, &str); 2] = [("sersic", include_str!("slacs.json")), ("vae", include_str!("slacs-vae.json"))];

/// A lens with the catalogue's Einstein radius, and its fits.
struct Row {
    name: String,
    published: f64,
    /// For each source: Einstein radius, chi2 a pixel of the whole mask and of the arcs, seconds.
    fits: Vec<[f64; 4]>,
}

fn main() -> anyhow::Result<()> {
    let (options, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let method = if words.iter().any(|w| w == "nuts") { Method::Nuts } else { Method::Map };
    let asked = words.iter().find(|w| ["sersic", "vae", "both"].contains(&w.as_str())).map_or("sersic", String::as_str);
    let kinds = ["map", "nuts", "sersic", "vae", "both"];
    let only: Vec<&String> = words.iter().filter(|w| !kinds.contains(&w.as_str())).collect();
    let sources: Vec<_> = SOURCES.into_iter().filter(|(name, _)| asked == "both" || asked == *name).collect();
    let threads = options.iter().find_map(|o| o.strip_prefix("--threads=")).map_or(Ok(1), str::parse)?;
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
        sources.iter().map(|(name, _)| format!("{name:>8}   ratio    chi2    arcs seconds")).collect();
    println!("{:<12} {:>9} {}", "lens", "published", titles.join(" "));
    let one = |processor: &mut anyhow::Result<Processor>, (name, published): &(String, f64)| -> anyhow::Result<Row> {
        let processor = processor.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        let settings = FitSettings { method, processor: processor.clone(), ..FitSettings::default() };
        let mut found: Vec<(Fit, f64)> = vec![];
        for (source, text) in &sources {
            let since = Instant::now();
            let system = System::from_json_with(text, Path::new(source), &folder.join(name), &arclet::profiles())?;
            let data = Arc::new(system.data.as_ref().ok_or_else(|| anyhow::anyhow!("no data"))?.read(&system.folder)?);
            let fit = fit(&system, data, &settings, &mut Executor::new())?;
            found.push((fit, since.elapsed().as_secs_f64()));
        }
        let arcs = arcs(&found);
        let numbers = |(fit, seconds): &(Fit, f64)| {
            let theta_e = fit.posterior.entry("lens.theta_E").map_or(f64::NAN, |e| median(e.values()));
            [theta_e, fit.view.chi2_per_pixel, mean_square(&fit.view.residual, &arcs), *seconds]
        };
        let row = Row { name: name.clone(), published: *published, fits: found.iter().map(numbers).collect() };
        println!("{row}");
        Ok(row)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let rows: Vec<Row> = pool.install(|| {
        let open = || Processor::open(device).map_err(anyhow::Error::from);
        lenses.par_iter().with_max_len(1).map_init(open, one).collect::<anyhow::Result<_>>()
    })?;
    for (k, (name, _)) in sources.iter().enumerate() {
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
    }
    Ok(())
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<12} {:>9.2}", self.name, self.published)?;
        for [theta_e, chi2, arcs, seconds] in &self.fits {
            write!(f, " {theta_e:>8.3} {:>7.3} {chi2:>7.3} {arcs:>7.3} {seconds:>7.1}", theta_e / self.published)?;
        }
        Ok(())
    }
}

/// The pixels in which the lensed source of any of the fits is brighter than the noise.
fn arcs(found: &[(Fit, f64)]) -> Vec<bool> {
    let pixels = found.first().map_or(0, |(fit, _)| fit.view.residual.len());
    let mut any = vec![false; pixels];
    for (fit, _) in found {
        let inverse_sigma = fit.data.inverse_sigma(&fit.view.model);
        let bright =
            fit.view.arcs.iter().zip(inverse_sigma).map(|(source, inverse_sigma)| source * inverse_sigma > 1.0);
        any.iter_mut().zip(bright).for_each(|(any, bright)| *any |= bright);
    }
    any
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
