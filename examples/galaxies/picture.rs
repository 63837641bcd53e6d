//! Panels of square images for contact sheets.

use arclet::plot::{Panel, PanelKind, Raster};

/// An image of pixels of `pixel_scale` arcsec under a title.
pub fn panel(kind: PanelKind, title: &str, pixels: &[f32], pixel_scale: f64) -> anyhow::Result<Panel> {
    let side = pixels.len().isqrt();
    let image = Raster::centred(side, side, pixels.iter().copied(), pixel_scale)?;
    Ok(Panel { title: Some(title.to_owned()), ..Panel::new(kind, image) })
}
