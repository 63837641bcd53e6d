//! bands: a fit of several bands or exposures on one page, a row of images each.

use super::canvas::Canvas;
use super::error::{PlotError, Result};
use super::fit::{FitFigure, Grid};
use super::text::Text;

/// The images of several bands, a row each, and below them what all have in common.
///
/// ```
/// use arclet::plot::{BandsFigure, FitFigure, Panel, PanelKind, Raster};
///
/// let data = Raster::centred(2, 2, [0.0, 1.0, 2.0, 3.0], 0.05)?;
/// let row = |name: &str| FitFigure { title: name.into(), panels: vec![Panel::new(PanelKind::Data, data.clone())], ..FitFigure::default() };
/// let figure = BandsFigure { title: "two bands".into(), rows: vec![row("f814w"), row("f160w")], common: FitFigure::default() };
/// assert!(figure.render()?.starts_with(b"\x89PNG"));
/// # Ok::<(), arclet::plot::PlotError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BandsFigure {
    /// On top, in bold.
    pub title: String,
    /// One to eight rows of panels; the title of each stands before that of its first panel.
    pub rows: Vec<FitFigure>,
    /// The last row: panels and table, without its title.
    pub common: FitFigure,
}

impl BandsFigure {
    /// The page.
    ///
    /// # Errors
    /// With no row or more than eight, no panel in a row or more than eight; as [`FitFigure`].
    pub(super) fn canvas(&self) -> Result<Canvas> {
        PlotError::check_count("a figure of bands", "rows", 8, self.rows.len())?;
        for row in &self.rows {
            PlotError::check_count("a row of a figure of bands", "panels", 8, row.panels.len())?;
        }
        let last = self.common.cells();
        let columns = self.rows.iter().map(|row| row.panels.len()).chain([last]).max().unwrap_or(1);
        let grid = Grid { columns, rows: self.rows.len() + usize::from(last > 0) };
        let mut canvas = Canvas::new(grid.width(), grid.height());
        canvas
            .text(&Text::new(0.5 * grid.width(), 27.0, 16.0, &self.title).middle().bold().at_most(grid.width() - 20.0));
        for (k, row) in self.rows.iter().enumerate() {
            let mut row = FitFigure { table: vec![], notes: vec![], ..row.clone() };
            if let Some(first) = row.panels.first_mut() {
                first.title = Some(format!("{}: {}", row.title, first.title()));
            }
            row.draw_cells(&mut canvas, |i| grid.space(k * columns + i))?;
        }
        self.common.draw_cells(&mut canvas, |i| grid.space(self.rows.len() * columns + i))?;
        Ok(canvas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Panel, PanelKind, Raster, TableRow};

    #[test]
    fn a_page_is_as_wide_as_its_longest_row_and_has_the_common_row_last() -> Result<()> {
        let panel =
            || Ok::<_, PlotError>(Panel::new(PanelKind::Data, Raster::centred(2, 2, [0.0, 1.0, 2.0, 3.0], 0.1)?));
        let row = |panels| FitFigure { title: "band".into(), panels, ..FitFigure::default() };
        let rows = vec![row(vec![panel()?, panel()?, panel()?]), row(vec![panel()?])];
        let common = FitFigure { table: vec![TableRow::text("n", "1")], ..FitFigure::default() };
        let figure = BandsFigure { title: "bands".into(), rows, common };
        let svg = figure.svg()?;
        let grid = Grid { columns: 3, rows: 3 };
        assert!(svg.contains(&format!("width=\"{:.3}\" height=\"{:.3}\"", grid.width(), grid.height())));
        assert!(matches!(BandsFigure::default().svg(), Err(PlotError::Count { got: 0, .. })));
        let empty = BandsFigure { rows: vec![row(vec![])], ..figure };
        assert!(matches!(empty.svg(), Err(PlotError::Count { got: 0, .. })));
        Ok(())
    }
}
