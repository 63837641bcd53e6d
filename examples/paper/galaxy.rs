//! The two real galaxies that are lensed: one smooth, one with much structure, without their noise.

use arclet::source::data::{Galaxy, NonLocalMeans};

use crate::bright::{self, Bright};
use crate::statistics;

/// An image `[64, 64]` whose brightest pixel is one.
pub struct Source {
    /// Which of the systems it stands in, 1 or 2.
    pub system: usize,
    /// What it was chosen for.
    pub what: &'static str,
    pub magnitude: f64,
    pub pixels: Vec<f32>,
}

/// The real galaxy of the least and the one of the most asymmetry, of those with whole stamps.
pub fn two() -> anyhow::Result<[Source; 2]> {
    let mut found: Vec<(f64, Bright)> = Vec::new();
    for bright in bright::galaxies()?.into_iter().filter(|bright| bright.stamp_side >= 64) {
        if let Some([_, asymmetry, ..]) = statistics::measure(&bright.galaxy) {
            found.push((asymmetry, bright));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some((_, clumpy)), false) = (found.pop(), found.is_empty()) else {
        anyhow::bail!("fewer than two galaxies could be measured");
    };
    let (_, simple) = found.swap_remove(0);
    Ok([source(1, "simple", &simple)?, source(2, "clumpy", &clumpy)?])
}

fn source(system: usize, what: &'static str, Bright { magnitude, galaxy, .. }: &Bright) -> anyhow::Result<Source> {
    let Galaxy { side, ref pixels, sigma_noise, .. } = *galaxy;
    let mut pixels = NonLocalMeans::default().denoise(pixels, side, side, sigma_noise)?;
    let highest = pixels.iter().copied().fold(0.0, f32::max);
    pixels.iter_mut().for_each(|p| *p = (*p / highest).max(0.0));
    Ok(Source { system, what, magnitude: *magnitude, pixels })
}
