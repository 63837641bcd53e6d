//! contact: many lenses or galaxies on one sheet, a few small images each.

use super::canvas::{Canvas, Rect, Stroke};
use super::error::{PlotError, Result};
use super::heatmap::Heatmap;
use super::panel::{Panel, stretch};
use super::text::{INK, Text};

/// One lens or galaxy: its name, its images and a line below them.
#[derive(Clone, Debug, Default)]
pub struct Tile {
    /// Above its images.
    pub title: String,
    /// A number or two: `θ_E = 1.53″, χ²/pixel = 1.02`.
    pub caption: String,
    /// Images side by side; their colour scales follow from their kinds within the tile.
    pub panels: Vec<Panel>,
}

/// Many lenses or galaxies on one sheet, without axes.
#[derive(Clone, Debug, Default)]
pub struct ContactSheet {
    /// On top, in bold.
    pub title: String,
    /// A line below the title, such as what the colours mean; none if empty.
    pub note: String,
    /// At most 400, in rows from the top left.
    pub tiles: Vec<Tile>,
    /// Tiles per row; 0 chooses.
    pub columns: usize,
}

const SIDE: f64 = 104.0;
const GAP: f64 = 3.0;
const PAD: f64 = 12.0;
const HEADING: f64 = 46.0;
const NOTE: f64 = 14.0;
/// The width that words alone may ask for.
const WIDE: f64 = 740.0;

impl ContactSheet {
    /// The page.
    ///
    /// # Errors
    /// With no tile or more than 400.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        let got = self.tiles.len();
        PlotError::check_count("a contact sheet", "tiles", 400, got)?;
        let images = self.tiles.iter().map(|tile| tile.panels.len()).max().unwrap_or(0).max(1);
        let width = images as f64 * (SIDE + GAP) + PAD;
        let height = SIDE + 38.0;
        // The sheet is about as wide as it is high unless told otherwise.
        let chosen = (got as f64 * height / width).sqrt().ceil() as usize;
        let columns = if self.columns == 0 { chosen } else { self.columns }.clamp(1, got);
        let heading = HEADING + if self.note.is_empty() { 0.0 } else { NOTE };
        let title = Text::new(0.0, 25.0, 16.0, &self.title).middle().bold();
        let note = Text::new(0.0, 43.0, 11.0, &self.note).middle();
        let (grid, words) = (columns as f64 * width + PAD, 20.0 + title.width().max(note.width()));
        // A sheet of few tiles is wide enough for its words.
        let page = (grid.max(words.min(WIDE)), heading + got.div_ceil(columns) as f64 * height);
        let mut canvas = Canvas::new(page.0, page.1);
        for line in [title, note] {
            canvas.text(&line.at_most(page.0 - 20.0).moved(0.5 * page.0));
        }
        let left = PAD + 0.5 * (page.0 - grid);
        for (k, tile) in self.tiles.iter().enumerate() {
            let (x, y) = ((k % columns) as f64 * width + left, (k / columns) as f64 * height + heading);
            tile.draw(&mut canvas, [x, y])?;
        }
        Ok(canvas)
    }
}

impl Tile {
    fn draw(&self, canvas: &mut Canvas, [x, y]: [f64; 2]) -> Result<()> {
        let width = self.panels.len().max(1) as f64 * (SIDE + GAP);
        canvas.text(&Text::new(x, y + 9.0, 10.0, &self.title).bold().at_most(width));
        canvas.text(&Text::name(x, y + 26.0 + SIDE, 9.0, &self.caption).at_most(width));
        for (k, panel) in self.panels.iter().enumerate() {
            let space = Rect { x: x + k as f64 * (SIDE + GAP), y: y + 14.0, width: SIDE, height: SIDE };
            let map = Heatmap {
                image: &panel.image,
                stretch: stretch(&self.panels, k),
                colours: panel.kind.colours(),
                unit: "",
            };
            let frame = map.frame(space);
            map.draw(canvas, &frame)?;
            canvas.outline(frame.rect, Stroke::new(INK, 0.6));
            canvas.text(
                &Text::new(frame.rect.x + 4.0, frame.rect.y + 11.0, 8.0, panel.title())
                    .at_most(SIDE - 8.0)
                    .colour("#ffffff")
                    .halo(),
            );
        }
        Ok(())
    }
}
