//! gallery: a contact sheet of the galaxies of a set.

use arclet::plot::{ContactSheet, Panel, PanelKind, Raster, Tile};
use arclet::source::data::{Dataset, Galaxy, Source, Split};

use super::failure::Result;

/// More cannot be told apart on a page.
const MOST: usize = 100;

/// `galaxies.png`: all galaxies of a small set, 100 evenly chosen ones of a large one.
pub fn sheet(dataset: &Dataset) -> Result<Vec<u8>> {
    let total = dataset.galaxies.len();
    let shown = total.min(MOST);
    let tiles = (0..shown).map(|k| tile(&dataset.galaxies[k * total / shown])).collect::<Result<_>>()?;
    let chosen = if shown < total { format!("{shown} of them, evenly chosen. ") } else { String::new() };
    let sheet = ContactSheet {
        title: title(dataset),
        note: format!(
            "{chosen}Grey: asinh(I / 0.1), I from −0.1 (black) to 1 (white) of the maximum of each. Below: width, maximum in σ of the noise"
        ),
        tiles,
        // As many rows as columns, and no narrow column of a few.
        columns: ((shown as f64).sqrt().ceil() as usize).max(6),
    };
    Ok(sheet.render()?)
}

fn title(dataset: &Dataset) -> String {
    let provenance = &dataset.provenance;
    let origin = match &provenance.source {
        Source::Catalogs(files) => match files.as_slice() {
            [first, second, rest @ ..] if !rest.is_empty() => format!("of {first}, {second} and {} more", rest.len()),
            files => format!("of {}", files.join(" and ")),
        },
        Source::Simulated { .. } => format!("simulated from seed {}", provenance.seed),
    };
    let denoised = if provenance.denoised { "denoised " } else { "" };
    let parts = Split::ALL.into_iter().zip(dataset.counts()).map(|(part, count)| format!("{count} {}", part.name()));
    let galaxies = if dataset.galaxies.len() == 1 { "galaxy" } else { "galaxies" };
    format!("{} {denoised}{galaxies} {origin}: {}", dataset.galaxies.len(), parts.collect::<Vec<_>>().join(", "))
}

fn tile(galaxy: &Galaxy) -> Result<Tile> {
    let Galaxy { side, pixel_scale, .. } = *galaxy;
    let image = Raster::centred(side, side, galaxy.pixels.iter().copied(), pixel_scale)?;
    Ok(Tile {
        title: galaxy.ident.to_string(),
        caption: format!("{:.2}″, {:.0} σ", side as f64 * pixel_scale, 1.0 / galaxy.sigma_noise),
        panels: vec![Panel::new(PanelKind::Galaxy, image)],
    })
}
