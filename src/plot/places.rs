//! places: where draws put something, over an image, beside the histogram of a number of it.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::density::histogram;
use super::error::{PlotError, Result};
use super::heatmap::Heatmap;
use super::panel::{Panel, stretch};
use super::text::{Anchor, INK, Text};

/// Draws of a place over an image, and those of a number of the same thing as a histogram.
#[derive(Clone, Debug)]
pub struct PlacesFigure {
    /// On top, in bold.
    pub title: String,
    /// The image below the places.
    pub panel: Panel,
    /// The unit on its colour bar.
    pub unit: String,
    /// A dot for each, arcsec.
    pub places: Vec<[f64; 2]>,
    /// Where it is in truth; a cross.
    pub true_place: Option<[f64; 2]>,
    /// What the number is called.
    pub label: String,
    /// Its draws.
    pub numbers: Vec<f64>,
    /// The ends of its axis.
    pub range: [f64; 2],
    /// What it is in truth; a line.
    pub true_number: Option<f64>,
    /// A line at a number, such as an upper limit, and what is written above.
    pub limit: Option<(f64, String)>,
}

const SIDE: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 68.0;
/// From the left edge of the image to that of the histogram: image, colour bar and its numbers, the labels of the histogram.
const PITCH: f64 = SIDE + 150.0;
const SIZE: f64 = 10.0;
const BINS: usize = 40;
const DOT: &str = "rgba(255,255,255,0.75)";
const TRUTH: &str = "#e0501e";
const LINE: &str = "#1f4e8c";
const FILL: &str = "#c3d8f0";

impl PlacesFigure {
    /// The page.
    ///
    /// # Errors
    /// An axis without width; an image that cannot be written.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        let [lo, hi] = self.range;
        if !(lo.is_finite() && hi.is_finite() && lo < hi) {
            return Err(PlotError::Extent { what: format!("the axis of `{}`", self.label), lo, hi });
        }
        let width = LEFT + PITCH + SIDE + 24.0;
        let mut canvas = Canvas::new(width, TOP + SIDE + 56.0);
        canvas.text(&Text::new(0.5 * width, 27.0, 16.0, &self.title).middle().bold().at_most(width - 20.0));
        self.draw_image(&mut canvas)?;
        self.draw_numbers(&mut canvas);
        Ok(canvas)
    }

    fn draw_image(&self, canvas: &mut Canvas) -> Result<()> {
        let panels = [self.panel.clone()];
        let (image, colours) = (&self.panel.image, self.panel.kind.colours());
        let map = Heatmap { image, stretch: stretch(&panels, 0), colours, unit: &self.unit };
        let frame = map.frame(Rect { x: LEFT, y: TOP, width: SIDE, height: SIDE });
        map.draw(canvas, &frame)?;
        canvas.clipped(frame.rect, |canvas| {
            for place in &self.places {
                let [x, y] = frame.page(*place);
                canvas.rect(Rect { x: x - 0.9, y: y - 0.9, width: 1.8, height: 1.8 }, DOT);
            }
            for [x, y] in self.true_place.iter().map(|place| frame.page(*place)) {
                let stroke = Stroke::new(TRUTH, 2.0).cased("rgba(0,0,0,0.55)");
                canvas.polyline(&[[x - 7.0, y - 7.0], [x + 7.0, y + 7.0]], stroke);
                canvas.polyline(&[[x - 7.0, y + 7.0], [x + 7.0, y - 7.0]], stroke);
            }
        });
        frame.draw(canvas, SIZE);
        let Rect { x, y, width, height } = frame.rect;
        canvas.text(&Text::new(x + 0.5 * width, y - 9.0, 12.0, self.panel.title()).middle().bold().at_most(width));
        canvas.text(&Text::new(x + 0.5 * width, y + height + 32.0, 11.0, "x [arcsec]").middle());
        canvas.text(&Text::new(x - 38.0, y + 0.5 * height, 11.0, "y [arcsec]").middle().turned(-90.0));
        map.draw_bar(canvas, Rect { x: x + width + 8.0, y, width: 12.0, height }, SIZE)
    }

    fn draw_numbers(&self, canvas: &mut Canvas) {
        let counts = histogram(&self.numbers, self.range, BINS);
        let [lo, hi] = self.range;
        let top = 1.15 * counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let rect = Rect { x: LEFT + PITCH, y: TOP, width: SIDE, height: SIDE };
        let frame = Frame { rect, x: self.range, y: [0.0, top] };
        let edge = |k: usize| lo + (hi - lo) * k as f64 / BINS as f64;
        let steps = counts.iter().enumerate().flat_map(|(k, n)| [[edge(k), *n as f64], [edge(k + 1), *n as f64]]);
        let outline: Vec<_> = [[lo, 0.0]].into_iter().chain(steps).chain([[hi, 0.0]]).map(|p| frame.page(p)).collect();
        canvas.area(std::slice::from_ref(&outline), FILL);
        canvas.polyline(&outline, Stroke::new(LINE, 1.0));
        let inside = |v: &f64| (lo..=hi).contains(v);
        for truth in self.true_number.iter().filter(|v| inside(v)) {
            canvas.polyline(&frame.line(&[[*truth, 0.0], [*truth, top]]), Stroke::new(TRUTH, 1.8));
        }
        for (limit, _) in self.limit.iter().filter(|(v, _)| inside(v)) {
            canvas.polyline(&frame.line(&[[*limit, 0.0], [*limit, top]]), Stroke::new(INK, 1.2).dashed("4 3"));
        }
        frame.draw_below(canvas, SIZE);
        let Rect { x, y, width, height } = rect;
        let limit = self.limit.as_ref().map_or_else(String::new, |(_, text)| format!(", {text}"));
        let title = format!("{} draws{limit}", self.numbers.len());
        canvas.text(&Text::new(x + 0.5 * width, y - 9.0, 12.0, &title).middle().bold());
        canvas.text(&Text::new(x + 0.5 * width, y + height + 32.0, 11.0, &self.label).middle());
        if self.true_number.is_some() || self.true_place.is_some() {
            // Below the axis, where no bar and no line can be.
            let (right, below) = (x + width, y + height + 32.0);
            canvas.text(&Text::new(right, below, SIZE, "truth").anchor(Anchor::End));
            canvas.polyline(&[[right - 50.0, below - 3.6], [right - 34.0, below - 3.6]], Stroke::new(TRUTH, 1.8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Extent, PanelKind, Raster};

    #[test]
    fn a_limit_is_named_and_an_axis_without_width_is_refused() -> Result<()> {
        let image = Raster::new(2, 2, [1.0, 2.0, 3.0, 4.0], Extent::square([0.0, 0.0], 1.0))?;
        let mut figure = PlacesFigure {
            title: "a halo".into(),
            panel: Panel::new(PanelKind::Convergence, image),
            unit: "convergence κ".into(),
            places: vec![[0.1, 0.2], [-3.0, 0.0]],
            true_place: Some([0.0, 0.5]),
            label: "lg M₂₀₀".into(),
            numbers: vec![8.0, 8.5, f64::NAN],
            range: [7.0, 10.0],
            true_number: Some(8.2),
            limit: Some((9.0, "below 9.0 (95 %)".into())),
        };
        assert!(figure.svg()?.contains("below 9.0") && figure.render()?.starts_with(b"\x89PNG"));
        figure.range = [7.0, 7.0];
        assert!(matches!(figure.render(), Err(PlotError::Extent { .. })));
        Ok(())
    }
}
