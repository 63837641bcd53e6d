//! The sheet of reconstructions that a training leaves.

use arclet::plot::{ContactSheet, Panel, PanelKind, Raster, Tile};
use arclet::source::data::{Dataset, Galaxy, Split};
use arclet::source::network::SIDE;
use arclet::source::vae::Vae;

use super::failure::Result;

/// Galaxies of the sheet.
const SHOWN: usize = 40;

/// At most `most` of them, evenly chosen.
pub fn evenly<'g>(galaxies: &[&'g Galaxy], most: usize) -> impl Iterator<Item = &'g Galaxy> {
    let (all, shown) = (galaxies.to_vec(), galaxies.len().min(most));
    (0..shown).map(move |k| all[k * all.len() / shown])
}

/// Galaxies of the validation set beside what the autoencoder makes of them.
pub fn reconstructions(vae: &mut Vae, dataset: &Dataset, epochs: usize) -> Result<Vec<u8>> {
    let all: Vec<&Galaxy> = dataset.of(Split::Validation).collect();
    let shown: Vec<&Galaxy> = evenly(&all, SHOWN).collect();
    let codes = vae.encode(&shown.iter().map(|galaxy| galaxy.pixels.as_slice()).collect::<Vec<_>>())?;
    let images = vae.decode(&codes)?;
    let tile = |(galaxy, image): (&&Galaxy, &Vec<f32>)| {
        let panel = |pixels: &[f32]| -> Result<Panel> {
            let raster = Raster::centred(SIDE, SIDE, pixels.iter().copied(), galaxy.pixel_scale)?;
            Ok(Panel::new(PanelKind::Galaxy, raster))
        };
        let square = |(a, b): (&f32, &f32)| (f64::from(a - b) / f64::from(galaxy.sigma_noise)).powi(2);
        let chi2 = galaxy.pixels.iter().zip(image).map(square).sum::<f64>() / image.len() as f64;
        let panels = vec![panel(&galaxy.pixels)?, panel(image)?];
        Ok(Tile { title: galaxy.ident.to_string(), caption: format!("\u{3c7}\u{b2}/pixel = {chi2:.2}"), panels })
    };
    let tiles = shown.iter().zip(&images).map(tile).collect::<Result<_>>()?;
    let sheet = ContactSheet {
        title: format!("Validation galaxies and their reconstructions after epoch {epochs}"),
        note: "Grey: asinh(I / 0.1), I from \u{2212}0.1 (black) to 1 (white) of the maximum of each galaxy".to_owned(),
        tiles,
        columns: 5,
    };
    Ok(sheet.render()?)
}
