//! comparison: the same quantities of two samples, one small histogram each.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::density::histogram;
use super::error::{PlotError, Result};
use super::stretch::quantile;
use super::text::{INK, Text};

/// Two samples of several quantities, as fractions of each sample.
#[derive(Clone, Debug, Default)]
pub struct ComparisonFigure {
    /// On top, in bold.
    pub title: String,
    /// What the two samples are called; the first is drawn filled, the second as a line.
    pub names: [String; 2],
    /// What is compared, in rows from the top left.
    pub quantities: Vec<Quantity>,
}

/// One quantity: its name and its values in both samples. Values that are not finite are left out.
#[derive(Clone, Debug, Default)]
pub struct Quantity {
    /// What it is called.
    pub label: String,
    /// Its values in the first and the second sample.
    pub samples: [Vec<f64>; 2],
}

const COLUMNS: usize = 4;
const WIDTH: f64 = 190.0;
const HEIGHT: f64 = 130.0;
const GAP: [f64; 2] = [24.0, 58.0];
const MARGIN: f64 = 20.0;
const HEADING: f64 = 64.0;
const BINS: usize = 14;
const FILL: &str = "#b9c6d6";
const LINE: &str = "#d0431c";

impl ComparisonFigure {
    /// The page.
    ///
    /// # Errors
    /// With no quantity or more than 24, or with a sample without a finite value.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        let got = self.quantities.len();
        PlotError::check_count("a comparison", "quantities", 24, got)?;
        let columns = COLUMNS.min(got);
        let page = (
            2.0 * MARGIN + columns as f64 * (WIDTH + GAP[0]) - GAP[0],
            HEADING + got.div_ceil(columns) as f64 * (HEIGHT + GAP[1]),
        );
        let mut canvas = Canvas::new(page.0, page.1);
        canvas.text(&Text::new(0.5 * page.0, 24.0, 15.0, &self.title).middle().bold().at_most(page.0 - 20.0));
        self.draw_legend(&mut canvas, page.0);
        for (k, quantity) in self.quantities.iter().enumerate() {
            let x = MARGIN + (k % columns) as f64 * (WIDTH + GAP[0]);
            let y = HEADING + (k / columns) as f64 * (HEIGHT + GAP[1]);
            quantity.draw(&mut canvas, Rect { x, y, width: WIDTH, height: HEIGHT })?;
        }
        Ok(canvas)
    }

    fn draw_legend(&self, canvas: &mut Canvas, width: f64) {
        let texts = self.names.each_ref().map(|name| Text::new(0.0, 0.0, 12.0, name).width());
        let mut x = 0.5 * (width - texts[0] - texts[1] - 88.0);
        for (name, (length, filled)) in self.names.iter().zip(texts.into_iter().zip([true, false])) {
            let key = Rect { x, y: 37.0, width: 22.0, height: 10.0 };
            if filled {
                canvas.rect(key, FILL);
            } else {
                canvas.polyline(&[[key.x, 42.0], [key.right(), 42.0]], Stroke::new(LINE, 2.0));
            }
            canvas.text(&Text::new(key.right() + 6.0, 46.0, 12.0, name));
            x += length + 60.0;
        }
    }
}

impl Quantity {
    fn draw(&self, canvas: &mut Canvas, rect: Rect) -> Result<()> {
        let finite = |values: &Vec<f64>| {
            let mut values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            values.sort_unstable_by(f64::total_cmp);
            if values.is_empty() { Err(PlotError::NoFiniteSample { label: self.label.clone() }) } else { Ok(values) }
        };
        let [a, b] = [finite(&self.samples[0])?, finite(&self.samples[1])?];
        // A few far values would squeeze all others into one bin.
        let low = quantile(&a, 0.01).min(quantile(&b, 0.01));
        let high = quantile(&a, 0.99).max(quantile(&b, 0.99));
        let pad = if high > low { 0.04 * (high - low) } else { 0.5 * low.abs().max(1e-9) };
        let range = [low - pad, high + pad];
        let fractions = [&a, &b].map(|values| {
            let counts = histogram(values, range, BINS);
            counts.into_iter().map(|n| n as f64 / values.len() as f64).collect::<Vec<_>>()
        });
        let top = 1.12 * fractions.iter().flatten().fold(0.0, |m: f64, v| m.max(*v));
        let frame = Frame { rect, x: range, y: [0.0, top.max(1e-9)] };
        let [filled, line] = fractions.map(|fractions| frame.line(&steps(&fractions, range)));
        canvas.area(&[filled], FILL);
        canvas.polyline(&line, Stroke::new(LINE, 1.6));
        for (values, colour) in [(&a, "#5b6f86"), (&b, LINE)] {
            let [x, _] = frame.page([quantile(values, 0.5), 0.0]);
            canvas.polyline(&[[x, rect.y], [x, rect.bottom()]], Stroke::new(colour, 1.2).dashed("4 3"));
        }
        // Heights are fractions, the same to the eye in every panel: no numbers on that axis.
        frame.draw_below(canvas, 10.0);
        canvas
            .text(&Text::new(rect.x + 0.5 * rect.width, rect.bottom() + 34.0, 12.0, &self.label).middle().colour(INK));
        Ok(())
    }
}

/// The outline of a histogram.
fn steps(fractions: &[f64], [lo, hi]: [f64; 2]) -> Vec<[f64; 2]> {
    let edge = |k: usize| lo + (hi - lo) * k as f64 / fractions.len() as f64;
    let bars = fractions.iter().enumerate().flat_map(|(k, f)| [[edge(k), *f], [edge(k + 1), *f]]);
    std::iter::once([lo, 0.0]).chain(bars).chain([[hi, 0.0]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_a_png_and_refuses_what_it_cannot_draw() {
        let samples = [vec![1.0, 2.0, 2.5, f64::NAN], vec![2.0, 3.0]];
        let quantity = Quantity { label: "q".to_owned(), samples };
        let figure = ComparisonFigure { quantities: vec![quantity; 5], ..ComparisonFigure::default() };
        assert!(figure.render().is_ok_and(|png| png.starts_with(b"\x89PNG")));
        assert!(matches!(ComparisonFigure::default().render(), Err(PlotError::Count { got: 0, .. })));
        let empty = Quantity { label: "q".to_owned(), samples: [vec![f64::NAN], vec![1.0]] };
        let figure = ComparisonFigure { quantities: vec![empty], ..ComparisonFigure::default() };
        assert!(matches!(figure.render(), Err(PlotError::NoFiniteSample { .. })));
    }

    #[test]
    fn steps_outline_every_bar() {
        assert_eq!(
            steps(&[0.25, 0.75], [0.0, 2.0]),
            [[0.0, 0.0], [0.0, 0.25], [1.0, 0.25], [1.0, 0.75], [2.0, 0.75], [2.0, 0.0]]
        );
    }
}
