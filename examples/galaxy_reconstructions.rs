//! Real galaxies through the autoencoder (figure 2 of the paper), and one of them turned (figure 3).
//!
//! `cargo run --release --example galaxy_reconstructions [SOURCE_FOLDER] [OUT_FOLDER]` reads the folder that `arclet train-source`
//! wrote (default: `source`), writes `galaxy-reconstructions.png` and `galaxy-rotations.png` (default: into the current folder) and
//! prints how near the reconstructions come; the real galaxies are found by `ARCLET_DATA` (default `../shared`).

#[path = "galaxies/bright.rs"]
mod bright;
#[path = "galaxies/chi2.rs"]
mod chi2;
#[path = "galaxies/picture.rs"]
mod picture;
#[path = "galaxies/real.rs"]
mod real;

use std::path::PathBuf;

use arclet::core::rng::keyed;
use arclet::infer::diagnostics::{mean, median, quantile};
use arclet::lens::op::sky;
use arclet::plot::{ContactSheet, PanelKind, Tile};
use arclet::prelude::{Array, Family, Grid, Normal};
use arclet::source::data::Galaxy;
use arclet::source::network::SIDE;
use arclet::source::profile::{Interpolation, Placed, brightness};
use arclet::source::vae::Vae;

use bright::Bright;
use chi2::chi2;
use picture::panel;

/// Fixes the draws of z and the noise of the new pixels.
const SEED: u64 = 1;

/// The galaxy of figure 3, by its IDENT: one with arms.
const SHOWN: i64 = 38;

/// Degrees, counter-clockwise.
const ANGLES: [f64; 7] = [45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let source = PathBuf::from(arguments.next().unwrap_or_else(|| "source".into()));
    let out = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&out)?;
    let mut vae = Vae::read(&source)?;
    let galaxies = bright::galaxies()?;
    let images: Vec<&[f32]> = galaxies.iter().map(|bright| bright.galaxy.pixels.as_slice()).collect();
    let drawn = reconstructed(&mut vae, &images, Some(SEED))?;
    let means = reconstructed(&mut vae, &images, None)?;
    let chi2_of = |images: &[Vec<f32>]| -> Vec<f64> {
        galaxies.iter().zip(images).map(|(bright, image)| chi2(&bright.galaxy, image)).collect()
    };

    let large = galaxies.iter().filter(|bright| bright.stamp_side >= SIDE).count();
    let number = galaxies.len();
    println!(
        "{number} real galaxies whose brightest pixel is above 20 sigma, {large} with stamps of 64 pixels or more\n"
    );
    println!("| image | chi2 a pixel: median | 16 % | 84 % |\n|---|---|---|---|");
    let sky: Vec<f64> = galaxies.iter().map(|bright| chi2::sky(&bright.galaxy)).collect();
    let rows = [
        ("reconstruction, z drawn", chi2_of(&drawn)),
        ("reconstruction, z the mean", chi2_of(&means)),
        ("no light, the corners of the image alone", sky),
    ];
    for (name, values) in rows {
        let [low, high] = [0.16, 0.84].map(|q| quantile(&values, q));
        println!("| {name} | {:.3} | {low:.3} | {high:.3} |", median(&values));
    }
    println!("\n| turned by | galaxies x angles | z the mean | z drawn | interpolation alone |\n|---|---|---|---|---|");
    for (name, right) in [("multiples of 90 degrees", true), ("odd multiples of 45 degrees", false)] {
        let angles: Vec<f64> = ANGLES.into_iter().filter(|angle| (angle % 90.0 == 0.0) == right).collect();
        let [by_mean, by_draw] = [None, Some(SEED)].map(|seed| rotation_errors(&mut vae, &galaxies, &angles, seed));
        let mut alone = Vec::new();
        for (image, degrees) in means.iter().flat_map(|image| angles.iter().map(move |degrees| (image, degrees))) {
            alone.push(difference(&turned(&turned(image, *degrees)?, -degrees)?, image));
        }
        let count = alone.len();
        println!("| {name} | {count} | {:.4} | {:.4} | {:.4} |", mean(&by_mean?), mean(&by_draw?), mean(&alone));
    }
    let again = reconstructed(&mut vae, &images, Some(SEED + 1))?;
    let apart: Vec<f64> = again.iter().zip(&drawn).map(|(a, b)| difference(a, b)).collect();
    println!("\nTwo draws of z of the same image differ by {:.4}.", mean(&apart));

    std::fs::write(out.join("galaxy-reconstructions.png"), sheet(&galaxies, &drawn)?)?;
    std::fs::write(out.join("galaxy-rotations.png"), rotations(&mut vae, &galaxies)?)?;
    Ok(())
}

