//! Non-local means on simulated galaxies whose truth is known: what is left of the noise, and of the galaxy.
//!
//! `cargo run --release --example galaxy_denoise [FOLDER]` prints the table of docs/galaxies.md and writes a picture into FOLDER.

#[path = "galaxies/picture.rs"]
mod picture;
#[path = "galaxies/truth.rs"]
mod truth;

use std::path::PathBuf;

use arclet::plot::{ContactSheet, PanelKind, Tile};
use arclet::source::data::NonLocalMeans;
use arclet::source::data::simulate::{Population, Simulator, Survey};

use picture::panel;
use truth::with_truth;

fn main() -> anyhow::Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&out)?;
    let simulator = Simulator::new(Survey::default(), Population::default(), 4)?;
    let (mut ratios, mut inside, mut tiles) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    while ratios.len() < 200 {
        let simulated = simulator.galaxy(number);
        number += 1;
        let Some((galaxy, truth)) = with_truth(&simulated) else { continue };
        let sigma = galaxy.sigma_noise;
        let denoised = NonLocalMeans::default().denoise(&galaxy.pixels, galaxy.side, galaxy.side, sigma)?;
        let rms = |a: &[f32], keep: &dyn Fn(f32) -> bool| {
            let squares: Vec<f64> =
                a.iter().zip(&truth).filter(|(_, t)| keep(**t)).map(|(a, t)| f64::from(a - t).powi(2)).collect();
            (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
        };
        ratios.push(rms(&denoised, &|_| true) / rms(&galaxy.pixels, &|_| true));
        inside.push(rms(&denoised, &|t| t > 0.1) / rms(&galaxy.pixels, &|t| t > 0.1));
        let residual: Vec<f32> = denoised.iter().zip(&truth).map(|(d, t)| (d - t) / sigma).collect();
        let scale = galaxy.pixel_scale;
        let panels = vec![
            panel(PanelKind::Galaxy, "noisy", &galaxy.pixels, scale)?,
            panel(PanelKind::Galaxy, "denoised", &denoised, scale)?,
            panel(PanelKind::Galaxy, "truth", &truth, scale)?,
            panel(PanelKind::Residual, "(denoised − truth) / σ", &residual, scale)?,
        ];
        let ratio = ratios[ratios.len() - 1];
        let caption = format!("noise 1/{:.0} of the maximum; residual {ratio:.2} of it", 1.0 / sigma);
        let tile = Tile { title: format!("simulated galaxy {}", galaxy.ident), caption, panels };
        tiles.push((structure(&truth, galaxy.side), tile));
    }
    for (what, values) in [("the whole image", &mut ratios), ("the galaxy, where the truth is above 0.1", &mut inside)]
    {
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[(q * (values.len() - 1) as f64).round() as usize];
        println!(
            "rms(denoised - truth) / rms(noise) over {what}, {} galaxies: median {:.3}, largest {:.3}, {} above 0.5",
            values.len(),
            at(0.5),
            at(1.0),
            values.iter().filter(|v| **v > 0.5).count()
        );
    }
    tiles.sort_by(|a, b| b.0.total_cmp(&a.0));
    let sheet = ContactSheet {
        title: "Non-local means on simulated galaxies".to_owned(),
        note: "the eight of 200 with the most structure; residuals from −5 to 5 standard deviations of the noise"
            .to_owned(),
        tiles: tiles.into_iter().take(8).map(|(_, tile)| tile).collect(),
        columns: 2,
    };
    std::fs::write(out.join("galaxy-denoise.png"), sheet.render()?)?;
    Ok(())
}

/// rms of what differs from the mean of the 7 x 7 pixels around: arms and clumps, and the steep centre, which is left out by its
/// logarithm.
fn structure(truth: &[f32], side: usize) -> f64 {
    let log = |x: usize, y: usize| f64::from(truth[y * side + x] + 0.1).max(1e-3).ln();
    let mut sum = 0.0;
    for y in 3..side - 3 {
        for x in 3..side - 3 {
            let mean = (0..49).map(|k| log(x + k % 7 - 3, y + k / 7 - 3)).sum::<f64>() / 49.0;
            sum += (log(x, y) - mean).powi(2);
        }
    }
    sum.sqrt()
}
