//! heatmap: an image in colours inside a frame, with its colour bar.

use super::axes::Frame;
use super::canvas::{Canvas, Pixels, Rect, Stroke};
use super::colormap::Colormap;
use super::error::Result;
use super::raster::Raster;
use super::stretch::Stretch;
use super::text::{INK, Text};

/// An image, its colours and what to write on its colour bar.
pub struct Heatmap<'a> {
    pub image: &'a Raster,
    pub stretch: Stretch,
    pub colours: Colormap,
    /// Quantity and unit, beside the colour bar.
    pub unit: &'a str,
}

impl Heatmap<'_> {
    /// The pixels from the top row down, as a page wants them.
    fn pixels(&self) -> Pixels {
        let [width, height] = self.image.shape();
        let rows = self.image.values().chunks(width).rev();
        let colour = |v: &f64| {
            let [r, g, b] = self.colours.colour(self.stretch.unit(*v));
            [r, g, b, 255]
        };
        Pixels { width, height, rgba: rows.flatten().flat_map(colour).collect() }
    }

    /// The largest frame inside `space` that keeps arcsec square, centred.
    #[must_use]
    pub fn frame(&self, space: Rect) -> Frame {
        let extent = self.image.extent();
        let (x, y) = (extent.x[1] - extent.x[0], extent.y[1] - extent.y[0]);
        let scale = (space.width / x).min(space.height / y);
        let (width, height) = (x * scale, y * scale);
        let rect = Rect {
            x: space.x + 0.5 * (space.width - width),
            y: space.y + 0.5 * (space.height - height),
            width,
            height,
        };
        Frame { rect, x: extent.x, y: extent.y }
    }

    /// Draws the image over the whole of `frame`.
    ///
    /// # Errors
    /// When the image cannot be written.
    pub fn draw(&self, canvas: &mut Canvas, frame: &Frame) -> Result<()> {
        canvas.image(frame.rect, &self.pixels())
    }

    /// Draws the colour bar in `bar`, its numbers and unit to its right.
    ///
    /// # Errors
    /// When the bar cannot be written.
    pub fn draw_bar(&self, canvas: &mut Canvas, bar: Rect, size: f64) -> Result<()> {
        const STEPS: usize = 256;
        let shade = |k: usize| {
            let [r, g, b] = self.colours.colour(1.0 - k as f64 / (STEPS - 1) as f64);
            [r, g, b, 255]
        };
        canvas.image(bar, &Pixels { width: 1, height: STEPS, rgba: (0..STEPS).flat_map(shade).collect() })?;
        canvas.outline(bar, Stroke::new(INK, 0.7));
        let mut widest = 0.0;
        for (t, label) in self.stretch.ticks(1.8 * size / bar.height) {
            let y = bar.bottom() - t * bar.height;
            canvas.polyline(&[[bar.right(), y], [bar.right() + 3.0, y]], Stroke::new(INK, 0.7));
            let text = Text::new(bar.right() + 5.0, y + 0.36 * size, size, &label);
            widest = f64::max(widest, text.width());
            canvas.text(&text);
        }
        let (x, y) = (bar.right() + 5.0 + widest + 1.5 * size, bar.y + 0.5 * bar.height);
        canvas.text(&Text::new(x, y, size, self.unit).at_most(bar.height).middle().turned(-90.0));
        Ok(())
    }
}
