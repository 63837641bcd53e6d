//! The 30 SLACS lenses, one system file for all: the fitted Einstein radius beside the published one.
//!
//! `cargo run --release --example slacs [map|nuts] [NAME ..]`; the data are found by `ARCLET_DATA` (default `../shared`).

use std::path::Path;
use std::time::Instant;

use arclet::fit::{FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = test_data::folder().join("data/slacs");
    let catalog = std::fs::read_to_string(folder.join("catalog.csv"))?;
    let mut args = std::env::args().skip(1).peekable();
    let method = args
        .next_if(|a| a == "map" || a == "nuts")
        .map_or(Method::Map, |a| if a == "nuts" { Method::Nuts } else { Method::Map });
    let only: Vec<String> = args.collect();
    println!("{:<12} {:>9} {:>9} {:>7} {:>10} {:>8}", "lens", "published", "theta_E", "ratio", "chi2/pixel", "seconds");
    let (mut good, mut all) = (0, 0);
    for line in catalog.lines().skip(1) {
        let mut fields = line.split(',');
        let (Some(name), Some(published)) = (fields.next(), fields.nth(2)) else { continue };
        if !only.is_empty() && !only.iter().any(|o| o == name) {
            continue;
        }
        let published: f64 = published.parse()?;
        let since = Instant::now();
        let system = System::from_json(include_str!("slacs.json"), Path::new("slacs.json"), &folder.join(name))?;
        let data = std::sync::Arc::new(system.data.as_ref().ok_or("no data")?.read(&system.folder)?);
        let found = fit(&system, data, &FitSettings { method, ..FitSettings::default() }, &mut Executor::new())?;
        let theta_e = found.posterior.entry("lens.theta_E").map_or(f64::NAN, |e| median(e.values()));
        let ratio = theta_e / published;
        all += 1;
        good += usize::from((ratio - 1.0).abs() < 0.1);
        let (chi2, seconds) = (found.view.chi2_per_pixel, since.elapsed().as_secs_f64());
        println!("{name:<12} {published:>9.2} {theta_e:>9.3} {ratio:>7.3} {chi2:>10.3} {seconds:>8.1}");
    }
    println!("{good} of {all} within 10 %");
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
