//! Morphology: as statmorph measures it, independent of unit and orientation, and measurable for the galaxies there are.

use serde::Deserialize;
use vae_source::data::{Catalog, Morphology};
use vae_source::{Error, Result};

/// One image of scripts/golden/morphology.py, and what statmorph finds on it.
#[derive(Deserialize)]
struct Case {
    width: usize,
    height: usize,
    sigma: f64,
    noise: f64,
    seed: u32,
    /// The noise is correlated by the kernel (side, 1, side) along both axes.
    side: f64,
    /// Peak, x, y, standard deviation along the major axis, axis ratio, angle.
    gaussians: Vec<[f64; 6]>,
    statistics: Morphology,
}

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

fn table() -> Vec<Case> {
    let table: Table = serde_json::from_str(include_str!("data/morphology.json")).expect("the table is the script's");
    assert_eq!(table.cases.len(), 11);
    table.cases
}

/// The sum of twelve uniform deviates less 6, each a hash of (x, y, seed, k).
fn noise(x: u32, y: u32, seed: u32) -> f64 {
    let uniform = |k: u32| {
        let salt = seed.wrapping_mul(0xC2B2_AE3D) ^ k.wrapping_mul(0x27D4_EB2F);
        let mut h = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ salt;
        for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B)] {
            h = (h ^ (h >> shift)).wrapping_mul(factor);
        }
        (f64::from(h ^ (h >> 16)) + 0.5) / 2.0_f64.powi(32)
    };
    (0..12).map(uniform).sum::<f64>() - 6.0
}

impl Case {
    fn pixels(&self) -> Vec<f32> {
        let at = |i: usize| {
            let (x, y) = (i % self.width, i / self.width);
            let light = self.gaussians.iter().map(|[peak, x0, y0, a, q, angle]| {
                let (dx, dy) = (x as f64 - x0, y as f64 - y0);
                let u = dx * angle.cos() + dy * angle.sin();
                let v = (dy * angle.cos() - dx * angle.sin()) / q;
                peak * (-0.5 * (u * u + v * v) / (a * a)).exp()
            });
            let taps = [(0, self.side), (1, 1.0), (2, self.side)];
            let pairs = taps.iter().flat_map(|(j, v)| taps.iter().map(move |(i, w)| (i, j, v * w)));
            let noise = pairs.map(|(i, j, w)| w * noise(x as u32 + i, y as u32 + j, self.seed)).sum::<f64>();
            (light.sum::<f64>() + self.noise * noise / (1.0 + 2.0 * self.side * self.side)) as f32
        };
        (0..self.width * self.height).map(at).collect()
    }

    fn measure(&self) -> Result<Morphology> {
        Morphology::measure(&self.pixels(), self.width, self.height, self.sigma)
    }
}

