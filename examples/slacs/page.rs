//! The page: data, arcs, their model and the residual of every lens.

use arclet::fit::Fit;
use arclet::plot::{ContactSheet, Extent, Panel, PanelKind, Raster, Tile};

/// One lens. Arcs are the data without the model of the lens light.
pub fn tile(name: &str, published: f64, fit: &Fit) -> anyhow::Result<Tile> {
    let (view, data) = (&fit.view, fit.data.as_ref().ok_or_else(|| anyhow::anyhow!("a fit of an image"))?);
    let (window, scale) = (data.grid.window(), data.grid.pixel_scale());
    let (x, y) = data.grid.position(window.x0, window.y0);
    let edge = |first: f64, n: usize| [first - 0.5 * scale, first + (n as f64 - 0.5) * scale];
    let extent = Extent { x: edge(x, window.width), y: edge(y, window.height) };
    // What the mask leaves out has no residual.
    let panel = |kind, values: &mut dyn Iterator<Item = f32>| -> anyhow::Result<Panel> {
        let used = values.zip(&view.residual).map(|(value, z)| if z.is_nan() { f32::NAN } else { value });
        Ok(Panel::new(kind, Raster::new(window.width, window.height, used, extent)?))
    };
    let image = &data.image.pixels;
    let panels = vec![
        panel(PanelKind::Data, &mut image.iter().copied())?,
        panel(PanelKind::Arcs, &mut image.iter().zip(&view.lens_light).map(|(data, light)| data - light))?,
        panel(PanelKind::ArcsModel, &mut view.arcs.iter().copied())?,
        panel(PanelKind::Residual, &mut view.residual.iter().copied())?,
    ];
    let theta_e = fit.best.get("lens.theta_E").map_or(f64::NAN, |values| values[0]);
    let caption = format!("θ_E = {theta_e:.2}″, published {published:.2}″; χ²/pixel = {:.2}", view.chi2_per_pixel);
    Ok(Tile { title: name.to_owned(), caption, panels })
}

/// All of them.
pub fn sheet(model: &str, tiles: Vec<Tile>) -> anyhow::Result<Vec<u8>> {
    let title = format!(
        "SLACS lenses by `examples/slacs{}.json`",
        if model == "sersic" { String::new() } else { format!("-{model}") }
    );
    let note =
        "data; data without the model of the lens light; model of the arcs; residual / σ from −5 to 5".to_owned();
    Ok(ContactSheet { title, note, tiles, columns: 3 }.render()?)
}