/// mu_d(z) with z ~ N(mu_e(x), sigma_e(x)) of a seed, or with z = mu_e(x) without one.
fn reconstructed(vae: &mut Vae, images: &[&[f32]], seed: Option<u64>) -> anyhow::Result<Vec<Vec<f32>>> {
    let codes = vae.codes(images)?;
    Ok(vae.decode(&seed.map_or(codes.mean.clone(), |seed| codes.sample(seed)))?)
}

/// An image turned counter-clockwise about its middle, by a cubic spline; zero where it has no pixels.
fn turned(pixels: &[f32], degrees: f64) -> anyhow::Result<Vec<f32>> {
    let image = Array::constant(&[SIDE, SIDE], pixels.to_vec())?;
    let placed = Placed::new(0.0, 0.0, SIDE as f64, 1.0, degrees.to_radians());
    let positions = sky(&Grid::new(SIDE, SIDE, 1.0, 1)?)?;
    Ok(brightness(&image, &positions, &placed, Interpolation::Cubic)?.lane(0).to_vec())
}

/// A galaxy turned, its new pixels filled with its noise: white, as the paper takes it to be.
fn turned_galaxy(galaxy: &Galaxy, degrees: f64) -> anyhow::Result<Vec<f32>> {
    let mut pixels = turned(&galaxy.pixels, degrees)?;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let mut rng = keyed(SEED, "noise", degrees as usize);
    for (i, pixel) in pixels.iter_mut().enumerate() {
        let [x, y] = from_middle(i);
        // Where the pixel was before; rounding of the turn is no reason for noise.
        let furthest = (cos * x + sin * y).abs().max((cos * y - sin * x).abs());
        if furthest > MIDDLE + 1e-3 {
            *pixel = Normal::sample(&mut rng, [0.0, f64::from(galaxy.sigma_noise)]) as f32;
        }
    }
    Ok(pixels)
}

/// The middle of an image, in pixels from the centre of the first.
const MIDDLE: f64 = 0.5 * (SIDE as f64 - 1.0);

/// The place of pixel i from the middle.
fn from_middle(i: usize) -> [f64; 2] {
    [i % SIDE, i / SIDE].map(|k| k as f64 - MIDDLE)
}

/// ||a - b|| / ||b|| within the circle that stays inside the image for every angle.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let [x, y] = from_middle(i);
        if x.hypot(y) <= MIDDLE {
            above += f64::from(a - b).powi(2);
            below += f64::from(*b).powi(2);
        }
    }
    f64::sqrt(above / below)
}

/// The derotated reconstruction of every galaxy turned by every angle, against the reconstruction of the galaxy as it is.
fn rotation_errors(vae: &mut Vae, galaxies: &[Bright], angles: &[f64], seed: Option<u64>) -> anyhow::Result<Vec<f64>> {
    let mut errors = Vec::new();
    for Bright { galaxy, .. } in galaxies {
        let mut images = vec![galaxy.pixels.clone()];
        for degrees in angles {
            images.push(turned_galaxy(galaxy, *degrees)?);
        }
        let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
        let reconstructions = reconstructed(vae, &images, seed)?;
        for (image, degrees) in reconstructions[1..].iter().zip(angles) {
            errors.push(difference(&turned(image, -degrees)?, &reconstructions[0]));
        }
    }
    Ok(errors)
}