/// The statistics as numbers with their names.
fn list(m: &Morphology) -> [(&'static str, f64); 10] {
    [
        ("concentration", m.concentration),
        ("asymmetry", m.asymmetry),
        ("smoothness", m.smoothness),
        ("gini", m.gini),
        ("m20", m.m20),
        ("effective_radius", m.effective_radius),
        ("axis_ratio", m.axis_ratio),
        ("petrosian_radius", m.petrosian_radius),
        ("center x", m.center.0),
        ("center y", m.center.1),
    ]
}

#[test]
fn statmorph_finds_the_same() -> Result<()> {
    for (k, case) in table().iter().enumerate() {
        let found = case.measure()?;
        for ((name, ours), (_, theirs)) in list(&found).into_iter().zip(list(&case.statistics)) {
            // Two searches for the least asymmetry end some 1e-3 pixel apart, and radii about their centres with them.
            let tolerance = match name {
                "center x" | "center y" => 1e-2,
                "axis_ratio" => 1e-6,
                "asymmetry" => 1e-4,
                _ => 5e-4,
            };
            assert!((ours - theirs).abs() < tolerance, "image {k}, {name}: {ours}, statmorph {theirs}");
        }
    }
    Ok(())
}

#[test]
fn nearly_every_real_galaxy_can_be_measured() -> Result<()> {
    let Some(data) = test_data::find("data/galaxies") else { return Ok(()) };
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for name in [
        "cosmos_hst_btk/real_galaxy_catalog_26_extension_example.fits",
        "cosmos_hst_paltas/real_galaxy_catalog_23.5.fits",
        "cosmos_hst_slsim/real_galaxy_catalog_23.5.fits",
    ] {
        let catalog = Catalog::open(data.join(name))?;
        for entry in catalog.entries() {
            let stamp = catalog.stamp(entry)?;
            let (width, height) = stamp.image.size();
            match Morphology::measure(&stamp.image.pixels, width, height, stamp.sigma_noise) {
                Ok(galaxy) => found.push(galaxy),
                Err(error) => failed.push(format!("{}: {error}", entry.ident)),
            }
        }
    }
    println!("{} of {} could not be measured: {failed:?}", failed.len(), failed.len() + found.len());
    for (k, (name, _)) in list(&found[0]).into_iter().take(8).enumerate() {
        let mut values: Vec<f64> = found.iter().map(|galaxy| list(galaxy)[k].1).collect();
        values.sort_unstable_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        println!("{name}: median {:.3}, standard deviation {:.3}", values[values.len() / 2], variance.sqrt());
    }
    assert_eq!(failed.len() + found.len(), 112);
    assert!(failed.len() <= 2, "{failed:?}");
    for galaxy in found {
        assert!(list(&galaxy).iter().all(|(_, value)| value.is_finite()), "{galaxy:?}");
        assert!(
            galaxy.concentration > 0.0 && galaxy.m20 <= 0.0 && galaxy.effective_radius < 1.5 * galaxy.petrosian_radius
        );
        assert!((0.0..=1.0).contains(&galaxy.gini) && (0.0..=1.0).contains(&galaxy.axis_ratio), "{galaxy:?}");
    }
    Ok(())
}

#[test]
fn neither_the_unit_nor_the_orientation_of_the_image_matters() -> Result<()> {
    for case in table() {
        let (w, h, pixels) = (case.width, case.height, case.pixels());
        let plain = case.measure()?;
        let scaled: Vec<f32> = pixels.iter().map(|v| v * 1024.0).collect();
        assert_eq!(Morphology::measure(&scaled, w, h, case.sigma * 1024.0)?, plain);

        // Columns from the right become rows from the bottom.
        let turned: Vec<f32> = (0..w * h).map(|i| pixels[(i % h) * w + w - 1 - i / h]).collect();
        let mut turned = Morphology::measure(&turned, h, w, case.sigma)?;
        turned.center = ((w - 1) as f64 - turned.center.1, turned.center.0);
        for ((name, turned), (_, plain)) in list(&turned).into_iter().zip(list(&plain)) {
            // As against statmorph: the search goes through its directions in another order.
            let tolerance = if name.starts_with("center") { 1e-2 } else { 5e-4 };
            assert!((turned - plain).abs() < tolerance, "{name}: {turned}, before the turn {plain}");
        }
    }
    Ok(())
}

#[test]
fn an_image_without_a_galaxy_is_refused() {
    let sky: Vec<f32> = (0..64 * 64).map(|i| noise(i % 64, i / 64, 9) as f32).collect();
    assert!(matches!(Morphology::measure(&sky, 64, 64, 1.0), Err(Error::NoGalaxy { .. })));
}

#[test]
fn what_is_no_image_is_refused() {
    let measure = |pixels: &[f32], sigma| Morphology::measure(pixels, 3, 3, sigma);
    assert!(matches!(measure(&[1.0; 8], 1.0), Err(Error::PixelCount { pixels: 8, width: 3, height: 3 })));
    let hole = [1.0, 1.0, 1.0, 1.0, 1.0, f32::INFINITY, 1.0, 1.0, 1.0];
    assert!(matches!(measure(&hole, 1.0), Err(Error::NotFinite { x: 2, y: 1, .. })));
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(measure(&[1.0; 9], sigma), Err(Error::OutOfRange { .. })), "{sigma}");
    }
    assert!(matches!(Morphology::measure(&[], 0, 0, 1.0), Err(Error::PixelCount { .. })));
    // Too small to say much, but an image.
    let small: Vec<f32> =
        (0..49_i32).map(|i| (-(((i % 7 - 3).pow(2) + (i / 7 - 3).pow(2)) as f32) / 3.0).exp()).collect();
    assert!(Morphology::measure(&small, 7, 7, 0.01).is_ok());
    assert!(Morphology::measure(&[1.0], 1, 1, 0.1).is_err());
}
