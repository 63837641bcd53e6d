//! The 30 SLACS lenses, one system file for all: the fitted Einstein radius beside the published one.
//!
//! `cargo run --release --example slacs [map|nuts] [FILE.json] [NAME ..]`; the data are found by `ARCLET_DATA` (default `../shared`), the
//! system file is `examples/slacs.json` where none is given.

use std::path::Path;
use std::time::Instant;

use arclet::fit::{Fit, FitSettings, Method, fit};
use arclet::infer::Executor;
use arclet::lens::system::System;

/// All on a thread of the pool: from outside it every operation would wait for one to wake.
fn main() -> anyhow::Result<()> {
    rayon::scope(|_| lenses())
}

fn lenses() -> anyhow::Result<()> {
    let folder = test_data::folder().join("data/slacs");
    let catalog = std::fs::read_to_string(folder.join("catalog.csv"))?;
    let mut args = std::env::args().skip(1).peekable();
    let method = args
        .next_if(|a| a == "map" || a == "nuts")
        .map_or(Method::Map, |a| if a == "nuts" { Method::Nuts } else { Method::Map });
    let file = args.next_if(|a| a.ends_with(".json"));
    let text = file.map_or(Ok(include_str!("slacs.json").to_owned()), std::fs::read_to_string)?;
    let only: Vec<String> = args.collect();
    println!(
        "{:<12} {:>9} {:>9} {:>7} {:>10} {:>8} {:>8} {:>8}",
        "lens", "published", "theta_E", "ratio", "chi2/pixel", "arcs", "inside", "seconds"
    );
    let (mut good, mut all) = (0, 0);
    for line in catalog.lines().skip(1) {
        let mut fields = line.split(',');
        let (Some(name), Some(published)) = (fields.next(), fields.nth(2)) else { continue };
        if !only.is_empty() && !only.iter().any(|o| o == name) {
            continue;
        }
        let published: f64 = published.parse()?;
        let since = Instant::now();
        let system = System::from_json(&text, Path::new("slacs.json"), &folder.join(name))?;
        let data =
            std::sync::Arc::new(system.data.as_ref().ok_or_else(|| anyhow::anyhow!("no data"))?.read(&system.folder)?);
        // A median needs no more draws, and linear amplitudes are found for each.
        let draws = if method == Method::Map { 100 } else { FitSettings::default().draws };
        let found = fit(&system, data, &FitSettings { method, draws, ..FitSettings::default() }, &mut Executor::new())?;
        let theta_e = found.posterior.entry("lens.theta_E").map_or(f64::NAN, |e| median(e.values()));
        let ratio = theta_e / published;
        all += 1;
        good += usize::from((ratio - 1.0).abs() < 0.1);
        let (chi2, seconds) = (found.view.chi2_per_pixel, since.elapsed().as_secs_f64());
        // From half of the published radius to one and a half; and within.
        let [arcs, inside] = [[0.5, 1.5], [0.0, 0.5]].map(|r| mean_square(&found, r.map(|r| r * published)));
        println!(
            "{name:<12} {published:>9.2} {theta_e:>9.3} {ratio:>7.3} {chi2:>10.3} {arcs:>8.3} {inside:>8.3} {seconds:>8.1}"
        );
        let stages: Vec<String> = found.seconds.iter().map(|(stage, s)| format!("{stage} {s:.1}")).collect();
        eprintln!("{name}: {} gradients; {}", found.gradients, stages.join(", "));
    }
    println!("{good} of {all} within 10 %");
    Ok(())
}

/// The mean square of the residual, in units of the noise, from one distance to another from the centre of the image.
fn mean_square(found: &Fit, [inner, outer]: [f64; 2]) -> f64 {
    let (grid, window) = (&found.data.grid, found.data.grid.window());
    let places = window.rows().flat_map(|y| window.columns().map(move |x| (x, y)));
    let square = |((x, y), z): ((usize, usize), &f32)| {
        let (x, y) = grid.position(x, y);
        (!z.is_nan() && (inner..outer).contains(&x.hypot(y))).then(|| f64::from(*z).powi(2))
    };
    let squares: Vec<f64> = places.zip(&found.view.residual).filter_map(square).collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