/// Figure 2: real galaxies, and what the autoencoder makes of them below.
fn sheet(galaxies: &[Bright], reconstructions: &[Vec<f32>]) -> anyhow::Result<Vec<u8>> {
    let columns = 10;
    let mut tiles = Vec::new();
    let both: Vec<_> = galaxies.iter().zip(reconstructions).collect();
    for some in both.chunks(columns) {
        for (Bright { magnitude, galaxy, .. }, _) in some {
            let (scale, width) = (galaxy.pixel_scale, galaxy.side as f64 * galaxy.pixel_scale);
            tiles.push(Tile {
                title: galaxy.ident.to_string(),
                caption: format!("{magnitude:.1} mag, {width:.1}″ wide"),
                panels: vec![panel(PanelKind::Galaxy, "HST F814W", &galaxy.pixels, scale)?],
            });
        }
        // A row is filled up, so that a reconstruction stands below its galaxy.
        tiles.resize_with(tiles.len().next_multiple_of(columns), Tile::default);
        for (Bright { galaxy, .. }, image) in some {
            tiles.push(Tile {
                title: String::new(),
                caption: format!("χ²/pixel = {:.2}", chi2(galaxy, image)),
                panels: vec![panel(PanelKind::Galaxy, "reconstruction", image, galaxy.pixel_scale)?],
            });
        }
        tiles.resize_with(tiles.len().next_multiple_of(columns), Tile::default);
    }
    let title = "Real galaxies and their reconstructions".to_owned();
    let note = format!("{NOTE}; z drawn from N(μ_e(x), σ_e(x)), no galaxy seen in training");
    Ok(ContactSheet { title, note, tiles, columns }.render()?)
}

/// What the greys of both sheets mean.
const NOTE: &str = "one scale of greys, asinh from −0.1 (black) to 1 (white) of the maximum of the galaxy";

/// Figure 3: a galaxy turned, its reconstructions, and these turned back.
fn rotations(vae: &mut Vae, galaxies: &[Bright]) -> anyhow::Result<Vec<u8>> {
    let Bright { galaxy, .. } = galaxies.iter().find(|bright| bright.galaxy.ident == SHOWN).unwrap_or(&galaxies[0]);
    let angles: Vec<f64> = std::iter::once(0.0).chain(ANGLES).collect();
    let images = angles.iter().map(|degrees| turned_galaxy(galaxy, *degrees)).collect::<anyhow::Result<Vec<_>>>()?;
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
    let reconstructions = reconstructed(vae, &images, Some(SEED))?;
    let mut rows = [vec![], vec![], vec![]];
    for ((degrees, image), reconstruction) in angles.iter().zip(&images).zip(&reconstructions) {
        let back = turned(reconstruction, -degrees)?;
        let tile = |title: String, name, caption: String, pixels: &[f32]| {
            let panels = vec![panel(PanelKind::Galaxy, name, pixels, galaxy.pixel_scale)?];
            anyhow::Ok(Tile { title, caption, panels })
        };
        let of_first = format!("differs by {:.3}", difference(&back, &reconstructions[0]));
        rows[0].push(tile(format!("{degrees}°"), "HST F814W, turned", String::new(), image)?);
        rows[1].push(tile(String::new(), "reconstruction", String::new(), reconstruction)?);
        rows[2].push(tile(String::new(), "turned back", of_first, &back)?);
    }
    let width = galaxy.side as f64 * galaxy.pixel_scale;
    let title = format!("Galaxy {} turned counter-clockwise, {width:.1}″ wide", galaxy.ident);
    let note = format!("{NOTE}; new pixels have its noise");
    Ok(ContactSheet { title, note, tiles: rows.concat(), columns: angles.len() }.render()?)
}
